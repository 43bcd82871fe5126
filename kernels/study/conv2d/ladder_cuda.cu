// The convolution ladder's table.
#include "kernels/study/conv2d/01_direct.cuh"
#include "kernels/study/conv2d/02_coalesced.cuh"
#include "kernels/study/conv2d/03_patch.cuh"
#include "kernels/study/conv2d/04_register_tile.cuh"
#include "kernels/study/conv2d/05_im2col.cuh"
#include "kernels/study/conv2d/06_implicit_gemm.cuh"
#include "kernels/study/conv2d/07_tensor_cores.cuh"
#include "kernels/study/conv2d/08_winograd.cuh"
#include "kernels/study/conv2d/09_winograd_fused.cuh"
#include "kernels/study/conv2d/10_winograd_in_l2.cuh"

namespace nst::kernels::study::conv2d {
namespace {

// What sums in float32 are off by, those of F(4x4), and products in TF32.
constexpr double kExact = 4e-6, kWinograd4 = 2e-5, kTf32 = 2e-3;

constexpr Rung<Shape> kRungs[] = {
    {"01_direct", "a thread per output", direct::run, direct::cost, kExact},
    {"02_coalesced", "a warp along the filters", coalesced::run, coalesced::cost, kExact},
    {"03_patch", "the input patch in shared memory", patch::run, patch::cost, kExact},
    {"04_register_tile", "8 pixels by 4 filters a thread", register_tile::run, register_tile::cost, kExact},
    {"05_im2col", "a product, its matrix in memory", im2col::run, im2col::cost, kExact},
    {"06_implicit_gemm", "the product gathers as it loads", implicit_gemm::run, implicit_gemm::cost, kExact},
    {"07_tensor_cores", "mma.sync in TF32, cp.async", tensor_cores::run, tensor_cores::cost, kTf32,
     tensor_cores::can_run},
    {"08_winograd", "F(2x2) in separate passes", winograd::run, winograd::cost, kExact},
    {"09_winograd_fused", "F(2x2) in one kernel", winograd_fused::run, winograd_fused::cost, kExact},
    {"10_winograd_in_l2", "F(4x4), as many tiles as L2 holds", winograd_in_l2::run, winograd_in_l2::cost,
     kWinograd4},
};

}  // namespace

std::span<const Rung<Shape>> rungs() { return kRungs; }

}  // namespace nst::kernels::study::conv2d
