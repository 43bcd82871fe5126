// A crowded bouquet: large and small blossoms, each built from layered petals, and each petal from strokes
// that fan out from its base.
#include <array>

#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

struct Blossom {
  Vec2 at;
  float radius = 0;
  int form = 0;      // index into the painters below
  float squash = 1;  // foreshortening along `tilt`
  float tilt = 0;
};

// Dark base to light tip.
const std::array<Ramp, 6> kReds{Ramp{0x3d0413, 0x8e0f22, 0xc9252b, 0xee5a3f, 0xf9a27d},
                                Ramp{0x4a0a33, 0x9c1b56, 0xd8457f, 0xf28aa9, 0xfcd3d4},
                                Ramp{0x6a1606, 0xb63a0c, 0xe8701a, 0xf8a53a, 0xfddb8d},
                                Ramp{0x5b1030, 0xb02a3e, 0xe2676a, 0xf5aa93, 0xfde4c8},
                                Ramp{0x6b4a12, 0xc0912f, 0xecc45e, 0xf9e6a4, 0xfffbe4},
                                Ramp{0x2b1557, 0x56309a, 0x8a63c8, 0xb99be0, 0xe6d6f2}};
const Ramp kLeaf{0x061a1c, 0x0c3330, 0x17543c, 0x3a8046, 0x86ad4f, 0xd3d888};
const Ramp kShade{0x04101a, 0x0a2230, 0x0f3a45, 0x1a5a58};

class Florist {
 public:
  Florist(std::vector<Stroke>& strokes, std::uint32_t seed) : strokes_(strokes), rng_(seed) {}

  std::vector<Blossom> arrange() {
    std::vector<Blossom> bunch;
    for (const auto& [radius, tries] :
         {std::pair{0.165f, 60}, {0.125f, 160}, {0.09f, 300}, {0.06f, 500}, {0.036f, 700}}) {
      for (int i = 0; i < tries; ++i) {
        const Vec2 at{rng_.uniform(-0.04f, 1.04f), rng_.uniform(-0.04f, 1.04f)};
        const float r = radius * rng_.uniform(0.88f, 1.12f);
        bool free = true;
        for (const Blossom& other : bunch) free = free && length(other.at - at) > 0.9f * (other.radius + r);
        if (!free) continue;
        const int form = radius < 0.05f ? 1 : static_cast<int>((bunch.size() + rng_.index(2)) % 3);
        bunch.push_back({at, r, form, rng_.uniform(0.78f, 1.0f), rng_.uniform(0, kPi)});
      }
    }
    std::reverse(bunch.begin(), bunch.end());  // the large ones are in front
    return bunch;
  }

  // Leaves and stalks between the blossoms.
  void leaf(Vec2 at, float angle, float reach) {
    const float tone = rng_.uniform(0.15f, 0.75f);
    const float bend = rng_.uniform(-0.35f, 0.35f);
    const Vec2 along = heading(angle), over = quarter_turn(along);
    const Vec2 tip = at + along * reach + over * (bend * reach);
    const Brush brush{.bristles = 10, .streak = 0.8f, .dry = 0.25f, .body = 1.2f, .furrow = 0.7f};
    for (const float side : {-1.0f, 1.0f}) {
      for (int k = 2; k >= 0; --k) {
        const float spread = side * 0.1f * (static_cast<float>(k) + 0.5f) * reach;
        const Vec2 middle = at + along * (0.5f * reach) + over * (spread * 2.2f + 0.1f * bend * reach);
        const Colour load = jittered(kLeaf.at(tone + (side < 0 ? 0.16f : -0.1f)), {0.03f, 0.15f, 0.2f}, rng_);
        strokes_.push_back({pressed(curve(at, middle, tip), 0.085f * reach, 0.3f, 0.6f), load,
                            lighter(load, 0.09f), brush, rng_.next()});
      }
    }
    const Colour rib = lighter(kLeaf.at(tone + 0.3f), 0.05f);
    strokes_.push_back({pressed(curve(at, at + along * (0.5f * reach) + over * (0.1f * bend * reach), tip),
                                0.012f * reach + 0.0012f, 0.2f, 0.7f),
                        rib,
                        rib,
                        {.bristles = 4, .dry = 0.5f},
                        rng_.next()});
  }

  void paint(const Blossom& blossom) {
    blossom_ = blossom;
    const Ramp& main = kReds[pick_ramp()];
    shadow();
    if (blossom.form == 0) peony(main);
    if (blossom.form == 1) daisy(main);
    if (blossom.form == 2) poppy(main);
  }

 private:
  std::size_t pick_ramp() {
    static constexpr std::array<std::size_t, 12> kShare{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5};
    return kShare[rng_.index(kShare.size())];
  }

  // From the flower's own disc (radius 1) to the picture.
  Vec2 place(Vec2 p) const {
    Vec2 q = rotated(p, -blossom_.tilt);
    q.y *= blossom_.squash;
    return blossom_.at + rotated(q, blossom_.tilt) * blossom_.radius;
  }

  // The side towards the light is lighter.
  static float lit(float angle) { return 0.09f * (-0.64f * std::cos(angle) - 0.77f * std::sin(angle)); }

  void stroke(const std::vector<Vec2>& disc_path, float half, float press, float lift, Colour load,
              Colour second, const Brush& brush) {
    std::vector<Vec2> path;
    for (const Vec2 p : disc_path) path.push_back(place(p));
    strokes_.push_back(
        {pressed(path, half * blossom_.radius, press, lift), load, second, brush, rng_.next()});
  }

  // What lies behind: a ring of dark strokes that cuts the flower out of its neighbours.
  void shadow() {
    const Brush brush{.bristles = 8, .dry = 0.5f, .body = 0.6f};
    for (int i = 0; i < 26; ++i) {
      const float angle = kTau * static_cast<float>(i) / 26 + 0.1f * rng_.normal();
      const float r = rng_.uniform(0.85f, 1.08f);
      const Colour load = jittered(kShade.at(rng_.uniform()), {}, rng_);
      stroke(curve(heading(angle - 0.2f) * r, heading(angle) * (r * 1.06f), heading(angle + 0.2f) * r, 7),
             0.09f, 0.3f, 0.4f, load, lighter(load, 0.06f), brush);
    }
  }

  struct Petal {
    float angle = 0, root = 0, tip = 1, width = 0.4f;  // `width` of the whole petal, on the unit disc
    float tone = 0.5f;
  };

  void petal(const Petal& petal, const Ramp& ramp) {
    const Brush brush{.bristles = 11,
                      .streak = 0.85f,
                      .grain = 0.3f,
                      .dry = 0.12f,
                      .ragged = 0.5f,
                      .body = 1.5f,
                      .furrow = 0.75f,
                      .lip = 0.5f};
    const Vec2 along = heading(petal.angle), over = quarter_turn(along);
    const float span = petal.tip - petal.root;
    const int fan = 3;
    const float glow = lit(petal.angle);
    for (int j = 0; j <= 2 * fan; ++j) {
      // From both edges towards the middle.
      const int k = (j % 2 == 0 ? 1 : -1) * (fan - j / 2);
      const float off = static_cast<float>(k) / fan;
      const float end = petal.tip - 0.2f * span * off * off + 0.03f * rng_.normal();
      const Vec2 a = along * petal.root + over * (0.08f * petal.width * off);
      const Vec2 b = along * (petal.root + 0.55f * span) + over * (0.72f * petal.width * off);
      const Vec2 c = along * end + over * (0.36f * petal.width * off);
      const Colour load =
          jittered(lighter(ramp.at(petal.tone + 0.1f * off * (petal.angle > 0 ? 1.0f : -1.0f)), glow),
                   {0.03f, 0.06f, 0.1f}, rng_);
      stroke(curve(a, b, c), 0.2f * petal.width, 0.5f, 0.35f, load,
             lighter(ramp.at(petal.tone + 0.22f), glow), brush);
    }
    // Depth in the throat, a light along the rim.
    for (int k = -1; k <= 1; ++k) {
      const Vec2 a = along * petal.root + over * (0.05f * petal.width * static_cast<float>(k));
      const Vec2 c = along * (petal.root + 0.55f * span * rng_.uniform(0.7f, 1.1f)) +
                     over * (0.2f * petal.width * static_cast<float>(k));
      stroke({a, (a + c) * 0.5f, c}, 0.07f * petal.width, 0.2f, 0.8f, ramp.at(petal.tone - 0.5f),
             ramp.at(petal.tone - 0.25f), {.bristles = 6, .dry = 0.7f, .body = 0.7f});
    }
    const Vec2 left = along * (petal.tip - 0.16f * span) - over * (0.3f * petal.width);
    const Vec2 right = along * (petal.tip - 0.16f * span) + over * (0.3f * petal.width);
    const Colour rim = jittered(lighter(ramp.at(petal.tone + 0.3f), glow), {}, rng_);
    stroke(curve(left, along * (petal.tip + 0.1f * span), right), 0.035f * petal.width + 0.008f, 0.5f, 0.5f,
           rim, lighter(rim, 0.06f), {.bristles = 6, .dry = 0.4f, .body = 1.9f});
  }

  void ring(int count, float root, float tip, float width, float tone, const Ramp& ramp) {
    const float offset = rng_.uniform(0, kTau);
    for (int i = 0; i < count; ++i) {
      const float angle =
          offset + kTau * (static_cast<float>(i) + 0.12f * rng_.normal()) / static_cast<float>(count);
      petal({angle, root, tip * (1 + 0.06f * rng_.normal()), width, tone + 0.06f * rng_.normal()}, ramp);
    }
  }

  void seeds(float radius, int count, const Ramp& ramp) {
    const Brush dot{.bristles = 4, .dry = 0, .ragged = 0.4f, .round = 1, .body = 2.2f};
    for (int i = 0; i < count; ++i) {
      // Vogel's sunflower, from the rim inwards.
      const float t = 1 - static_cast<float>(i) / static_cast<float>(count);
      const float angle = 2.39996f * static_cast<float>(i);
      const Vec2 at = heading(angle) * (radius * std::sqrt(t));
      const Vec2 d = heading(angle + 0.5f) * (0.16f * radius);
      const Colour load =
          jittered(ramp.at(0.15f + 0.75f * t * rng_.uniform(0.5f, 1.0f)), {0.04f, 0.1f, 0.1f}, rng_);
      stroke({at - d, at, at + d}, 0.13f * radius, 0, 0, load, lighter(load, 0.12f), dot);
    }
  }

  // Petals curl inwards, ring upon ring.
  void peony(const Ramp& ramp) {
    ring(8, 0.3f, 1.02f, 0.66f, 0.42f, ramp);
    ring(8, 0.22f, 0.84f, 0.56f, 0.55f, ramp);
    ring(7, 0.15f, 0.64f, 0.46f, 0.44f, ramp);
    ring(5, 0.0f, 0.42f, 0.4f, 0.3f, ramp);
    const Brush brush{.bristles = 9, .streak = 0.8f, .dry = 0.2f, .body = 1.7f, .lip = 0.6f};
    for (float r = 0.44f; r > 0.04f; r -= 0.045f) {
      const int arcs = r > 0.2f ? 5 : 3;
      const float offset = rng_.uniform(0, kTau);
      for (int i = 0; i < arcs; ++i) {
        const float angle =
            offset + kTau * static_cast<float>(i) / static_cast<float>(arcs) + 0.2f * rng_.normal();
        const float sweep = rng_.uniform(0.45f, 0.7f);
        const Colour load =
            jittered(lighter(ramp.at(0.25f + 0.5f * rng_.uniform() + 0.2f * (0.44f - r)), lit(angle)),
                     {0.03f, 0.08f, 0.1f}, rng_);
        std::vector<Vec2> arc;
        for (int k = -4; k <= 4; ++k)
          arc.push_back(heading(angle + sweep * static_cast<float>(k) / 4) *
                        (r * (1 - 0.012f * static_cast<float>(k * k))));
        stroke(arc, 0.05f, 0.4f, 0.4f, load, ramp.at(0.85f), brush);
      }
    }
  }

  void daisy(const Ramp& ramp) {
    ring(15, 0.2f, 1.02f, 0.27f, 0.55f, ramp);
    ring(13, 0.2f, 0.86f, 0.24f, 0.72f, ramp);
    static const Ramp kHeart{0x2a1206, 0x5e2a0a, 0xa85c10, 0xe7a322, 0xffe27a};
    seeds(0.31f, blossom_.radius > 0.08f ? 60 : 28, kHeart);
  }

  void poppy(const Ramp& ramp) {
    ring(5, 0.1f, 1.04f, 1.02f, 0.44f, ramp);
    ring(4, 0.1f, 0.8f, 0.86f, 0.56f, ramp);
    static const Ramp kHeart{0x08060f, 0x1a1030, 0x2c2350, 0x5d5a34, 0xc9c46a};
    for (int i = 0; i < 34; ++i) {
      const float angle = rng_.uniform(0, kTau), r = rng_.uniform(0.26f, 0.44f);
      const Colour load = i % 4 == 0 ? hex(0xe9c65a) : jittered(hex(0x1a0c26), {}, rng_);
      stroke({heading(angle) * (r - 0.1f), heading(angle + 0.05f) * r, heading(angle + 0.1f) * (r + 0.03f)},
             0.018f, 0.2f, 0.2f, load, lighter(load, 0.1f), {.bristles = 3, .dry = 0.2f, .body = 1.4f});
    }
    seeds(0.2f, 26, kHeart);
  }

  std::vector<Stroke>& strokes_;
  Rng rng_;
  Blossom blossom_;
};

}  // namespace

void paint_petals(Canvas& canvas, std::uint32_t seed) {
  Rng rng(seed + 1);
  const std::uint32_t ground = rng.next();
  canvas.prime([&](Vec2 p) {
    return Deposit{kShade.at(0.5f + 0.5f * fractal_noise(p * 5, ground)),
                   0.08f * std::sin(p.x * 900) * std::sin(p.y * 900)};
  });
  const Scene scene{.colour =
                        [&](Vec2 p) {
                          const float n = fractal_noise(p * 4, ground, 3);
                          return n > 0.1f ? kLeaf.at(0.15f + 0.6f * n) : kShade.at(0.7f + n);
                        },
                    .flow = [&](Vec2 p) { return heading(6 * fractal_noise(p * 2, ground + 1, 2)); }};
  std::vector<Stroke> strokes;
  cover(strokes, scene,
        {.width = 0.035f,
         .length = 0.12f,
         .spacing = 0.022f,
         .pick_up = 0.1f,
         .jitter = {0.04f, 0.2f, 0.2f},
         .brush = {.bristles = 12}},
        rng);
  Florist florist(strokes, seed + 2);
  const std::vector<Blossom> bunch = florist.arrange();
  for (const Vec2 at : scattered(0.062f, rng))
    florist.leaf(at, rng.uniform(0, kTau), rng.uniform(0.08f, 0.15f));
  for (const Blossom& blossom : bunch) {
    if (blossom.radius > 0.05f)
      for (int i = 0; i < 4; ++i) {
        const float angle = rng.uniform(0, kTau);
        florist.leaf(blossom.at + heading(angle) * (0.6f * blossom.radius), angle + 0.4f * rng.normal(),
                     blossom.radius * rng.uniform(0.8f, 1.1f));
      }
    florist.paint(blossom);
  }
  canvas.lay(strokes);
}

}  // namespace nst::paint
