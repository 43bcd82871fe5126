// Times of a stream's work by CUDA events: the device writes the time into one when it comes to it. Events
// are read where they have passed already, and used again; so a run of any length gets by with a few
// thousand, and the host waits for none but the last.
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "kernels/cuda/context.h"
#include "tensor/cuda_backend.h"

namespace nst {
namespace {

using Event = kernels::cuda::UniqueHandle<cudaEvent_t, cudaEventDestroy>;

constexpr size_t kPending = 4096;  // outstanding moments from which on mark() looks for some to read

class EventTimeline final : public CudaTimeline {
 public:
  explicit EventTimeline(Device device) : device_(device) {
    synchronize(device);
    mark();
  }

  size_t mark() override {
    const auto& context = cuda_context(device_);
    if (pending_.size() >= kPending) collect();
    Event event;
    if (free_.empty()) {
      CUDA_CHECK(cudaEventCreate(event.out()));
    } else {
      event = std::move(free_.back());
      free_.pop_back();
    }
    CUDA_CHECK(cudaEventRecord(event.get(), context.stream()));
    pending_.push_back(std::move(event));
    return times_.size() + pending_.size() - 2;
  }

  const std::vector<double>& read() override {
    (void)cuda_context(device_);
    CUDA_CHECK(cudaEventSynchronize(pending_.back().get()));
    collect();
    return times_;
  }

 private:
  // Reads all that have passed. CUDA tells times in milliseconds as a float; from one moment to the next that
  // is as exact as its clock, half a microsecond, however long the run.
  void collect() {
    while (pending_.size() > 1) {
      const cudaError_t status = cudaEventQuery(pending_[1].get());
      if (status == cudaErrorNotReady) {
        (void)cudaGetLastError();  // an answer, not a failure
        return;
      }
      CUDA_CHECK(status);
      float milliseconds = 0;
      CUDA_CHECK(cudaEventElapsedTime(&milliseconds, pending_[0].get(), pending_[1].get()));
      times_.push_back(times_.back() + 1e-3 * milliseconds);
      free_.push_back(std::move(pending_.front()));
      pending_.pop_front();
    }
  }

  Device device_;
  std::vector<double> times_{0};  // of the moments up to pending_[0]
  std::deque<Event> pending_;     // the last moment that was read, then those that were not
  std::vector<Event> free_;
};

}  // namespace

std::unique_ptr<CudaTimeline> cuda_timeline(Device device) { return std::make_unique<EventTimeline>(device); }

}  // namespace nst
