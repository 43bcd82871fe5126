// A ripe field under a low sun. The sky is painted in rings of dabs around the sun, the land in strips of
// dabs along its furrows, the corn stalk by stalk from the horizon to the eye.
#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

const Ramp kSky{0xfff7c8, 0xfee28a, 0xfbc15e, 0xf4a06a, 0xe39a94, 0xa9a8c4, 0x6fa9cf, 0x3f82c0, 0x2b5ea8};
const Ramp kCorn{0x5a2c14, 0x8f4d17, 0xc07a1c, 0xe0a52b, 0xf2c84b, 0xfbe38a, 0xfff3bf};
const Ramp kGrass{0x1f3a2a, 0x2f6038, 0x5a8a3c, 0x93ac48, 0xcfc95f};
const Ramp kFar{0x39407e, 0x545a9c, 0x7a80b6, 0xa99bbd, 0xdcae9f};

constexpr float kFieldTop = 0.56f;  // y where the corn begins

// Perspective: how large things stand at height y in the corn, 1 at the lower edge of the picture.
float nearness(float y) {
  return mix(0.17f, 1, std::clamp((y - kFieldTop) / (1.02f - kFieldTop), 0.0f, 1.1f));
}

// How far p is from the middle of the track through the corn: 1 at its edges.
float off_track(Vec2 p) {
  const float near = nearness(p.y);
  const float middle = 0.56f - 0.26f * near + 0.13f * std::sin(5.2f * near + 0.2f) + 0.16f * near * near;
  return std::abs(p.x - middle) / (0.105f * near);
}

class Field {
 public:
  explicit Field(std::uint32_t seed) : seed_(hash(seed)) {
    Rng rng(seed);
    sun_ = {0.68f + 0.03f * rng.normal(), 0.225f + 0.015f * rng.normal()};
  }

  // Height of the land at x: 0 the far mountains, 1 wooded hills, 2 the fields.
  float crest(float x, int hill) const {
    const float swell = fractal_noise({x * 2.6f + 5 * static_cast<float>(hill), 0}, seed_ + 7, 3);
    if (hill == 0) return 0.405f + 0.06f * swell - 0.07f * bump(x - 0.22f, 0.17f);
    if (hill == 1) return 0.452f + 0.025f * swell + 0.02f * x;
    return 0.487f + 0.012f * swell;
  }

  Colour colour(Vec2 p) const {
    if (p.y < crest(p.x, 0)) return sky(p);
    const float haze = 0.5f + 0.5f * fractal_noise(p * 9, seed_ + 1, 3);
    const float glow = bump(p.x - sun_.x, 0.3f);
    if (p.y < crest(p.x, 1))
      return blend(kFar.at(0.15f + 0.5f * haze + 0.3f * glow), hex(0xf4b38a), 0.3f * glow);
    if (p.y < crest(p.x, 2)) {
      const float woods = value_noise(p.x * 60, p.y * 40, seed_ + 2);
      return blend(kGrass.at(0.6f * woods + 0.2f * glow), hex(0x46508c), 0.45f);
    }
    return p.y > kFieldTop ? track(p) : strips(p);
  }

  Vec2 flow(Vec2 p) const {
    if (p.y < crest(p.x, 0)) {
      const Vec2 d = p - sun_;
      const Vec2 breeze{1, 0.5f * std::sin(7 * p.x + 9 * p.y) + 0.6f * fractal_noise(p * 3, seed_ + 3, 2)};
      const float near = smoothstep(0.55f, 0.12f, length(d));
      Vec2 ring = unit(quarter_turn(d));
      if (ring.x < 0) ring = ring * -1;
      return ring * near + unit(breeze) * (1 - near);
    }
    if (p.y < crest(p.x, 2)) return {1, -0.5f + 0.9f * fractal_noise(p * 14, seed_ + 4, 2)};
    if (p.y > kFieldTop) return {1, -0.7f + 0.6f * fractal_noise(p * 9, seed_ + 4, 2)};
    return heading(strip_angle(strip(p)));
  }

 private:
  Colour sky(Vec2 p) const {
    const Vec2 d = p - sun_;
    const float r = length({d.x, d.y * 1.15f});
    const float clouds = fractal_noise({p.x * 2.2f, p.y * 6.5f}, seed_ + 5, 4);
    const float rings = 0.035f * std::sin(r * 85 + 3 * clouds);
    if (r < 0.062f) return blend(hex(0xfffbe6), hex(0xffe27a), smoothstep(0.03f, 0.062f, r));
    const Colour clear = kSky.at(0.08f + 1.25f * r + rings + 0.1f * clouds);
    const float cloud = smoothstep(0.12f, 0.42f, clouds);
    const Colour lit = blend(hex(0xffe9c0), hex(0xe58fa0), smoothstep(0.15f, 0.75f, r));
    return blend(clear, lit, 0.75f * cloud);
  }

  // The patchwork between the hills and the corn.
  int strip(Vec2 p) const {
    const float depth = 1 / (p.y - 0.44f);
    return static_cast<int>(std::floor(depth * 0.22f)) * 13 +
           static_cast<int>(
               std::floor((p.x - 0.45f) * depth * 0.26f + 0.6f * fractal_noise(p * 5, seed_ + 8, 2) + 40));
  }
  float strip_angle(int strip) const {
    return -0.5f + to_unit(hash(static_cast<std::uint32_t>(strip) + seed_));
  }
  Colour strips(Vec2 p) const {
    const std::uint32_t id = hash(static_cast<std::uint32_t>(strip(p)) * 31u + seed_);
    const float furrow = value_noise(p.x * 18, p.y * 150, seed_ + 6);
    const float which = to_unit(id);
    if (which < 0.35f) return kGrass.at(0.25f + 0.6f * furrow);
    if (which < 0.72f) return kCorn.at(0.45f + 0.4f * furrow);
    if (which < 0.86f) return blend(hex(0x8c5a8e), hex(0xd79aa8), furrow);
    return blend(kGrass.at(0.5f + 0.4f * furrow), hex(0x3a7f86), 0.5f);
  }

  Colour track(Vec2 p) const {
    const float rut = bump(off_track(p) - 0.55f, 0.2f);
    const float clods = value_noise(p.x * 45 / nearness(p.y), p.y * 90 / nearness(p.y), seed_ + 9);
    const Colour earth = blend(hex(0xb98a8e), hex(0xe9c39a), clods);
    return off_track(p) < 0.3f ? blend(kGrass.at(0.3f + 0.5f * clods), earth, 0.2f)
                               : blend(earth, hex(0x7a5a86), 0.7f * rut);
  }

  std::uint32_t seed_;
  Vec2 sun_;
};

class Corn {
 public:
  Corn(std::vector<Stroke>& strokes, std::uint32_t seed)
      : strokes_(strokes), rng_(seed), seed_(hash(seed + 99)) {}

  void paint() {
    for (float y = kFieldTop; y < 1.16f; y += 0.0085f * nearness(y)) {
      const float near = nearness(y);
      const float step = 0.0088f * near;
      for (float x = -0.05f; x < 1.05f; x += step) {
        const Vec2 foot{x + step * rng_.uniform(), y + 0.01f * near * rng_.uniform()};
        const float poppies = fractal_noise({foot.x * 5, foot.y * 9}, seed_ + 3, 3);
        const float cornflowers = fractal_noise({foot.x * 6 + 40, foot.y * 10}, seed_ + 4, 3);
        if (off_track(foot) < 0.85f) continue;
        stalk(foot, near);
        if (poppies > 0.1f && rng_.chance(0.6f * poppies))
          poppy(foot - Vec2{0, rng_.uniform(0.12f, 0.16f) * near}, near);
        if (cornflowers > 0.15f && rng_.chance(0.3f * cornflowers))
          cornflower(foot - Vec2{0, rng_.uniform(0.11f, 0.15f) * near}, near);
      }
    }
  }

 private:
  // The wind lays the corn over in waves; 1 = leaning right by about 45 degrees.
  float wind(Vec2 p) const {
    const float depth = nearness(p.y);
    return 0.85f * fractal_noise({p.x * 2.3f / (0.4f + 0.6f * depth), p.y * 5.5f}, seed_, 2) + 0.22f;
  }

  void stalk(Vec2 foot, float near) {
    const float sway = wind(foot) + 0.16f * rng_.normal();
    const float tall = 0.125f * near * rng_.uniform(0.75f, 1.25f);
    const Vec2 tip = foot + Vec2{sway * tall, -tall};
    const Vec2 bend = foot + Vec2{0.1f * sway * tall, -0.62f * tall};
    // Where the wind bends the corn it shines; between, one looks down into the shade.
    const float lit = smoothstep(-0.35f, 0.75f, wind(foot));
    const float patch = fractal_noise({foot.x * 2.6f, foot.y * 7}, seed_ + 1, 3);
    const float tone = 0.12f + 0.42f * lit + 0.3f * patch + 0.08f * rng_.normal();
    const bool in_shade = patch < -0.12f;
    const Colour straw = jittered(kCorn.at(tone), {0.035f, 0.13f, 0.15f}, rng_);
    const Colour shade = rng_.chance(in_shade ? 0.5f : 0.1f) ? hex(0x6a4f8a)
                         : rng_.chance(0.25f)                ? hex(0x55803a)
                                                             : kCorn.at(tone - 0.3f);
    const Brush blade{.bristles = 5, .dry = 0.25f, .ragged = 0.7f, .body = 1.1f};
    strokes_.push_back({pressed(curve(foot, bend, tip, 7), 0.0052f * near + 0.0006f, 0.1f, 0.5f),
                        blend(straw, shade, rng_.uniform(0.1f, 0.7f)), shade, blade, rng_.next()});
    if (!rng_.chance(0.62f)) return;
    // The ear: a fat dab continuing the bend, and a highlight on it.
    const Vec2 along = unit(tip - bend);
    const Vec2 end = tip + (along + Vec2{0.35f * sway, 0.25f}) * (0.034f * near);
    const Brush ear{.bristles = 6, .dry = 0.15f, .ragged = 0.9f, .body = 1.7f, .furrow = 0.8f};
    const Colour gold = jittered(kCorn.at(tone + 0.14f), {0.045f, 0.13f, 0.15f}, rng_);
    strokes_.push_back({pressed(curve(tip - along * (0.012f * near), tip + along * (0.014f * near), end, 6),
                                0.0075f * near + 0.0007f, 0.3f, 0.6f),
                        gold, kCorn.at(tone + 0.34f), ear, rng_.next()});
  }

  void dab(Vec2 at, float angle, float reach, float half, Colour load, Colour second) {
    const Brush brush{.bristles = 6, .dry = 0.1f, .ragged = 0.6f, .body = 1.8f};
    const Vec2 d = heading(angle) * reach;
    strokes_.push_back({pressed({at - d, at, at + d}, half, 0.3f, 0.3f), load, second, brush, rng_.next()});
  }

  void poppy(Vec2 at, float near) {
    for (int i = 0; i < 4; ++i) {
      const Colour red = jittered(hex(i < 2 ? 0xb3161c : 0xe8352a), {0.04f, 0.12f, 0.1f}, rng_);
      const Vec2 off{0.01f * near * rng_.normal(), 0.007f * near * rng_.normal()};
      dab(at + off, rng_.uniform(-0.6f, 0.6f), 0.014f * near, 0.0115f * near, red, hex(0xff7a4a));
    }
    dab(at, 1.4f, 0.003f * near, 0.0035f * near, hex(0x2a0f22), hex(0x2a0f22));
  }

  void cornflower(Vec2 at, float near) {
    for (int i = 0; i < 5; ++i) {
      const float angle = kTau * static_cast<float>(i) / 5 + rng_.uniform();
      const Colour blue = jittered(hex(0x3048b8), {0.06f, 0.2f, 0.15f}, rng_);
      dab(at + heading(angle) * (0.008f * near), angle, 0.0075f * near, 0.005f * near, blue, hex(0x93a8f0));
    }
  }

  std::vector<Stroke>& strokes_;
  Rng rng_;
  std::uint32_t seed_;
};

// A round tree on the far fields: short dabs, dark below, warm on the side of the sun.
void paint_tree(std::vector<Stroke>& strokes, Vec2 foot, float size, Rng& rng) {
  const Brush brush{.bristles = 6, .dry = 0.2f, .ragged = 0.8f, .body = 1.3f};
  for (int i = 0; i < 120; ++i) {
    const float angle = rng.uniform(0, kTau), r = std::sqrt(rng.uniform());
    const Vec2 off{0.62f * r * std::cos(angle), -0.75f + 0.75f * r * std::sin(angle)};
    const float tone =
        0.28f + 0.28f * off.x - 0.3f * (off.y + 0.75f) + 0.1f * rng.normal() + 0.002f * static_cast<float>(i);
    const Colour load = blend(jittered(kGrass.at(tone), {}, rng), hex(0x39407e), tone < 0.25f ? 0.45f : 0.1f);
    const Vec2 d = heading(-0.8f + 0.5f * rng.normal()) * (0.2f * size);
    const Vec2 at = foot + off * size;
    strokes.push_back({pressed({at - d, at, at + d}, 0.13f * size, 0.3f, 0.4f), load, lighter(load, 0.08f),
                       brush, rng.next()});
  }
}

}  // namespace

void paint_meadow(Canvas& canvas, std::uint32_t seed) {
  const Field field(seed);
  Rng rng(seed + 1);
  canvas.prime([](Vec2 p) {
    return Deposit{p.y < kFieldTop ? hex(0xd9a066) : hex(0x6b3a1a),
                   0.08f * std::sin(p.x * 900) * std::sin(p.y * 900)};
  });
  const Scene scene{.colour = [&](Vec2 p) { return field.colour(p); },
                    .flow = [&](Vec2 p) { return field.flow(p); },
                    .scale =
                        [](Vec2 p) {
                          if (p.y < kFieldTop) return p.y > 0.4f ? 0.65f : 1.0f;
                          return off_track(p) < 1.3f || p.y < kFieldTop + 0.03f ? 0.4f + nearness(p.y) : 0.0f;
                        }};
  std::vector<Stroke> strokes;
  cover(strokes, scene,
        {.width = 0.032f,
         .length = 0.09f,
         .spacing = 0.02f,
         .stop_at = 0.16f,
         .brush = {.bristles = 14, .body = 0.7f}},
        rng);
  cover(strokes, scene,
        {.width = 0.018f,
         .length = 0.048f,
         .spacing = 0.011f,
         .stray = 0.15f,
         .stop_at = 0.13f,
         .pick_up = 0.06f,
         .jitter = {0.035f, 0.16f, 0.2f},
         .brush = {.bristles = 9, .body = 1.2f}},
        rng);
  cover(strokes, scene,
        {.width = 0.011f,
         .length = 0.03f,
         .spacing = 0.0125f,
         .stray = 0.2f,
         .stop_at = 0.12f,
         .pick_up = 0.08f,
         .cover = 0.7f,
         .jitter = {0.05f, 0.22f, 0.25f},
         .brush = {.bristles = 7, .dry = 0.3f, .body = 1.5f}},
        rng);
  for (int i = 0; i < 22; ++i) {
    const float x = rng.uniform(-0.02f, 1.02f);
    paint_tree(strokes, {x, field.crest(x, 2) + rng.uniform(0.0f, 0.05f)}, rng.uniform(0.02f, 0.05f), rng);
  }
  Corn(strokes, seed + 2).paint();
  canvas.lay(strokes);
}

}  // namespace nst::paint
