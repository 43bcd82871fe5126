#include "kernels/parallel.h"
#include "kernels/peak.h"

namespace nst::kernels {
namespace {

using Lanes = float __attribute__((vector_size(32)));
// Two units of four cycles' latency want eight sums under way; sixteen registers hold twelve and the factors.
constexpr int kSums = 12, kLanes = 8;

float multiply_add(int64_t rounds) {
  Lanes sums[kSums], factor = {}, term = {};
  factor += 0.999f;
  term += 1e-3f;
  for (int i = 0; i < kSums; ++i) sums[i] = term * static_cast<float>(i);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * factor + term;
    asm volatile("" : : : "memory");  // keeps the compiler from summing the series
  }
  float total = 0;
  for (const Lanes& s : sums) total += s[0];
  return total;
}

}  // namespace

PeakWork peak_work(const CpuContext&) {
  const int64_t threads = parallel_threads();
  return {threads, threads * kSums * kLanes};
}

template <class T>
void peak_multiply_add(const CpuContext&, int64_t rounds, T* sums) {
  parallel_for(parallel_threads(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) sums[t] = multiply_add(rounds);
  });
}

template void peak_multiply_add(const CpuContext&, int64_t, float*);

}  // namespace nst::kernels
