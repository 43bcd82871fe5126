// A night sky in turbulent motion. The sky is a stream function: brushes follow its level lines, and colour
// is a function of the level, so that neighbouring strokes form bands which wind around vortices and stars.
#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

struct Vortex {
  Vec2 at;
  float radius = 0;
  float strength = 0;  // the sign is the sense of rotation
};

struct Star {
  Vec2 at;
  float radius = 0;  // of the core; the halo reaches four times as far
  float warmth = 0;  // 0 pale .. 1 orange
};

const Ramp kNight{0x0b1440, 0x14246b, 0x1d3f94, 0x2a62b4, 0x4b8fcb, 0x8fc1d9, 0xd9e6c8};
const Ramp kGlow{0x2a62b4, 0x5fa5c4, 0xa9d0b4, 0xe9dc7c, 0xf6c63c, 0xfbe9a0};
const Ramp kHill{0x0a1a33, 0x10314a, 0x1a5058, 0x3b7a5d, 0x86a55a};
const Ramp kTree{0x050b14, 0x0b1f24, 0x143a35, 0x2f5a33, 0x7d8a3a};

class Night {
 public:
  explicit Night(std::uint32_t seed) : seed_(hash(seed)) {
    Rng rng(seed);
    const auto near = [&](float x, float y) {
      return Vec2{x + 0.025f * rng.normal(), y + 0.02f * rng.normal()};
    };
    vortices_ = {{near(0.44f, 0.38f), 0.13f, 1.0f},
                 {near(0.67f, 0.50f), 0.09f, -0.9f},
                 {near(0.15f, 0.55f), 0.08f, 0.7f}};
    stars_ = {{near(0.83f, 0.17f), 0.042f, 1.0f},  // the moon
              {near(0.12f, 0.13f), 0.021f, 0.5f}, {near(0.35f, 0.10f), 0.015f, 0.2f},
              {near(0.56f, 0.11f), 0.022f, 0.6f}, {near(0.93f, 0.43f), 0.018f, 0.4f},
              {near(0.29f, 0.27f), 0.015f, 0.8f}, {near(0.68f, 0.28f), 0.014f, 0.1f},
              {near(0.85f, 0.60f), 0.014f, 0.7f}, {near(0.40f, 0.63f), 0.013f, 0.5f}};
  }

  const std::vector<Star>& stars() const { return stars_; }

  // Height of the land at x: the crest of hill 0 (far), 1 or 2 (near).
  float crest(float x, int hill) const {
    const auto h = static_cast<float>(hill);
    return 0.73f + 0.085f * h + (0.05f - 0.008f * h) * std::sin(5.3f * x + 2.1f * h + 0.4f) +
           0.03f * fractal_noise({x * 3, h * 7}, seed_ + 5, 2) -
           (hill == 0 ? 0.07f * bump(x - 0.72f, 0.16f) : 0);
  }

  bool is_sky(Vec2 p) const { return p.y < crest(p.x, 0); }

  float stream(Vec2 p) const {
    float level =
        p.y + 0.05f * std::sin(kTau * p.x * 0.9f + 0.7f) + 0.07f * fractal_noise(p * 3.1f, seed_, 3);
    for (const Vortex& v : vortices_)
      level += v.strength * 2.6f * v.radius * bump(length(p - v.at), v.radius);
    for (std::size_t i = 0; i < stars_.size(); ++i) {
      const float reach = 2.6f * stars_[i].radius;
      level += (i % 2 == 0 ? 2.8f : -2.8f) * reach * bump(length(p - stars_[i].at), reach);
    }
    return level;
  }

  Vec2 flow(Vec2 p) const {
    const float e = 1e-3f;
    if (!is_sky(p)) {
      const int hill = p.y > crest(p.x, 2) ? 2 : p.y > crest(p.x, 1) ? 1 : 0;
      const float below = p.y - crest(p.x, hill);
      const float slope = (crest(p.x + e, hill) - crest(p.x - e, hill)) / (2 * e);
      return unit({1, slope * 1.5f + 3.5f * below * std::sin(9 * p.x + 3 * static_cast<float>(hill))});
    }
    const float dx = stream({p.x + e, p.y}) - stream({p.x - e, p.y});
    const float dy = stream({p.x, p.y + e}) - stream({p.x, p.y - e});
    return {dy, -dx};
  }

  Colour colour(Vec2 p) const { return is_sky(p) ? sky(p) : land(p); }

 private:
  Colour sky(Vec2 p) const {
    const float level = stream(p);
    // Bands of light and dark along the level lines, at two widths.
    const float band = 0.55f * std::sin(level * 62) + 0.45f * std::sin(level * 137 + 1.7f);
    float tone = 0.33f + 0.26f * band + 0.16f * fractal_noise(p * 4, seed_ + 1, 2);
    // A river of pale light flows through the vortices.
    float river = bump(p.y - 0.5f - 0.09f * std::sin(6.5f * p.x + 0.3f), 0.055f);
    for (const Vortex& v : vortices_) {
      const Vec2 d = p - v.at;
      const float r = length(d) / v.radius;
      const float arms =
          0.5f + 0.5f * std::sin(2 * std::atan2(d.y, d.x) - (v.strength > 0 ? 5.5f : -5.5f) * r);
      river = std::max(river, arms * bump(r, 1.05f));
    }
    tone += 0.42f * river + 0.1f * smoothstep(0.45f, 0.75f, p.y) - 0.12f * smoothstep(0.3f, 0, p.y);
    Colour c = kNight.at(tone);
    if (river > 0.55f && band > 0.5f) c = blend(c, hex(0xf2d66a), 0.55f);
    for (const Star& star : stars_) {
      const float r = length(p - star.at) / star.radius;
      if (r > 5) continue;
      const float ring = 0.13f * std::sin(r * 4.6f);
      const float glow = std::clamp(1.05f - r / 4.6f + ring, 0.0f, 1.0f);
      const Colour halo = blend(kGlow.at(glow), hex(0xf08a24), star.warmth * 0.45f * bump(r - 1.2f, 0.7f));
      c = blend(c, halo, smoothstep(4.9f + 0.5f * band, 2.2f, r));
    }
    return c;
  }

  Colour land(Vec2 p) const {
    const int hill = p.y > crest(p.x, 2) ? 2 : p.y > crest(p.x, 1) ? 1 : 0;
    const float below = p.y - crest(p.x, hill);
    const float furrow = 0.5f + 0.5f * std::sin(below * 190 + 6 * fractal_noise(p * 5, seed_ + 2, 2));
    const float rim = bump(below, 0.016f);
    const float tone = 0.2f + 0.38f * furrow + 0.5f * rim - 0.07f * static_cast<float>(hill) +
                       0.2f * fractal_noise(p * 6, seed_ + 4, 2);
    const Colour moonlit = blend(kHill.at(tone), hex(0x2f5fae), hill == 0 ? 0.5f : 0.12f);
    return rim > 0.5f ? blend(moonlit, hex(0xc8d69a), 0.4f) : moonlit;
  }

  std::uint32_t seed_;
  std::vector<Vortex> vortices_;
  std::vector<Star> stars_;
};

// Rings of short dabs around a core of thick paint, where the land does not hide them.
void paint_star(std::vector<Stroke>& strokes, const Night& night, const Star& star, Rng& rng) {
  const Brush thick{.bristles = 7, .streak = 0.7f, .dry = 0.15f, .ragged = 0.6f, .body = 1.7f};
  for (float r = 5.2f; r > 0.15f; r -= 0.34f) {
    const int dabs = std::max(3, static_cast<int>(r * 7));
    const float offset = rng.uniform(0, kTau);
    for (int i = 0; i < dabs; ++i) {
      if (r > 1.2f && rng.chance(0.15f + 0.13f * r)) continue;
      const float angle = offset + kTau * static_cast<float>(i) / static_cast<float>(dabs);
      const float radius = star.radius * r * (1 + 0.05f * rng.normal());
      if (!night.is_sky(star.at + heading(angle) * radius)) continue;
      std::vector<Vec2> path;
      const float sweep = std::min(1.5f, 0.75f / std::max(r, 0.4f)) * rng.uniform(0.7f, 1.2f);
      for (int k = 0; k <= 8; ++k)
        path.push_back(star.at + heading(angle + sweep * (static_cast<float>(k) / 8 - 0.5f)) * radius);
      const float glow = std::clamp(1.05f - r / 4.4f + 0.12f * rng.normal(), 0.0f, 1.0f);
      Colour load = kGlow.at(glow);
      if (r < 1.5f) load = blend(load, hex(0xf59a22), star.warmth * 0.6f * rng.uniform());
      const Colour second = blend(load, hex(0xfff6d0), rng.uniform(0.2f, 0.6f));
      const float half = star.radius * rng.uniform(0.14f, 0.2f) * (r < 1 ? 1.25f : 1.0f);
      strokes.push_back({pressed(path, half, 0.2f, 0.3f), load, second, thick, rng.next()});
    }
  }
}

struct Poplar {
  Vec2 foot;
  float tall = 0;
  float half_width = 0;
};

// A tree like a flame: strokes leave the axis and bend upwards, the outer and darker ones first.
void paint_poplar(std::vector<Stroke>& strokes, const Poplar& tree, Rng& rng) {
  const Brush brush{.bristles = 8, .streak = 0.8f, .dry = 0.5f, .ragged = 0.9f, .body = 1.2f};
  const float lean = 0.02f * rng.normal(), phase = rng.uniform(0, kTau);
  const auto axis = [&](float up) {
    return tree.foot + Vec2{lean * up + 0.1f * tree.half_width * std::sin(9 * up + phase), -tree.tall * up};
  };
  const int count = static_cast<int>(900 * tree.tall);
  for (int i = 0; i < count; ++i) {
    const float order = static_cast<float>(i) / static_cast<float>(count);
    const float up = std::pow(rng.uniform(), 0.8f) * 0.95f;
    const float girth = tree.half_width * std::sin(kPi * std::pow(1 - up, 0.95f) * 0.9f);
    const float side = rng.uniform(-1, 1) * (1 - 0.35f * order);
    const float rise = std::min(0.16f * rng.uniform(0.7f, 1.3f), 1.02f - up);
    const Vec2 start = axis(up) + Vec2{side * girth * 0.35f, 0};
    const Vec2 middle = axis(up + 0.45f * rise) + Vec2{side * girth * 1.15f, 0};
    const Vec2 end = axis(up + rise) + Vec2{side * girth * 0.7f, 0};
    const float tone =
        0.1f + 0.5f * order * rng.uniform() + 0.22f * std::max(0.0f, side) + (rng.chance(0.08f) ? 0.3f : 0);
    const Colour load = jittered(kTree.at(tone), {0.02f, 0.2f, 0.3f}, rng);
    const float half = tree.half_width * rng.uniform(0.1f, 0.2f) * (1.1f - 0.7f * up);
    strokes.push_back({pressed(curve(start, middle, end), half, 0.2f, 0.6f), load,
                       blend(load, hex(0x2f5f86), 0.5f * rng.uniform()), brush, rng.next()});
  }
}

// Houses with lit windows between the first and the second hill.
void paint_village(std::vector<Stroke>& strokes, const Night& night, Rng& rng) {
  const Brush dab{.bristles = 4, .dry = 0, .ragged = 0.25f, .round = 0.2f, .body = 1.4f};
  const auto slab = [&](Vec2 from, Vec2 to, float half, Colour load, Colour second) {
    strokes.push_back(
        {{{from, half}, {(from + to) * 0.5f, half}, {to, half}}, load, second, dab, rng.next()});
  };
  for (int i = 0; i < 15; ++i) {
    const float x = 0.38f + 0.03f * static_cast<float>(i) + 0.007f * rng.normal();
    const float size = rng.uniform(0.013f, 0.02f);
    const Vec2 foot{x, night.crest(x, 1) + 0.008f + 0.016f * rng.uniform()};
    const Colour wall = jittered(hex(0x2c4a86), {0.05f, 0.2f, 0.2f}, rng);
    const Colour roof = jittered(hex(rng.chance(0.6f) ? 0x131d4a : 0x5a2f3a), {0.03f, 0.2f, 0.2f}, rng);
    slab(foot, foot - Vec2{0, size}, size * 0.75f, wall, lighter(wall, 0.1f));
    slab(foot - Vec2{size * 1.05f, size * 0.95f}, foot - Vec2{0, size * 1.75f}, size * 0.3f, roof,
         lighter(roof, 0.1f));
    slab(foot - Vec2{0, size * 1.75f}, foot + Vec2{size * 1.05f, -size * 0.95f}, size * 0.3f, roof,
         lighter(roof, 0.05f));
    if (rng.chance(0.3f)) continue;
    const Vec2 window = foot - Vec2{size * rng.uniform(-0.3f, 0.3f), size * 0.65f};
    slab(window, window + Vec2{0, size * 0.5f}, size * 0.24f, hex(0xfdbb2d), hex(0xfff3b0));
  }
}

}  // namespace

void paint_swirls(Canvas& canvas, std::uint32_t seed) {
  const Night night(seed);
  Rng rng(seed + 1);
  canvas.prime([&](Vec2 p) {
    const float weave = std::sin(p.x * 900) * std::sin(p.y * 900);
    return Deposit{night.is_sky(p) ? hex(0x0c1748) : hex(0x0a1826), 0.08f * weave};
  });

  Scene scene{.colour = [&](Vec2 p) { return night.colour(p); },
              .flow = [&](Vec2 p) { return night.flow(p); }};
  std::vector<Stroke> strokes;
  // Underpainting: broad and a little darker.
  const Scene dark{.colour = [&](Vec2 p) { return lighter(night.colour(p), -0.06f); }, .flow = scene.flow};
  cover(strokes, dark,
        {.width = 0.034f,
         .length = 0.12f,
         .spacing = 0.024f,
         .stop_at = 0.22f,
         .brush = {.bristles = 14, .body = 0.7f}},
        rng);
  cover(strokes, scene,
        {.width = 0.0155f,
         .length = 0.085f,
         .spacing = 0.0105f,
         .stop_at = 0.17f,
         .pick_up = 0.08f,
         .jitter = {0.035f, 0.12f, 0.15f},
         .brush = {.bristles = 9, .body = 1}},
        rng);
  cover(strokes, scene,
        {.width = 0.0095f,
         .length = 0.055f,
         .spacing = 0.0085f,
         .stop_at = 0.13f,
         .pick_up = 0.09f,
         .cover = 0.75f,
         .jitter = {0.05f, 0.16f, 0.2f},
         .brush = {.bristles = 7, .dry = 0.45f, .body = 1.3f}},
        rng);
  paint_village(strokes, night, rng);
  for (const Star& star : night.stars()) paint_star(strokes, night, star, rng);
  for (const Poplar& tree : {Poplar{{0.155f, 1.03f}, 0.66f, 0.055f},
                             {{0.245f, 1.04f}, 0.44f, 0.042f},
                             {{0.07f, 1.04f}, 0.4f, 0.045f},
                             {{0.93f, 1.03f}, 0.3f, 0.036f}})
    paint_poplar(strokes, tree, rng);
  canvas.lay(strokes);
}

}  // namespace nst::paint
