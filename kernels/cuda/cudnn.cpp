#include "kernels/cuda/cudnn.h"

namespace nst::kernels::cuda {

const CudnnFunctions& cudnn() {
  static const auto functions = load_functions<CudnnFunctions>("libcudnn.so." NST_TEXT(CUDNN_MAJOR));
  return functions;
}

}  // namespace nst::kernels::cuda
