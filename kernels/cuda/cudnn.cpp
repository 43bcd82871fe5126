#include "kernels/cuda/cudnn.h"

namespace nst::kernels::cuda {

const CudnnFunctions& cudnn() {
  static const CudnnFunctions functions = [] {
    const SharedLibrary library("libcudnn.so." NST_TEXT(CUDNN_MAJOR));
    CudnnFunctions found{};
#define NST_FIND(name) library.find(NST_TEXT(name), found.name);
    NST_CUDNN_FUNCTIONS(NST_FIND)
#undef NST_FIND
    return found;
  }();
  return functions;
}

}  // namespace nst::kernels::cuda
