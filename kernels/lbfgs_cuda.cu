// Idea        A launch for each update of d, 2 pairs + 1 in all. It begins where the last one ended: each
// block
//             adds up the partial sums of the dot product it needs, which the last launch left, then updates
//             its elements of d and leaves its partial sum of the next dot product.
// Bytes       Of an update: d read and written, one s and one y read; 16 bytes an element in float32.
// Bottleneck  DRAM bandwidth; of small pictures, whose d stays in L2, the launches.
// Constraints The sums' order depends on `count` alone.
#include <utility>

#include "kernels/cuda/reduce.cuh"
#include "kernels/lbfgs.h"

namespace nst::kernels {
namespace {

using cuda::kReduceBlocks, cuda::kReduceThreads;

constexpr int64_t kPerThread = 4;

// What an update multiplies x by.
enum class Factor {
  minus_one,   // d is made of x, g, and was nothing before
  of_a,        // -rho a; the product at hand is a, and is kept
  of_a_and_b,  // rho (a - b); the product at hand is b
};

template <class T>
struct Update {
  int64_t count;
  double rho;
  const double* product;  // its partial sums, one per block
  T* a;                   // a_i
  const T* x;
  T scale;
  T* d;
  const T* next;         // null: no product follows
  double* next_product;  // its partial sums; not where `product` is, which other blocks may still be reading
};

template <Factor kFactor, class T>
__device__ T factor_of_product(const Update<T>& u) {
  NST_SHARED(T, shared, [1]);
  double sum = 0;
  for (int i = threadIdx.x; i < gridDim.x; i += kReduceThreads) sum += u.product[i];
  sum = cuda::block_reduce<kReduceThreads>(sum, cuda::Plus{});
  if (threadIdx.x == 0) {
    const T product = static_cast<T>(sum);
    if (kFactor == Factor::of_a && blockIdx.x == 0) *u.a = product;
    shared[0] = kFactor == Factor::of_a
                    ? static_cast<T>(-u.rho * static_cast<double>(product))
                    : static_cast<T>(u.rho * (static_cast<double>(*u.a) - static_cast<double>(product)));
  }
  __syncthreads();
  return shared[0];
}

// d = scale (d + factor x), and the partial sums of next . d.
template <Factor kFactor, class T>
__global__ void __launch_bounds__(kReduceThreads) lbfgs_update_kernel(Update<T> u) {
  T by = -1;
  if constexpr (kFactor != Factor::minus_one) by = factor_of_product<kFactor>(u);
  double sum = 0;
  const int64_t stride = int64_t{gridDim.x} * kReduceThreads;
  for (int64_t i = int64_t{blockIdx.x} * kReduceThreads + threadIdx.x; i < u.count; i += stride) {
    const T before = kFactor == Factor::minus_one ? T(0) : u.d[i];
    const T after = u.scale * (before + by * u.x[i]);
    u.d[i] = after;
    if (u.next) sum += static_cast<double>(u.next[i]) * after;
  }
  if (!u.next) return;
  sum = cuda::block_reduce<kReduceThreads>(sum, cuda::Plus{});
  if (threadIdx.x == 0) u.next_product[blockIdx.x] = sum;
}

}  // namespace

template <class T>
void lbfgs_direction(const CudaContext& context, int64_t count, const LbfgsHistory<T>& history, const T* g,
                     T* d) {
  const auto& [pairs, s, y, rho, scale] = history;
  const T whole = static_cast<T>(scale);
  const int64_t wanted = (count + kReduceThreads * kPerThread - 1) / (kReduceThreads * kPerThread);
  const auto blocks = static_cast<unsigned>(wanted < kReduceBlocks ? wanted : kReduceBlocks);
  double* const sums = context.scratch<double>(2 * kReduceBlocks + pairs);
  T* const a = reinterpret_cast<T*>(sums + 2 * kReduceBlocks);

  Update<T> u{};
  u.count = count;
  u.d = d;
  double *product = sums, *next_product = sums + kReduceBlocks;
  const auto run = [&](void (*kernel)(Update<T>), const T* x, T scaled, const T* next) {
    u.x = x;
    u.scale = scaled;
    u.next = next;
    u.product = product;
    u.next_product = next_product;
    cuda::launch(kernel, blocks, kReduceThreads, 0, context.stream(), u);
    std::swap(product, next_product);
  };
  run(lbfgs_update_kernel<Factor::minus_one, T>, g, pairs > 0 ? T(1) : whole,
      pairs > 0 ? s[pairs - 1] : nullptr);
  for (int64_t i = pairs; i-- > 0;) {
    u.rho = rho[i];
    u.a = a + i;
    run(lbfgs_update_kernel<Factor::of_a, T>, y[i], i > 0 ? T(1) : whole, i > 0 ? s[i - 1] : y[0]);
  }
  for (int64_t i = 0; i < pairs; ++i) {
    u.rho = rho[i];
    u.a = a + i;
    run(lbfgs_update_kernel<Factor::of_a_and_b, T>, s[i], T(1), i + 1 < pairs ? y[i + 1] : nullptr);
  }
}

template void lbfgs_direction(const CudaContext&, int64_t, const LbfgsHistory<float>&, const float*, float*);
template void lbfgs_direction(const CudaContext&, int64_t, const LbfgsHistory<double>&, const double*,
                              double*);

}  // namespace nst::kernels
