// The Gram ladder's table.
#include "kernels/study/gram/01_naive.cuh"
#include "kernels/study/gram/02_shared_tile.cuh"
#include "kernels/study/gram/03_upper_half.cuh"
#include "kernels/study/gram/04_register_tile.cuh"
#include "kernels/study/gram/05_split_pixels.cuh"
#include "kernels/study/gram/06_tensor_cores.cuh"
#include "kernels/study/gram/07_three_products.cuh"

namespace nst::kernels::study::gram {
namespace {

// One sum over all pixels rounds more than the sums of parts do; products in TF32 are rounded themselves.
constexpr double kOneSum = 1e-5, kParts = 4e-6, kTf32 = 2e-3;

constexpr Rung<Shape> kRungs[] = {
    {"01_naive", "a thread per element of G", naive::run, naive::cost, kOneSum},
    {"02_shared_tile", "32x32 tiles in shared memory", shared_tile::run, shared_tile::cost, kOneSum},
    {"03_upper_half", "half of the tiles, written twice", upper_half::run, upper_half::cost, kOneSum},
    {"04_register_tile", "64x64 tiles, 4x4 a thread", register_tile::run, register_tile::cost, kOneSum},
    {"05_split_pixels", "pixels in parts, added in order", split_pixels::run, split_pixels::cost, kParts},
    {"06_tensor_cores", "mma.sync in TF32, cp.async", tensor_cores::run, tensor_cores::cost, kTf32,
     tensor_cores::can_run},
    {"07_three_products", "three TF32 products for one", three_products::run, three_products::cost, kParts,
     tensor_cores::can_run},
};

}  // namespace

std::span<const Rung<Shape>> rungs() { return kRungs; }

}  // namespace nst::kernels::study::gram
