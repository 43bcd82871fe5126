// Random numbers that are the same on every machine and can be had at any place of a sequence at once: what
// a training run draws for its step number i follows from (seed, i) alone, so a resumed run draws the same.
#pragma once

#include <cstdint>
#include <vector>

namespace nst {

// SplitMix64 (Steele, Lea & Flood 2014).
class Random {
 public:
  // Sequences of different (seed, stream) have nothing to do with one another.
  explicit Random(uint64_t seed, uint64_t stream = 0) : state_(seed) { state_ = next() ^ (stream * kStream); }

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // A whole number in [0, count), for a positive count.
  int64_t below(int64_t count) {
    return static_cast<int64_t>((static_cast<unsigned __int128>(next()) * static_cast<uint64_t>(count)) >>
                                64);
  }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }

 private:
  static constexpr uint64_t kStream = 0xD1342543DE82EF95u;
  uint64_t state_;
};

// 0 .. count - 1 in random order (Fisher & Yates).
inline std::vector<int64_t> shuffled(int64_t count, Random random) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t j = random.below(i + 1);
    order[static_cast<size_t>(i)] = order[static_cast<size_t>(j)];
    order[static_cast<size_t>(j)] = i;
  }
  return order;
}

}  // namespace nst
