#include "examples/paint/palette.h"

#include <cmath>

namespace nst::paint {

Oklab to_oklab(Colour c) {
  const float l = std::cbrt(0.4122214708f * c.r + 0.5363325363f * c.g + 0.0514459929f * c.b);
  const float m = std::cbrt(0.2119034982f * c.r + 0.6806995451f * c.g + 0.1073969566f * c.b);
  const float s = std::cbrt(0.0883024619f * c.r + 0.2817188376f * c.g + 0.6299787005f * c.b);
  return {0.2104542553f * l + 0.7936177850f * m - 0.0040720468f * s,
          1.9779984951f * l - 2.4285922050f * m + 0.4505937099f * s,
          0.0259040371f * l + 0.7827717662f * m - 0.8086757660f * s};
}

Colour from_oklab(Oklab lab) {
  const auto cube = [](float x) { return x * x * x; };
  const float l = cube(lab.lightness + 0.3963377774f * lab.a + 0.2158037573f * lab.b);
  const float m = cube(lab.lightness - 0.1055613458f * lab.a - 0.0638541728f * lab.b);
  const float s = cube(lab.lightness - 0.0894841775f * lab.a - 1.2914855480f * lab.b);
  return {std::max(0.0f, 4.0767416621f * l - 3.3077115913f * m + 0.2309699292f * s),
          std::max(0.0f, -1.2684380046f * l + 2.6097574011f * m - 0.3413193965f * s),
          std::max(0.0f, -0.0041960863f * l - 0.7034186147f * m + 1.7076147010f * s)};
}

float srgb_encode(float linear) {
  return linear <= 0.0031308f ? 12.92f * linear : 1.055f * std::pow(linear, 1 / 2.4f) - 0.055f;
}

float srgb_decode(float encoded) {
  return encoded <= 0.04045f ? encoded / 12.92f : std::pow((encoded + 0.055f) / 1.055f, 2.4f);
}

Colour hex(std::uint32_t rgb) {
  const auto component = [&](int shift) {
    return srgb_decode(static_cast<float>((rgb >> shift) & 0xffu) / 255.0f);
  };
  return {component(16), component(8), component(0)};
}

Colour blend(Colour a, Colour b, float t) {
  const Oklab p = to_oklab(a), q = to_oklab(b);
  return from_oklab({mix(p.lightness, q.lightness, t), mix(p.a, q.a, t), mix(p.b, q.b, t)});
}

float difference(Colour a, Colour b) {
  const Oklab p = to_oklab(a), q = to_oklab(b);
  return std::hypot(p.lightness - q.lightness, p.a - q.a, p.b - q.b);
}

Colour lighter(Colour c, float amount) {
  Oklab lab = to_oklab(c);
  lab.lightness = std::clamp(lab.lightness + amount, 0.0f, 1.0f);
  return from_oklab(lab);
}

Colour jittered(Colour c, const Jitter& jitter, Rng& rng) {
  Oklab lab = to_oklab(c);
  lab.lightness = std::clamp(lab.lightness + jitter.lightness * rng.normal(), 0.0f, 1.0f);
  const float stretch = std::max(0.0f, 1 + jitter.chroma * rng.normal());
  const Vec2 ab = rotated({lab.a, lab.b}, jitter.hue * rng.normal()) * stretch;
  return from_oklab({lab.lightness, ab.x, ab.y});
}

Ramp::Ramp(std::initializer_list<std::uint32_t> srgb) {
  for (const std::uint32_t rgb : srgb) stops_.push_back(to_oklab(hex(rgb)));
}

Colour Ramp::at(float t) const {
  const float x = std::clamp(t, 0.0f, 1.0f) * static_cast<float>(stops_.size() - 1);
  const std::size_t i = std::min(static_cast<std::size_t>(x), stops_.size() - 2);
  const float f = x - static_cast<float>(i);
  const Oklab &p = stops_[i], &q = stops_[i + 1];
  return from_oklab({mix(p.lightness, q.lightness, f), mix(p.a, q.a, f), mix(p.b, q.b, f)});
}

}  // namespace nst::paint
