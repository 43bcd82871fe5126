#include "kernels/cuda/cublas.h"

namespace nst::kernels::cuda {

const CublasFunctions& cublas() {
  static const CublasFunctions functions = [] {
    const SharedLibrary library("libcublas.so." NST_TEXT(CUBLAS_VER_MAJOR));
    CublasFunctions found{};
#define NST_FIND(name) library.find(NST_TEXT(name), found.name);
    NST_CUBLAS_FUNCTIONS(NST_FIND)
#undef NST_FIND
    return found;
  }();
  return functions;
}

}  // namespace nst::kernels::cuda
