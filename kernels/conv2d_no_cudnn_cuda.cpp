// What conv2d_cudnn_cuda.cu says in a build without cuDNN.
#include <stdexcept>

#include "kernels/conv2d_cudnn_cuda.h"

namespace nst::kernels::conv2d_cudnn {
namespace {

[[noreturn]] void refuse() { throw std::invalid_argument("nst was built without cuDNN"); }

}  // namespace

std::string version() { refuse(); }
bool can_do(const Conv2dShape&) { return false; }
void pack(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const float*, float*) { refuse(); }
void forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const float*, const float*,
             const float*, bool, float*) {
  refuse();
}
void backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const float*, const float*,
                    float*) {
  refuse();
}
void backward_weight(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const float*, const float*,
                     float*) {
  refuse();
}

}  // namespace nst::kernels::conv2d_cudnn
