// Randomness that is the same on every machine: the standard distributions are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "examples/paint/vec2.h"

namespace nst::paint {

// A good 32-bit mix (lowbias32, Wellons 2018): neighbouring inputs give unrelated outputs.
inline std::uint32_t hash(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

// A hash value as a number in [0, 1).
inline float to_unit(std::uint32_t bits) { return static_cast<float>(bits >> 8) * (1.0f / 16777216.0f); }

// A stream of random numbers: the hash of a counter.
class Rng {
 public:
  explicit Rng(std::uint32_t seed) : key_(hash(seed ^ 0x9e3779b9u)) {}

  std::uint32_t next() { return hash(key_ ^ hash(counter_++)); }

  // In [0, 1).
  float uniform() { return to_unit(next()); }

  // In [low, high).
  float uniform(float low, float high) { return mix(low, high, uniform()); }

  // Mean 0, standard deviation about 1, never beyond +-3.5: the sum of four uniforms.
  float normal() { return (uniform() + uniform() + uniform() + uniform() - 2) * 1.732f; }

  // In {0, ..., count - 1}; `count` > 0.
  std::size_t index(std::size_t count) { return next() % count; }

  bool chance(float probability) { return uniform() < probability; }

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[index(i)]);
  }

 private:
  std::uint32_t key_;
  std::uint32_t counter_ = 0;
};

// A value in [0, 1) for each point of the integer lattice. Painting spends most of its time here, so the mix
// is a lighter one than `hash`.
inline float lattice(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  std::uint32_t h = x * 0x8da6b343u + y * 0xd8163841u + seed * 0xcb1ab31fu;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 13)) * 0x297a2d39u;
  return to_unit(h);
}

// Smooth noise in [0, 1] with features of size 1: random values on the integer lattice, blended by
// smoothsteps.
inline float value_noise(float x, float y, std::uint32_t seed) {
  const float fx = std::floor(x), fy = std::floor(y);
  const auto ix = static_cast<std::uint32_t>(static_cast<std::int32_t>(fx));
  const auto iy = static_cast<std::uint32_t>(static_cast<std::int32_t>(fy));
  const float tx = x - fx, ty = y - fy;
  const float sx = tx * tx * (3 - 2 * tx), sy = ty * ty * (3 - 2 * ty);
  const float top = mix(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), sx);
  const float bottom = mix(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), sx);
  return mix(top, bottom, sy);
}

// The same along a line.
inline float value_noise(float x, std::uint32_t seed) {
  const float fx = std::floor(x);
  const auto ix = static_cast<std::uint32_t>(static_cast<std::int32_t>(fx));
  const float t = x - fx;
  return mix(lattice(ix, 0, seed), lattice(ix + 1, 0, seed), t * t * (3 - 2 * t));
}

// Fractal noise in [-1, 1]: octaves of value noise, each twice as fine and half as strong as the one before.
inline float fractal_noise(Vec2 p, std::uint32_t seed, int octaves = 4) {
  float sum = 0, weight = 1, total = 0;
  for (int i = 0; i < octaves; ++i) {
    p = rotated(p, 0.6f);  // hides the lattice
    sum += weight * (2 * value_noise(p.x, p.y, seed + static_cast<std::uint32_t>(i) * 1013u) - 1);
    total += weight;
    weight *= 0.5f;
    p = p * 2.03f;
  }
  return sum / total;
}

}  // namespace nst::paint
