#include "nst/roofline.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/parallel.h"

namespace nst {
namespace {

// The shortest of several runs: whatever else the machine does only ever adds.
template <class F>
double best_seconds(int runs, F&& f) {
  double best = INFINITY;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

using Lanes = float __attribute__((vector_size(32)));
// Two units of four cycles' latency want eight sums under way; sixteen registers hold twelve and the factors.
constexpr int kSums = 12;
constexpr int64_t kRounds = 1 << 20;

// kRounds times kSums fused multiply-adds of eight lanes.
float multiply_add() {
  Lanes sums[kSums], factor = {}, term = {};
  factor += 0.999f;
  term += 1e-3f;
  for (int i = 0; i < kSums; ++i) sums[i] = term * static_cast<float>(i);
  for (int64_t round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * factor + term;
    asm volatile("" : : : "memory");  // keeps the compiler from summing the series
  }
  float total = 0;
  for (const Lanes& s : sums) total += s[0];
  return total;
}

}  // namespace

double Roofline::seconds(double work_flops, double bytes) const {
  return std::max(work_flops / flops, bytes / bandwidth);
}

Roofline measure_roofline() {
  Roofline roofline;
  const int64_t threads = kernels::parallel_threads();
  std::vector<float> results(static_cast<size_t>(threads));
  const double arithmetic = best_seconds(40, [&] {
    kernels::parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) results[t] = multiply_add();
    });
  });
  roofline.flops = static_cast<double>(threads * kRounds * kSums * 8 * 2) / arithmetic;

  constexpr int64_t kElements = int64_t{1} << 25;  // 128 MiB each
  std::vector<float> x(kElements, 1), y(kElements, 2);
  const double streaming = best_seconds(
      5, [&] { kernels::axpy<float>(kernels::CpuContext{}, kElements, 1e-3f, x.data(), y.data()); });
  roofline.bandwidth = 3.0 * sizeof(float) * kElements / streaming;
  return roofline;
}

}  // namespace nst
