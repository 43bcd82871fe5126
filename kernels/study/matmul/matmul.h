// The ladder every other one leans on: a matrix product in float32, from one thread per element to tensor
// cores.
//   out (m, n) = left (m, k) right (k, n), all row-major and without gaps
// To be read from 01_naive.cuh upwards; each file is a small change to the one before.
#pragma once

#include "kernels/study/ladder.h"

namespace nst::kernels::study {

struct MatmulShape {
  int m, n, k;  // each 1 or more
};

namespace matmul {

std::span<const Rung<MatmulShape>> rungs();

// The yardstick: cuBLAS, in float32 or (tf32) with operands rounded to 10 bits of mantissa.
void cublas(const CudaContext& context, const MatmulShape& shape, const float* left, const float* right,
            float* out);
void cublas_tf32(const CudaContext& context, const MatmulShape& shape, const float* left, const float* right,
                 float* out);

}  // namespace matmul
}  // namespace nst::kernels::study
