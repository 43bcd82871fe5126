// CUDA graphs: what a stream is told between beginning and end of a capture is not done but written down,
// each launch with its arguments, and later done as a whole for the price of one launch.
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/context.h"
#include "tensor/cuda_allocator.h"
#include "tensor/cuda_backend.h"
#include "tensor/tensor.h"

namespace nst {
namespace {

using kernels::cuda::UniqueHandle;
using Graph = UniqueHandle<cudaGraph_t, cudaGraphDestroy>;

CudaAllocator& pool_of(Device device) { return static_cast<CudaAllocator&>(cuda_allocator(device)); }

class LaunchableGraph final : public CudaGraph {
 public:
  LaunchableGraph(const kernels::CudaContext& context, const Graph& graph,
                  std::vector<std::shared_ptr<const void>> used, std::shared_ptr<const void> range)
      : context_(context),
        used_(std::move(used)),
        range_(std::move(range)),
        scratch_(context.share_scratch()) {
    CUDA_CHECK(cudaGraphInstantiate(exec_.out(), graph.get(), 0));
  }
  void launch() override {
    CUDA_CHECK(cudaSetDevice(context_.device()));
    CUDA_CHECK(cudaGraphLaunch(exec_.get(), context_.stream()));
  }

 private:
  const kernels::CudaContext& context_;
  // The memory that its addresses lie in. Given back in the stream's order, after the last launch.
  std::vector<std::shared_ptr<const void>> used_;
  std::shared_ptr<const void> range_, scratch_;
  UniqueHandle<cudaGraphExec_t, cudaGraphExecDestroy> exec_;
};

// From its making until end(), or its destruction, the context's stream writes down what it is told.
class Capture {
 public:
  Capture(const kernels::CudaContext& context, CudaAllocator& pool, std::shared_ptr<CudaRange> range)
      : context_(context), pool_(pool) {
    // Of this thread's calls, those that CUDA could not repeat fail; other threads are none of our business.
    CUDA_CHECK(cudaStreamBeginCapture(context.stream(), cudaStreamCaptureModeThreadLocal));
    pool.begin_range(std::move(range));
  }
  ~Capture() {
    if (open_) {
      Graph unfinished;
      (void)cudaStreamEndCapture(context_.stream(), unfinished.out());
      (void)cudaGetLastError();
    }
    pool_.end_range();
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  Graph end() {
    open_ = false;
    Graph graph;
    CUDA_CHECK(cudaStreamEndCapture(context_.stream(), graph.out()));
    return graph;
  }

 private:
  const kernels::CudaContext& context_;
  CudaAllocator& pool_;
  bool open_ = true;
};

}  // namespace

size_t cuda_plan(Device device, const std::function<void()>& work) {
  CudaAllocator& pool = pool_of(device);
  pool.begin_plan();
  try {
    work();
  } catch (...) {
    pool.end_plan();
    throw;
  }
  return pool.end_plan();
}

std::unique_ptr<CudaGraph> cuda_capture(Device device, size_t bytes, const std::function<void()>& work) {
  const auto& context = cuda_context(device);
  CudaAllocator& pool = pool_of(device);
  const auto range = std::make_shared<CudaRange>(pool, bytes);
  UsedTensors used;
  Graph graph;
  {
    Capture capture(context, pool, range);
    work();
    graph = capture.end();
  }
  return std::make_unique<LaunchableGraph>(context, graph, used.take(), range);
}

}  // namespace nst
