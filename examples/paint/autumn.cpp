// A wet avenue in autumn, laid on with the palette knife: broad, square, many-coloured slabs, thin lines with
// the edge.
#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

const Ramp kLeaves{0x3a0f24, 0x7e1626, 0xb92a1c, 0xe2571a, 0xf58a1f, 0xfbb832, 0xfde27a};
const Ramp kGlow{0xfffbe0, 0xfdeaa0, 0xfbc873, 0xe9a07c, 0x9fb7b8, 0x4f93b4, 0x2a5f9c, 0x1f3a7a};
const Ramp kShadow{0x120f33, 0x251a55, 0x3b2a78, 0x46509c, 0x5a86b8};
const Ramp kBark{0x0c0a1e, 0x231533, 0x43263a, 0x7a4638, 0xc08a58};

constexpr Vec2 kVanish{0.52f, 0.47f};

struct Trunk {
  float near = 0;  // 0 at the vanishing point, 1 at the picture's edge
  float side = 1;  // -1 left, 1 right
};

Vec2 foot(const Trunk& trunk) {
  return kVanish + Vec2{trunk.side * (0.05f + 0.44f * trunk.near), 0.02f + 0.36f * trunk.near};
}

struct Lamp {
  Vec2 at;
  float radius = 0;
};

class Avenue {
 public:
  explicit Avenue(std::uint32_t seed) : seed_(hash(seed)) {
    for (const auto& [near, side] : {std::pair{0.17f, -1.0f}, {0.3f, 1.0f}, {0.5f, -1.0f}, {0.72f, 1.0f}}) {
      const Vec2 base = kVanish + Vec2{side * (0.02f + 0.36f * near), 0.02f + 0.4f * near};
      lamps_.push_back({base - Vec2{0, 0.07f + 0.36f * near}, 0.006f + 0.02f * near});
    }
  }

  const std::vector<Lamp>& lamps() const { return lamps_; }

  // How far p is from the middle of the path: 1 at its edges. Only below the horizon.
  float off_path(Vec2 p) const {
    const float down = p.y - kVanish.y;
    return std::abs(p.x - kVanish.x + 0.1f * down * (1 - down)) /
           (0.02f + 0.62f * down + 0.012f * std::sin(40 * p.y));
  }
  bool is_ground(Vec2 p) const { return p.y > kVanish.y + 0.015f; }
  bool is_path(Vec2 p) const { return is_ground(p) && off_path(p) < 1; }

  // What stands above the horizon, and so what the wet path reflects.
  Colour upright(Vec2 p) const {
    const Vec2 d = p - kVanish;
    const float r = length({d.x * 1.15f, d.y});
    const float clumps = fractal_noise(p * 7.5f, seed_, 4);
    // Leaves close over the light; small gaps open at random.
    const float canopy = smoothstep(0.1f, 0.27f, r + 0.26f * clumps);
    const Colour sky = kGlow.at(1.35f * r + 0.1f * clumps);
    const float light = bump(r, 0.5f);
    const float boughs = fractal_noise(Vec2{p.x * 5 + 9, p.y * 6.5f}, seed_ + 1, 3);
    Colour leaves = kLeaves.at(0.27f + 0.48f * light + 0.5f * boughs + 0.12f * clumps);
    // Blue shade under the boughs, more of it away from the light.
    const float shade = fractal_noise(Vec2{p.x * 8 + 30, p.y * 10}, seed_ + 2, 3) + 0.3f * (r - 0.55f);
    leaves = blend(leaves, kShadow.at(0.25f + 0.9f * std::max(0.0f, boughs + 0.3f)),
                   0.9f * smoothstep(0.1f, 0.3f, shade));
    Colour seen = blend(sky, leaves, canopy);
    for (const Lamp& lamp : lamps_)
      seen = blend(seen, hex(0xffdf86), 0.8f * bump(length(p - lamp.at), 3.2f * lamp.radius));
    return seen;
  }

  Colour colour(Vec2 p) const {
    if (!is_ground(p)) {
      // A hedge in the distance hides where trees and ground meet.
      const float hedge = smoothstep(0.035f, 0.0f, kVanish.y + 0.015f - p.y) *
                          smoothstep(0.03f, 0.1f, std::abs(p.x - kVanish.x));
      return blend(upright(p), kShadow.at(0.25f), 0.75f * hedge);
    }
    const float down = p.y - kVanish.y;
    const float speckle = value_noise(p.x * 50, p.y * 90, seed_ + 3);
    if (!is_path(p)) {
      const float verge = bump(off_path(p) - 1, 0.7f);
      const float shade = fractal_noise({p.x * 5, p.y * 15}, seed_ + 5, 3) - 0.3f * verge;
      const Colour fallen =
          kLeaves.at(0.28f + 0.35f * speckle + 0.25f * verge + 0.2f * fractal_noise(p * 7, seed_ + 4, 2));
      return blend(fallen, kShadow.at(0.25f + 0.4f * speckle), 0.85f * smoothstep(-0.02f, 0.18f, shade));
    }
    // The mirror image, drawn out downwards and broken by ripples, over dark stone.
    const float ripple = 0.03f * fractal_noise({p.x * 16, p.y * 46}, seed_ + 6, 2);
    const Colour mirrored = upright({p.x + ripple, kVanish.y - 0.62f * down + 2 * ripple});
    const float wet = fractal_noise({p.x * 4, p.y * 30}, seed_ + 7, 3);
    Colour stone = blend(mirrored, kShadow.at(0.4f + 0.5f * wet),
                         std::clamp(0.4f + 0.7f * wet + 0.25f * off_path(p) * off_path(p), 0.0f, 0.92f));
    const float shine = bump((p.x - kVanish.x + 0.1f * down * (1 - down)) / (0.03f + 0.3f * down), 0.55f);
    const Colour gold = blend(hex(0xfff3c0), hex(0xf9a648), std::clamp(2.2f * down, 0.0f, 1.0f));
    stone = blend(stone, gold, 0.85f * shine * smoothstep(-0.2f, 0.3f, wet));
    for (const Lamp& lamp : lamps_) {
      const float streak =
          bump((p.x - lamp.at.x + ripple) / (1.3f * lamp.radius), 1) * smoothstep(-0.35f, 0.1f, wet);
      stone = blend(stone, hex(0xffd469), 0.85f * streak);
    }
    return stone;
  }

  Vec2 flow(Vec2 p) const {
    if (is_path(p)) return {1, 0.25f * fractal_noise(p * 10, seed_ + 8, 2)};
    const Vec2 d = p - kVanish;
    if (is_ground(p))
      return unit(d) + Vec2{d.x > 0 ? 0.9f : -0.9f, 0.2f * fractal_noise(p * 8, seed_ + 8, 2)};
    // Boughs arch over the path; the knife follows them loosely.
    const Vec2 arch = unit(quarter_turn(d)) * 0.6f + unit(d) * 0.5f;
    return rotated(arch, 1.5f * fractal_noise(p * 4, seed_ + 9, 2));
  }

  float scale(Vec2 p) const {
    const float r = std::max(std::abs(p.x - kVanish.x), std::abs(p.y - kVanish.y));
    return 0.42f + 1.2f * r;
  }

 private:
  std::uint32_t seed_;
  std::vector<Lamp> lamps_;
};

Brush knife() {
  return {.bristles = 5,
          .streak = 0.9f,
          .grain = 0.1f,
          .dry = 0.4f,
          .ragged = 0.3f,
          .round = 0.12f,
          .body = 1.7f,
          .furrow = 0.22f,
          .lip = 0.75f};
}

class Woodsman {
 public:
  Woodsman(std::vector<Stroke>& strokes, std::uint32_t seed) : strokes_(strokes), rng_(seed) {}

  // A trunk with its boughs, and its dark reflection where it meets the path.
  void tree(const Trunk& trunk) {
    const Vec2 base = foot(trunk);
    const float thick = 0.004f + 0.034f * trunk.near;
    const float tall = 0.2f + 0.95f * trunk.near;
    bough(base, -0.5f * kPi - trunk.side * 0.03f, tall, thick, 3, -trunk.side);
    for (int i = 0; i < 5; ++i) {
      const Vec2 at = base + Vec2{thick * rng_.normal(), 0.004f};
      line({at, at + Vec2{trunk.side * 0.4f * thick, 0.8f * thick},
            at + Vec2{trunk.side * (1 + rng_.uniform()) * thick, thick}},
           0.4f * thick, kBark.at(0.2f));
    }
  }

  void lamp(const Lamp& lamp, float ground) {
    line({lamp.at, lamp.at + Vec2{0, 0.5f * (ground - lamp.at.y)}, {lamp.at.x, ground}},
         0.19f * lamp.radius + 0.001f, hex(0x141026));
    for (int i = 0; i < 16; ++i) {
      const float t = 1 - static_cast<float>(i) / 16;
      const Vec2 off = heading(rng_.uniform(0, kTau)) * (lamp.radius * 1.6f * t * rng_.uniform());
      const Vec2 d = heading(rng_.uniform(0, kTau)) * (0.6f * lamp.radius);
      slab(lamp.at + off, d, 0.55f * lamp.radius, blend(hex(0xfffdf0), hex(0xffc34a), t), hex(0xfff3b8));
    }
  }

  // Somebody walking home under a red umbrella.
  void walker(Vec2 feet, float tall) {
    const Colour coat = hex(0x1b1546);
    for (const float side : {-1.0f, 1.0f})
      line({feet + Vec2{side * 0.07f * tall, 0}, feet + Vec2{side * 0.05f * tall, -0.15f * tall},
            feet + Vec2{side * 0.03f * tall, -0.3f * tall}},
           0.04f * tall, hex(0x0c0920));
    for (const float fold : {-1.0f, 1.0f, -0.5f, 0.5f, 0.0f}) {
      const Vec2 shoulder = feet + Vec2{0.05f * fold * tall, -0.72f * tall},
                 hem = feet + Vec2{0.15f * fold * tall, -0.2f * tall};
      const Colour cloth = fold > 0 ? hex(0x3c4fa0) : coat;
      strokes_.push_back(
          {{{shoulder, 0.045f * tall}, {(shoulder + hem) * 0.5f, 0.055f * tall}, {hem, 0.06f * tall}},
           jittered(cloth, {}, rng_),
           hex(0x5a6fc0),
           knife(),
           rng_.next()});
    }
    slab(feet - Vec2{0, 0.76f * tall}, {0, 0.04f * tall}, 0.05f * tall, hex(0x3a1a1c), hex(0x8a4a30));
    const Vec2 crown = feet - Vec2{0.02f * tall, 1.02f * tall};
    for (int i = 0; i < 7; ++i) {
      const float spread = (static_cast<float>(i) - 3) / 3;
      const Vec2 hem =
          crown + Vec2{0.36f * tall * spread, 0.2f * tall - 0.03f * tall * (1 - spread * spread)};
      const Colour red =
          jittered(blend(hex(0xf0452c), hex(0x9c1028), 0.5f + 0.5f * spread), {0.03f, 0.08f, 0.1f}, rng_);
      strokes_.push_back({pressed(curve(crown, crown + Vec2{0.26f * tall * spread, 0.02f * tall}, hem, 8),
                                  0.07f * tall, 0.5f, 0.2f),
                          red, lighter(red, 0.1f), knife(), rng_.next()});
    }
    for (float y = feet.y; y < feet.y + 0.9f * tall; y += 0.09f * tall)
      slab({feet.x + 0.03f * tall * rng_.normal(), y + 0.03f * tall},
           {0.15f * tall * rng_.uniform(0.5f, 1.2f), 0}, 0.03f * tall,
           y > feet.y + 0.5f * tall ? hex(0xa8202c) : coat, hex(0x46509c));
  }

 private:
  void line(const std::vector<Vec2>& path, float half, Colour load) {
    strokes_.push_back({pressed(path, half, 0, 0.5f), load, lighter(load, 0.1f), knife(), rng_.next()});
  }

  void slab(Vec2 at, Vec2 reach, float half, Colour load, Colour second) {
    strokes_.push_back(
        {{{at - reach, half}, {at, half}, {at + reach, half}}, load, second, knife(), rng_.next()});
  }

  void bough(Vec2 from, float angle, float reach, float thick, int branchings, float lean) {
    const int joints = 7;
    Vec2 at = from;
    for (int i = 0; i < joints; ++i) {
      const float gone = static_cast<float>(i) / joints;
      angle += 0.12f * rng_.normal() + 0.035f * lean;
      const Vec2 to = at + heading(angle) * (reach / joints);
      const float half = thick * (1 - 0.75f * gone);
      // Dark first, then the side that catches the light.
      const Vec2 over = quarter_turn(heading(angle));
      const auto strip = [&](float off, float share, Colour load, Colour second) {
        const Vec2 shift = over * (off * half);
        const Vec2 more = heading(angle) * (0.6f * half);
        strokes_.push_back({{{at + shift - more, share * half},
                             {(at + to) * 0.5f + shift, share * half},
                             {to + shift + more, share * half * 0.93f}},
                            load,
                            second,
                            knife(),
                            rng_.next()});
      };
      strip(0, 1, jittered(kBark.at(0.1f + 0.2f * rng_.uniform()), {0.02f, 0.2f, 0.2f}, rng_), hex(0x3b2a78));
      // Bark: short slabs, warm on the side of the light in the middle of the picture and blue on the other.
      for (int k = 0; k < 16; ++k) {
        const float off = rng_.uniform(-0.75f, 0.75f);
        const float warm = 0.5f + 0.5f * off * lean + 0.25f * rng_.normal();
        const Vec2 middle = at + (to - at) * rng_.uniform() + over * (off * half);
        const Vec2 run = rotated(heading(angle), 0.2f * rng_.normal()) * (half * rng_.uniform(0.35f, 0.9f));
        const Colour load = warm > 0.85f   ? kBark.at(rng_.uniform(0.75f, 1.1f))
                            : warm > 0.55f ? kBark.at(rng_.uniform(0.3f, 0.75f))
                            : warm > 0.2f  ? kBark.at(rng_.uniform(0.0f, 0.3f))
                                           : kShadow.at(rng_.uniform(0.3f, 0.95f));
        slab(middle, run, half * rng_.uniform(0.13f, 0.26f), jittered(load, {0.04f, 0.2f, 0.2f}, rng_),
             warm > 0.55f ? hex(0xe88a3a) : hex(0x46509c));
      }
      at = to;
      if (branchings > 0 && i >= 2 && reach > 0.03f) {
        const float turn = (rng_.chance(0.65f) ? lean : -lean) * rng_.uniform(0.5f, 1.0f);
        bough(at, angle + turn, reach * rng_.uniform(0.3f, 0.48f), half * 0.6f, branchings - 1, lean);
      }
    }
  }

  std::vector<Stroke>& strokes_;
  Rng rng_;
};

}  // namespace

void paint_autumn(Canvas& canvas, std::uint32_t seed) {
  const Avenue avenue(seed);
  Rng rng(seed + 1);
  canvas.prime([&](Vec2 p) {
    return Deposit{lighter(avenue.colour(p), -0.12f), 0.08f * std::sin(p.x * 900) * std::sin(p.y * 900)};
  });
  const Scene scene{.colour = [&](Vec2 p) { return avenue.colour(p); },
                    .flow = [&](Vec2 p) { return avenue.flow(p); },
                    .scale = [&](Vec2 p) { return avenue.scale(p); }};
  // The path is laid in level slabs, everything else in loose ones.
  const Scene ground{.colour = scene.colour, .flow = scene.flow, .scale = [&](Vec2 p) {
                       return avenue.is_path(p) ? avenue.scale(p) : 0.0f;
                     }};
  const Scene leaves{.colour = scene.colour, .flow = scene.flow, .scale = [&](Vec2 p) {
                       return avenue.is_path(p) ? 0.0f : avenue.scale(p);
                     }};
  const Scene crowns{.colour = scene.colour, .flow = scene.flow, .scale = [&](Vec2 p) {
                       const bool bare =
                           fractal_noise(p * 9, seed, 2) > 0.62f - 1.6f * smoothstep(0.15f, 0.48f, p.y);
                       return avenue.is_ground(p) || bare ? 0.0f : avenue.scale(p);
                     }};
  std::vector<Stroke> strokes;
  cover(strokes, scene,
        {.width = 0.06f,
         .length = 0.12f,
         .spacing = 0.026f,
         .stray = 0.25f,
         .stop_at = 0.3f,
         .pick_up = 0.1f,
         .press = 0,
         .lift = 0,
         .jitter = {0.04f, 0.15f, 0.15f},
         .brush = knife()},
        rng);
  cover(strokes, leaves,
        {.width = 0.03f,
         .length = 0.06f,
         .spacing = 0.018f,
         .stray = 0.5f,
         .stop_at = 0.22f,
         .pick_up = 0.12f,
         .press = 0,
         .lift = 0,
         .jitter = {0.05f, 0.18f, 0.2f},
         .brush = knife()},
        rng);
  cover(strokes, ground,
        {.width = 0.02f,
         .length = 0.075f,
         .spacing = 0.0125f,
         .stray = 0.06f,
         .stop_at = 0.2f,
         .pick_up = 0.1f,
         .press = 0,
         .lift = 0,
         .jitter = {0.045f, 0.15f, 0.2f},
         .brush = knife()},
        rng);
  Woodsman woodsman(strokes, seed + 2);
  for (const float near : {0.06f, 0.12f, 0.2f, 0.31f, 0.46f, 0.68f, 0.98f})
    for (const float side : {-1.0f, 1.0f})
      woodsman.tree({near * rng.uniform(0.92f, 1.06f) + (side > 0 ? 0.02f : 0.0f), side});
  for (const Lamp& lamp : avenue.lamps())
    woodsman.lamp(lamp, lamp.at.y + 0.07f + 18 * (lamp.radius - 0.006f));
  woodsman.walker({0.455f, 0.72f}, 0.15f);
  cover(strokes, crowns,
        {.width = 0.024f,
         .length = 0.042f,
         .spacing = 0.02f,
         .stray = 0.6f,
         .pick_up = 0.12f,
         .press = 0,
         .lift = 0,
         .jitter = {0.06f, 0.2f, 0.2f},
         .brush = knife()},
        rng);
  cover(strokes, leaves,
        {.width = 0.012f,
         .length = 0.024f,
         .spacing = 0.024f,
         .stray = 0.8f,
         .pick_up = 0.14f,
         .press = 0,
         .lift = 0,
         .cover = 0.5f,
         .jitter = {0.08f, 0.25f, 0.2f},
         .brush = knife()},
        rng);
  canvas.lay(strokes);
}

}  // namespace nst::paint
