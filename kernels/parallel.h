// Data parallelism on the CPU. The only place that knows about OpenMP.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace nst::kernels {

// Elements below which spreading an element-wise loop over threads costs more than it gains.
inline constexpr int64_t kElementGrain = 1 << 14;

// The grain of a loop over rows of `length` elements each.
constexpr int64_t row_grain(int64_t length) {
  return length < kElementGrain ? kElementGrain / std::max<int64_t>(length, 1) : 1;
}

// How many threads parallel_for() can use here.
inline int64_t parallel_threads() { return omp_in_parallel() ? 1 : omp_get_max_threads(); }

// From here on parallel_for() on this thread uses no other: for threads that work beside the computation.
inline void compute_alone() { omp_set_num_threads(1); }

// Calls body(begin, end) on disjoint ranges that cover [0, count), at most one range per thread and, when
// there are several, none shorter than `grain`. body must not throw.
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
  const int64_t threads = std::min<int64_t>(omp_get_max_threads(), count / std::max<int64_t>(grain, 1));
  if (threads <= 1 || omp_in_parallel()) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const int64_t t = omp_get_thread_num(), n = omp_get_num_threads();
    const int64_t begin = count * t / n, end = count * (t + 1) / n;
    if (begin < end) body(begin, end);
  }
}

// The results of partial(begin, end) on consecutive ranges of `grain` elements of [0, count), in order. The
// ranges do not depend on the number of threads, so a reduction over them does not either.
template <class Partial>
auto parallel_partials(int64_t count, int64_t grain, Partial&& partial) {
  const int64_t ranges = (count + grain - 1) / grain;
  std::vector<decltype(partial(count, count))> partials(static_cast<size_t>(ranges));
  parallel_for(ranges, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) partials[i] = partial(i * grain, std::min(count, (i + 1) * grain));
  });
  return partials;
}

// Sum over [0, count) of partial(begin, end), which returns the sum of its range of at most `grain`. Ranges
// are added in order, so that the result does not depend on the number of threads.
template <class Partial>
double parallel_sum(int64_t count, Partial&& partial, int64_t grain = kElementGrain) {
  double total = 0;
  for (const double sum : parallel_partials(count, grain, partial)) total += sum;
  return total;
}

// Sum of term(i) over [begin, end) in double: eight running sums, so that the loop vectorises.
template <class Term>
double sum_of_terms(int64_t begin, int64_t end, Term&& term) {
  constexpr int kLanes = 8;
  double sums[kLanes] = {};
  for (; begin + kLanes <= end; begin += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += static_cast<double>(term(begin + lane));
  }
  for (int lane = 0; begin < end; ++begin, ++lane) sums[lane] += static_cast<double>(term(begin));
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace nst::kernels
