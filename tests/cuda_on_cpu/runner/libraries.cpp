// cuBLAS and cuDNN as kernels/ calls them. What kernels/cuda/cublas.cpp and cudnn.cpp look up in NVIDIA's
// libraries is part of the program here.
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/cudnn.h"

namespace nst::kernels::cuda {

#define NST_ADDRESS(name) &::name,
const CublasFunctions& cublas() {
  static constexpr CublasFunctions functions{NST_CUBLAS_FUNCTIONS(NST_ADDRESS)};
  return functions;
}

const CudnnFunctions& cudnn() {
  static constexpr CudnnFunctions functions{NST_CUDNN_FUNCTIONS(NST_ADDRESS)};
  return functions;
}
#undef NST_ADDRESS

}  // namespace nst::kernels::cuda
