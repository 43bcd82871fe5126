// Colours. Paint is kept as linear light; mixing and jitter happen in Oklab (Ottosson 2020), where equal
// steps look equal.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "examples/paint/noise.h"

namespace nst::paint {

// Linear sRGB, 1 = white; small excursions out of [0, 1] are clipped when the picture is written.
struct Colour {
  float r = 0, g = 0, b = 0;
};

inline Colour operator+(Colour a, Colour b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
inline Colour operator*(Colour c, float s) { return {c.r * s, c.g * s, c.b * s}; }

struct Oklab {
  float lightness = 0;  // 0 black .. 1 white
  float a = 0;          // green (-) to red (+)
  float b = 0;          // blue (-) to yellow (+)
};

Oklab to_oklab(Colour c);
Colour from_oklab(Oklab lab);

// One sRGB-encoded component in [0, 1] from linear light, and back.
float srgb_encode(float linear);
float srgb_decode(float encoded);

// The colour written as 0xRRGGBB in sRGB.
Colour hex(std::uint32_t rgb);

// The perceptual mixture of two colours: a at t = 0, b at t = 1.
Colour blend(Colour a, Colour b, float t);

// How different two colours look: the distance in Oklab; 0.02 is just visible, black to white is 1.
float difference(Colour a, Colour b);

// `c` with its lightness moved by `amount`.
Colour lighter(Colour c, float amount);

// How far `jitter` may carry a colour: standard deviations.
struct Jitter {
  float lightness = 0.03f;  // in Oklab units
  float hue = 0.08f;        // radians
  float chroma = 0.1f;      // fraction
};

// `c` moved at random: no two loads of a brush are alike.
Colour jittered(Colour c, const Jitter& jitter, Rng& rng);

// Colours in order, read at a position in [0, 1] with perceptual blending between neighbours.
class Ramp {
 public:
  Ramp(std::initializer_list<std::uint32_t> srgb);

  // The colour at `t`, clamped to [0, 1].
  Colour at(float t) const;

 private:
  std::vector<Oklab> stops_;
};

}  // namespace nst::paint
