#include "kernels/cuda/cublas.h"

namespace nst::kernels::cuda {

const CublasFunctions& cublas() {
  static const auto functions = load_functions<CublasFunctions>("libcublas.so." NST_TEXT(CUBLAS_VER_MAJOR));
  return functions;
}

}  // namespace nst::kernels::cuda
