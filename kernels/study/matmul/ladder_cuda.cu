// The matmul ladder's table, and its yardstick.
#include "kernels/cuda/cublas.h"
#include "kernels/study/matmul/01_naive.cuh"
#include "kernels/study/matmul/02_coalesced.cuh"
#include "kernels/study/matmul/03_shared_tile.cuh"
#include "kernels/study/matmul/04_column_per_thread.cuh"
#include "kernels/study/matmul/05_square_per_thread.cuh"
#include "kernels/study/matmul/06_vector_loads.cuh"
#include "kernels/study/matmul/07_warp_tile.cuh"
#include "kernels/study/matmul/08_async_copies.cuh"
#include "kernels/study/matmul/09_tensor_cores.cuh"

namespace nst::kernels::study::matmul {
namespace {

// Sums of up to some thousand products, added one after another in float32; and TF32's rounding of the
// operands.
constexpr double kFp32 = 1e-5, kTf32 = 2e-3;

constexpr Rung<MatmulShape> kRungs[] = {
    {"01_naive", "a thread per element", naive::run, naive::cost, kFp32},
    {"02_coalesced", "a warp along a row", coalesced::run, coalesced::cost, kFp32},
    {"03_shared_tile", "tiles in shared memory", shared_tile::run, shared_tile::cost, kFp32},
    {"04_column_per_thread", "8 elements a thread", column_per_thread::run, column_per_thread::cost, kFp32},
    {"05_square_per_thread", "8x8 elements a thread", square_per_thread::run, square_per_thread::cost, kFp32},
    {"06_vector_loads", "four at a time, no conflicts", vector_loads::run, vector_loads::cost, kFp32,
     vector_loads::can_run},
    {"07_warp_tile", "square warps", warp_tile::run, warp_tile::cost, kFp32, warp_tile::can_run},
    {"08_async_copies", "cp.async into a second buffer", async_copies::run, async_copies::cost, kFp32,
     async_copies::can_run},
    {"09_tensor_cores", "mma.sync in TF32, three buffers", tensor_cores::run, tensor_cores::cost, kTf32,
     tensor_cores::can_run},
};

// cuBLAS counts columns first, so that our row-major matrices are its transposed ones: out^T = right^T
// left^T.
void gemm(const CudaContext& context, cublasMath_t math, const MatmulShape& s, const float* left,
          const float* right, float* out) {
  const float one = 1, zero = 0;
  CUDA_CHECK(cuda::cublas().cublasSetMathMode(context.cublas(), math));
  CUDA_CHECK(cuda::cublas().cublasSgemm(context.cublas(), CUBLAS_OP_N, CUBLAS_OP_N, s.n, s.m, s.k, &one,
                                        right, s.n, left, s.k, &zero, out, s.n));
}

}  // namespace

std::span<const Rung<MatmulShape>> rungs() { return kRungs; }

void cublas(const CudaContext& context, const MatmulShape& shape, const float* left, const float* right,
            float* out) {
  gemm(context, CUBLAS_PEDANTIC_MATH, shape, left, right, out);
}

void cublas_tf32(const CudaContext& context, const MatmulShape& shape, const float* left, const float* right,
                 float* out) {
  gemm(context, CUBLAS_TF32_TENSOR_OP_MATH, shape, left, right, out);
  CUDA_CHECK(cuda::cublas().cublasSetMathMode(context.cublas(), CUBLAS_PEDANTIC_MATH));
}

}  // namespace nst::kernels::study::matmul
