#include "tensor/captured_work.h"

#include <stdexcept>

#include "tensor/profile.h"

namespace nst {

CapturedWork::CapturedWork(Device device, bool capture)
    : device_(device), capture_(capture && device.type == DeviceType::cuda) {}

std::vector<Tensor> CapturedWork::run(const Work& work) {
  if (!capture_ || OpScope::recording()) return work();
  if (runs_ == 0) {
    ++runs_;
    return work();
  }
  if (runs_ == 1) {
    ++runs_;
    std::vector<Tensor> results;
    bytes_ = cuda_plan(device_, [&] { results = work(); });
    return results;
  }
  if (!graph_) {
    try {
      graph_ = cuda_capture(device_, bytes_, [&] { results_ = work(); });
    } catch (const std::runtime_error& error) {
      results_.clear();
      problem_ = error.what();
      capture_ = false;
      return work();
    }
  }
  graph_->launch();
  return results_;
}

}  // namespace nst
