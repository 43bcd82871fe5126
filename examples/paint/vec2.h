// Plane geometry in picture coordinates: x to the right, y down, the picture is [0, 1] x [0, 1].
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nst::paint {

inline constexpr float kPi = std::numbers::pi_v<float>;
inline constexpr float kTau = 2 * kPi;

struct Vec2 {
  float x = 0;
  float y = 0;
};

inline Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
inline Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
inline Vec2 operator*(Vec2 a, float s) { return {a.x * s, a.y * s}; }
inline Vec2 operator*(float s, Vec2 a) { return a * s; }

inline float dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }
inline float cross(Vec2 a, Vec2 b) { return a.x * b.y - a.y * b.x; }
inline float length(Vec2 a) { return std::sqrt(dot(a, a)); }

// The unit vector at `angle` radians, clockwise on the picture from +x.
inline Vec2 heading(float angle) { return {std::cos(angle), std::sin(angle)}; }

// The vector a quarter turn clockwise from `a` on the picture.
inline Vec2 quarter_turn(Vec2 a) { return {-a.y, a.x}; }

inline Vec2 rotated(Vec2 a, float angle) {
  const Vec2 h = heading(angle);
  return {a.x * h.x - a.y * h.y, a.x * h.y + a.y * h.x};
}

// `a` scaled to length 1; +x when `a` is (nearly) zero.
inline Vec2 unit(Vec2 a) {
  const float n = length(a);
  return n > 1e-12f ? a * (1 / n) : Vec2{1, 0};
}

inline float mix(float a, float b, float t) { return a + (b - a) * t; }

// 0 at `from` and before, 1 at `to` and beyond, the cubic 3t^2 - 2t^3 between; falls as x grows where from >
// to.
inline float smoothstep(float from, float to, float x) {
  const float t = std::clamp((x - from) / (to - from), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

// exp(-(x / radius)^2): 1 at 0, about a third at `radius`.
inline float bump(float x, float radius) { return std::exp(-(x / radius) * (x / radius)); }

}  // namespace nst::paint
