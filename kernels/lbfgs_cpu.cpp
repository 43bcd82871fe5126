// An update of d and the dot product that needs it are one pass over memory: the range of d that has just
// been written is multiplied while it is in the cache.
#include "kernels/lbfgs.h"

#include <vector>

#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// d = scale (d + by x); returns next . d, or 0 when there is no next.
template <class T>
T update(int64_t count, T by, const T* x, T scale, T* d, const T* next) {
  return static_cast<T>(parallel_sum(count, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) d[i] = scale * (d[i] + by * x[i]);
    return next ? sum_of_terms(begin, end, [=](int64_t i) { return static_cast<double>(next[i]) * d[i]; })
                : 0;
  }));
}

// d = -scale g; returns next . d likewise.
template <class T>
T start(int64_t count, T scale, const T* g, T* d, const T* next) {
  return static_cast<T>(parallel_sum(count, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) d[i] = -scale * g[i];
    return next ? sum_of_terms(begin, end, [=](int64_t i) { return static_cast<double>(next[i]) * d[i]; })
                : 0;
  }));
}

}  // namespace

template <class T>
void lbfgs_direction(const CpuContext&, int64_t count, const LbfgsHistory<T>& history, const T* g, T* d) {
  const auto& [pairs, s, y, rho, scale] = history;
  const T whole = static_cast<T>(scale);
  std::vector<T> a(static_cast<size_t>(pairs));
  T product = start(count, pairs > 0 ? T(1) : whole, g, d, pairs > 0 ? s[pairs - 1] : nullptr);
  for (int64_t i = pairs; i-- > 0;) {
    a[i] = product;
    const T by = static_cast<T>(-rho[i] * static_cast<double>(a[i]));
    product = update(count, by, y[i], i > 0 ? T(1) : whole, d, i > 0 ? s[i - 1] : y[0]);
  }
  for (int64_t i = 0; i < pairs; ++i) {
    const T by = static_cast<T>(rho[i] * (static_cast<double>(a[i]) - static_cast<double>(product)));
    product = update(count, by, s[i], T(1), d, i + 1 < pairs ? y[i + 1] : nullptr);
  }
}

template void lbfgs_direction(const CpuContext&, int64_t, const LbfgsHistory<float>&, const float*, float*);
template void lbfgs_direction(const CpuContext&, int64_t, const LbfgsHistory<double>&, const double*,
                              double*);

}  // namespace nst::kernels
