#include "kernels/quantiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/scratch_cpu.h"

namespace nst::kernels {
namespace {

constexpr int kDigitBits = 11;
constexpr int64_t kDigits = int64_t{1} << kDigitBits;

template <class T>
struct Entry {
  using Key = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  static constexpr Key kSign = Key{1} << (8 * sizeof(T) - 1);

  Key key;  // the value's bits, changed so that unsigned integers have the order of the numbers
  uint32_t pixel;

  static Key key_of(T value) {
    const Key bits = std::bit_cast<Key>(value);
    return bits & kSign ? ~bits : bits | kSign;
  }
  T value() const { return std::bit_cast<T>(key & kSign ? key ^ kSign : static_cast<Key>(~key)); }
};

// Sorts by radix, from the lowest digit to the highest; equal keys stay in the order of their pixels. `other`
// is working memory of the same length. Returns the one of both that holds the result.
template <class T>
Entry<T>* sort_entries(Entry<T>* entries, Entry<T>* other, int64_t count) {
  constexpr int kKeyBits = 8 * sizeof(T), kPasses = (kKeyBits + kDigitBits - 1) / kDigitBits;
  std::vector<int64_t> counts(kPasses * kDigits);
  const auto digit = [](const Entry<T>& e, int pass) {
    return static_cast<int64_t>(e.key >> (pass * kDigitBits)) & (kDigits - 1);
  };
  for (int64_t i = 0; i < count; ++i) {
    for (int pass = 0; pass < kPasses; ++pass) ++counts[pass * kDigits + digit(entries[i], pass)];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    int64_t* places = counts.data() + pass * kDigits;
    if (count > 0 && places[digit(entries[0], pass)] == count) continue;  // all alike
    int64_t place = 0;
    for (int64_t d = 0; d < kDigits; ++d) place += std::exchange(places[d], place);
    for (int64_t i = 0; i < count; ++i) other[places[digit(entries[i], pass)]++] = entries[i];
    std::swap(entries, other);
  }
  return entries;
}

// One channel's values that have weight, in ascending order.
template <class T>
struct Sorted {
  const Entry<T>* entries;
  int64_t count;
};

template <class T>
Sorted<T> sort_channel(const QuantileShape& s, int64_t channel, const T* x, const T* weight) {
  auto* entries = scratch<Entry<T>>(2 * s.pixels);
  int64_t count = 0;
  for (int64_t p = 0; p < s.pixels; ++p) {
    if (weight && !(weight[p] > 0)) continue;
    entries[count++] = {Entry<T>::key_of(x[p * s.channels + channel]), static_cast<uint32_t>(p)};
  }
  return {sort_entries(entries, entries + s.pixels, count), count};
}

// Calls f(i, m_i) for the values in order.
template <class T, class F>
void for_each_rank(const Sorted<T>& sorted, const T* weight, F&& f) {
  if (!weight) {
    for (int64_t i = 0; i < sorted.count; ++i)
      f(i, (static_cast<double>(i) + 0.5) / static_cast<double>(sorted.count));
    return;
  }
  double total = 0, before = 0;
  for (int64_t i = 0; i < sorted.count; ++i) total += weight[sorted.entries[i].pixel];
  for (int64_t i = 0; i < sorted.count; ++i) {
    const double w = weight[sorted.entries[i].pixel];
    f(i, (before + w / 2) / total);
    before += w;
  }
}

// Between values 0 ... count - 1 that are the quantiles at (j + 1/2) / count.
template <class Values>
double interpolated(int64_t count, double m, Values&& values) {
  const double position =
      std::clamp(m * static_cast<double>(count) - 0.5, 0.0, static_cast<double>(count - 1));
  const int64_t j = std::min(static_cast<int64_t>(position), std::max<int64_t>(count - 2, 0));
  const double share = position - static_cast<double>(j), low = values(j);
  return share > 0 ? low + share * (values(j + 1) - low) : low;
}

}  // namespace

template <class T>
void quantiles(const CpuContext&, const QuantileShape& s, const T* x, const T* weight, T* q) {
  parallel_for(s.channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const Sorted<T> sorted = sort_channel(s, c, x, weight);
      const auto value = [&](int64_t i) { return static_cast<double>(sorted.entries[i].value()); };
      // The next quantile to be written lies between the value before and this one.
      int64_t j = 0;
      double before = 0;  // m of the value before
      const auto at = [&](int64_t k) {
        return (static_cast<double>(k) + 0.5) / static_cast<double>(s.count);
      };
      for_each_rank(sorted, weight, [&](int64_t i, double m) {
        for (; j < s.count && at(j) <= m; ++j) {
          const double share = i == 0 ? 1 : (at(j) - before) / (m - before);
          q[j * s.channels + c] =
              static_cast<T>(share < 1 ? value(i - 1) + share * (value(i) - value(i - 1)) : value(i));
        }
        before = m;
      });
      for (; j < s.count; ++j) q[j * s.channels + c] = static_cast<T>(value(sorted.count - 1));
    }
  });
}

template <class T>
void quantile_error(const CpuContext&, const QuantileShape& s, const T* x, const T* weight, const T* q,
                    T* loss, T* grad_x) {
  double weights = static_cast<double>(s.pixels);
  if (weight) {
    weights = 0;
    for (int64_t p = 0; p < s.pixels; ++p) weights += weight[p] > 0 ? weight[p] : 0;
  }
  const double scale = 1 / (weights * static_cast<double>(s.channels));
  const auto sums = parallel_partials(s.channels, 1, [&](int64_t c, int64_t) {
    const Sorted<T> sorted = sort_channel(s, c, x, weight);
    if (grad_x && sorted.count < s.pixels) {
      for (int64_t p = 0; p < s.pixels; ++p) grad_x[p * s.channels + c] = 0;
    }
    double sum = 0;
    for_each_rank(sorted, weight, [&](int64_t i, double m) {
      const Entry<T>& entry = sorted.entries[i];
      const double w = weight ? weight[entry.pixel] : 1;
      const double apart = entry.value() - interpolated(s.count, m, [&](int64_t j) {
                             return static_cast<double>(q[j * s.channels + c]);
                           });
      sum += w * apart * apart;
      if (grad_x) grad_x[entry.pixel * s.channels + c] = static_cast<T>(2 * scale * w * apart);
    });
    return sum;
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  *loss = static_cast<T>(scale * total);
}

#define NST_INSTANTIATE(T)                                                                  \
  template void quantiles(const CpuContext&, const QuantileShape&, const T*, const T*, T*); \
  template void quantile_error(const CpuContext&, const QuantileShape&, const T*, const T*, const T*, T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
