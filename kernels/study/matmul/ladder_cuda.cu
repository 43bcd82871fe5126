// The matmul ladder's table, and its yardstick.
#include "kernels/study/matmul/01_naive.cuh"
#include "kernels/study/matmul/02_coalesced.cuh"

namespace nst::kernels::study::matmul {
namespace {

// Sums of k products, added one after another in float32, and TF32's rounding of the operands.
constexpr double kFp32 = 1e-5, kTf32 = 2e-3;

constexpr Rung<MatmulShape> kRungs[] = {
    {"01_naive", "a thread per element, a warp down a column", naive::run, naive::cost, kFp32},
    {"02_coalesced", "a warp along a row", coalesced::run, coalesced::cost, kFp32},
};

}  // namespace

std::span<const Rung<MatmulShape>> rungs() { return kRungs; }

}  // namespace nst::kernels::study::matmul
