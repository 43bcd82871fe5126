// Curling waves in the manner of a woodblock print. Every wave is a plume: a logarithmic spiral that narrows
// towards its tip, so that bands drawn beside its spine never cross. Foam is plumes on plumes.
#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

constexpr std::uint32_t kInk = 0x0b1a3c;
const Ramp kSky{0x6f9a9c, 0xa9bda6, 0xe2d3a2, 0xf4e3b8, 0xf3cf9c, 0xe9a578, 0xd98163};
const Ramp kSea{0x0e2350, 0x17407c, 0x2a66a4, 0x5a97c0, 0xa3c9d2, 0xe6e6cf};
const Ramp kFoam{0xb9cfd0, 0xdfe4d2, 0xf6efd8, 0xfffaea};

struct Plume {
  Vec2 base;
  float angle = 0;      // heading at the base
  float reach = 0;      // length of the spine from the base
  float side = 1;       // 1 curls clockwise, -1 anticlockwise
  float girth = 0.34f;  // half width at the base, as a fraction of the reach
  float pitch = 0.62f;  // radius of curvature over the way left to go; must exceed the girth
  float begin = -0.8f;  // how far below the base the body begins, in reaches
};

class Spine {
 public:
  explicit Spine(const Plume& plume) : plume_(plume) {
    // The curvature is 1 / (pitch * way left), so the heading turns by the logarithm of the way left.
    const int count = 110;
    const auto heading_at = [&](float s) { return plume.angle - plume.side * std::log(1 - s) / plume.pitch; };
    Vec2 at = plume.base;
    float s = 0;
    for (; s > plume.begin; s -= 0.02f) at = at - heading(heading_at(s - 0.01f)) * (0.02f * plume.reach);
    // Even steps of the logarithm: finer where it curls.
    const float from = std::log(1 - s), to = std::log(0.035f);
    for (int i = 0; i <= count; ++i) {
      const float next = 1 - std::exp(mix(from, to, static_cast<float>(i) / count));
      at = at + heading(heading_at(0.5f * (s + next))) * ((next - s) * plume.reach);
      s = next;
      points_.push_back({at, heading(heading_at(s)), plume.girth * (1 - s) * plume.reach});
    }
  }

  struct Point {
    Vec2 at, along;
    float half_width;
  };
  const std::vector<Point>& points() const { return points_; }

  // Beside the spine: `across` is -1 on the outer side of the curl and 1 on the inner.
  Vec2 beside(std::size_t i, float across) const {
    const Point& p = points_[i];
    return p.at + quarter_turn(p.along) * (plume_.side * across * p.half_width);
  }

 private:
  Plume plume_;
  std::vector<Point> points_;
};

class Printer {
 public:
  Printer(std::vector<Stroke>& strokes, std::uint32_t seed) : strokes_(strokes), rng_(seed) {}

  // A wave with its bands, outlines and foam.
  void wave(const Plume& plume) {
    const Spine spine(plume);
    const std::size_t last = spine.points().size() - 1;
    // From the outer side inwards: spray, light, and deeper and deeper blues, in stripes.
    static constexpr float kTones[] = {0.98f, 0.72f, 0.42f, 0.58f, 0.22f, 0.36f, 0.1f, 0.28f, 0.06f};
    constexpr int kBands = 9;
    for (int b = 0; b < kBands; ++b) {
      const float across = -1 + 2 * (static_cast<float>(b) + 0.5f) / kBands;
      for (std::size_t i = 0; i < last;) {
        const std::size_t end = std::min(last, i + 9 + rng_.index(14));
        band(spine, i, end, across, 1.5f / kBands,
             jittered(kSea.at(kTones[b]), {0.035f, 0.08f, 0.15f}, rng_));
        i = end == last ? last : end - 3;
      }
    }
    // The grain of the water: thin strokes along the bands, lighter and darker.
    const int grains = 60 + static_cast<int>(500 * plume.reach);
    for (int k = 0; k < grains; ++k) {
      const std::size_t from = rng_.index(last - 8);
      const std::size_t to = std::min(last, from + 8 + rng_.index(16));
      const float across = rng_.uniform(-0.93f, 0.93f);
      const auto b = static_cast<std::size_t>((across + 1) * 0.5f * kBands);
      const float tone = kTones[b] + (rng_.chance(0.5f) ? 0.2f : -0.14f) * rng_.uniform();
      std::vector<Vec2> path;
      for (std::size_t i = from; i <= to; ++i) path.push_back(spine.beside(i, across));
      const Colour load = jittered(kSea.at(tone), {0.03f, 0.16f, 0.25f}, rng_);
      strokes_.push_back(
          {pressed(path, spine.points()[(from + to) / 2].half_width * rng_.uniform(0.03f, 0.07f), 0.4f, 0.5f),
           load, lighter(load, 0.08f), wood(), rng_.next()});
    }
    for (int b = 1; b < kBands; ++b)
      line(spine, 0, last, -1 + 2 * static_cast<float>(b) / kBands, b % 2 == 0 ? 0.018f : 0.028f,
           b % 2 == 0 ? hex(0xdfe9e2) : hex(0x14305f));
    line(spine, 0, last, 1, 0.06f, hex(kInk));
    line(spine, 0, last, -1, 0.05f, hex(kInk));
    foam(plume, spine);
  }

  // A disc of level strokes in an outline, like ink rolled onto the block.
  void sun(Vec2 at, float radius) {
    for (int layer = 0; layer < 2; ++layer) {
      for (float y = -radius; y < radius; y += 0.0058f) {
        const float chord = std::sqrt(std::max(0.0f, radius * radius - y * y));
        for (float x = -chord; x < chord;) {
          const float end = std::min(chord, x + rng_.uniform(0.04f, 0.16f));
          const Colour load = jittered(blend(hex(0xb4182c), hex(0xe8622f), 0.5f + 0.5f * y / radius),
                                       {0.025f, 0.1f, 0.1f}, rng_);
          const Vec2 from = at + Vec2{x, y}, to = at + Vec2{end, y + 0.002f * rng_.normal()};
          if (end - x > 0.006f)
            strokes_.push_back({{{from, 0.0065f}, {(from + to) * 0.5f, 0.0065f}, {to, 0.0065f}},
                                load,
                                hex(0xf08048),
                                wood(),
                                rng_.next()});
          x = end < chord ? end - 0.004f : chord;
        }
      }
    }
    std::vector<Vec2> rim;
    for (int k = 0; k <= 80; ++k)
      rim.push_back(at + heading(0.4f + (kTau + 0.2f) * static_cast<float>(k) / 80) * (radius + 0.002f));
    strokes_.push_back({pressed(rim, 0.0036f, 0.1f, 0.1f), hex(kInk), hex(0x5a1c2c), pen(), rng_.next()});
  }

  // Ribbons that trail along the wind and end in scrolls.
  void cloud(Vec2 at, float size) {
    ribbon(at + Vec2{-0.9f * size, 0.5f * size}, 1, 1.9f * size, 0.42f * size);
    ribbon(at + Vec2{1.9f * size, 0.95f * size}, -1, 1.7f * size, 0.3f * size);
    ribbon(at + Vec2{-1.7f * size, 0}, 1, 1.5f * size, 0.55f * size);
    ribbon(at + Vec2{-0.4f * size, 0.95f * size}, 1, 1.0f * size, 0.24f * size);
  }

  // The water between the waves: long strokes along the swell with lines of ink and light.
  void swell(float top, float bottom, float size, float depth) {
    const float phase = rng_.uniform(0, kTau), length_of_wave = 0.5f * size + 0.12f;
    const auto surface = [&](float x, float y) {
      return y + 0.13f * size * std::sin(kTau * x / length_of_wave + phase + 5 * y) +
             0.05f * size * std::sin(kTau * x / (0.43f * length_of_wave) + 2 * phase);
    };
    const float step = 0.034f * size + 0.003f;
    int row = 0;
    for (float y = top; y < bottom; y += step, ++row) {
      const float stripe = row % 4 == 0 ? 0.86f : row % 4 == 1 ? 0.5f : row % 4 == 2 ? 0.24f : 0.08f;
      for (float x = -0.1f; x < 1.1f;) {
        const float reach = rng_.uniform(0.08f, 0.22f) * (0.4f + size);
        std::vector<Vec2> path;
        for (int k = 0; k <= 14; ++k) {
          const float px = x + reach * static_cast<float>(k) / 14;
          path.push_back({px, surface(px, y)});
        }
        const Colour load = jittered(kSea.at(stripe + 0.08f * depth), {0.035f, 0.1f, 0.15f}, rng_);
        strokes_.push_back(
            {pressed(path, 0.75f * step, 0.1f, 0.2f), load, lighter(load, 0.07f), wood(), rng_.next()});
        x += reach * 0.82f;
      }
      if (row % 2 == 0) continue;
      std::vector<Vec2> path;
      for (int k = 0; k <= 90; ++k) {
        const float px = -0.05f + 1.1f * static_cast<float>(k) / 90;
        path.push_back({px, surface(px, y - 0.5f * step)});
      }
      strokes_.push_back(
          {pressed(path, 0.0011f + 0.003f * size, 0, 0), hex(kInk), hex(0x1d3f7a), pen(), rng_.next()});
    }
  }

 private:
  // A print shows the grain of the block.
  static Brush wood() {
    return {.bristles = 13,
            .streak = 0.6f,
            .grain = 0.22f,
            .dry = 0.2f,
            .ragged = 0.25f,
            .body = 0.9f,
            .furrow = 0.8f,
            .lip = 0.25f};
  }
  static Brush pen() {
    return {.bristles = 3,
            .streak = 0.5f,
            .grain = 0.15f,
            .dry = 0.1f,
            .ragged = 0.5f,
            .body = 0.9f,
            .lip = 0.1f};
  }

  // `way` is 1 for a ribbon that runs to the right and -1 for one that runs to the left.
  void ribbon(Vec2 from, float way, float tail, float radius) {
    const float half = 0.2f * radius;
    std::vector<Vec2> path;
    const float phase = rng_.uniform(0, kTau);
    const auto sag = [&](float t) { return 0.25f * radius * std::sin(phase + 4 * t) * (1 - t); };
    for (int k = 0; k < 20; ++k) {
      const float t = static_cast<float>(k) / 20;
      path.push_back(from + Vec2{way * tail * t, sag(t)});
    }
    const Vec2 eye = from + Vec2{way * tail, -radius};
    for (int k = 0; k <= 60; ++k) {
      const float t = static_cast<float>(k) / 60;
      const Vec2 arm = heading(0.5f * kPi - 1.75f * kTau * t) * (radius * (1 - 0.82f * t));
      path.push_back(eye + Vec2{way * arm.x, arm.y});
    }
    const auto lay = [&](float width, Colour load, Colour second, const Brush& brush) {
      strokes_.push_back({pressed(path, width, 0.25f, 0.2f), load, second, brush, rng_.next()});
    };
    lay(half + 0.0024f, hex(kInk), hex(0x17305e), pen());
    lay(half, kFoam.at(0.95f), hex(0xf3e3b8), wood());
    lay(0.3f * half, hex(0x4f93a8), hex(0x2a66a4), pen());
  }

  void band(const Spine& spine, std::size_t from, std::size_t to, float across, float share, Colour load) {
    std::vector<Knot> path;
    for (std::size_t i = from; i <= to; ++i)
      path.push_back({spine.beside(i, across), share * spine.points()[i].half_width});
    strokes_.push_back({path, load, lighter(load, rng_.chance(0.5f) ? 0.09f : -0.06f), wood(), rng_.next()});
  }

  void line(const Spine& spine, std::size_t from, std::size_t to, float across, float share, Colour ink) {
    std::vector<Knot> path;
    for (std::size_t i = from; i <= to; ++i)
      path.push_back(
          {spine.beside(i, across), std::clamp(share * spine.points()[i].half_width, 0.0009f, 0.0055f)});
    strokes_.push_back({path, ink, lighter(ink, 0.06f), pen(), rng_.next()});
  }

  // Fingers of foam reach forward from the outer side of the curl, nearer ones over farther ones; drops fly
  // off them.
  void foam(const Plume& plume, const Spine& spine) {
    const std::size_t count = spine.points().size();
    float gone = 0;
    for (std::size_t i = count - 4; i > count / 4; --i) {
      const Spine::Point& p = spine.points()[i];
      gone += length(spine.points()[i + 1].at - p.at);
      const float size = (0.45f * p.half_width + 0.07f * plume.reach) * rng_.uniform(0.7f, 1.25f);
      if (gone < 0.42f * size) continue;
      gone = 0;
      const float onward = std::atan2(p.along.y, p.along.x);
      const float out = onward - plume.side * rng_.uniform(0.35f, 0.95f);
      // Froth behind the finger, on the face of the wave.
      for (int k = 0; k < 3; ++k)
        drop(spine.beside(i, -0.85f + 0.5f * rng_.uniform()) + p.along * (0.3f * size * rng_.normal()),
             size * rng_.uniform(0.05f, 0.13f));
      finger({spine.beside(i, -0.7f), out, size, plume.side, 0.25f, 0.4f, -0.2f}, 1);
      for (int k = 0; k < 3; ++k) {
        const Vec2 away = heading(out - plume.side * rng_.uniform(-0.3f, 0.9f));
        drop(p.at + away * (size * rng_.uniform(1.3f, 2.6f)),
             std::min(0.0085f, size * rng_.uniform(0.03f, 0.1f)));
      }
    }
  }

  void finger(const Plume& plume, int branchings) {
    const Spine spine(plume);
    const std::size_t last = spine.points().size() - 1;
    line_around(spine, last);
    for (int b = 0; b < 3; ++b) {
      const float across = -0.6f + 0.6f * static_cast<float>(b);
      band(spine, 0, last, across, 0.42f,
           jittered(b == 2 ? hex(0x9fc0cc) : kFoam.at(b == 0 ? 1.0f : 0.6f), {0.02f, 0.1f, 0.1f}, rng_));
    }
    if (branchings == 0 || plume.reach < 0.02f) return;
    for (const float share : {0.3f, 0.5f}) {
      const auto i = static_cast<std::size_t>(share * static_cast<float>(last));
      const Spine::Point& p = spine.points()[i];
      finger(
          {spine.beside(i, -0.6f), std::atan2(p.along.y, p.along.x) - plume.side * rng_.uniform(0.5f, 0.9f),
           plume.reach * rng_.uniform(0.38f, 0.5f), plume.side, 0.25f, 0.4f, -0.15f},
          branchings - 1);
    }
  }

  void line_around(const Spine& spine, std::size_t last) {
    std::vector<Knot> path;
    for (std::size_t i = 0; i <= last; ++i)
      path.push_back({spine.points()[i].at, spine.points()[i].half_width + 0.0018f});
    strokes_.push_back({path, hex(kInk), hex(0x17305e), pen(), rng_.next()});
  }

  void drop(Vec2 at, float radius) {
    if (radius < 0.0012f) return;
    const Brush round{.bristles = 4, .grain = 0.1f, .dry = 0, .ragged = 0.15f, .round = 1, .body = 1.3f};
    const auto disc = [&](float r, Colour load) {
      const Vec2 d = heading(0.6f) * r;
      strokes_.push_back({{{at - d, r}, {at, r}, {at + d, r}}, load, load, round, rng_.next()});
    };
    disc(radius + 0.0013f, hex(kInk));
    disc(radius, kFoam.at(rng_.uniform(0.5f, 1.0f)));
  }

  std::vector<Stroke>& strokes_;
  Rng rng_;
};

}  // namespace

void paint_waves(Canvas& canvas, std::uint32_t seed) {
  Rng rng(seed + 1);
  const std::uint32_t grain = rng.next();
  const Vec2 sun{0.74f + 0.03f * rng.normal(), 0.2f + 0.015f * rng.normal()};
  canvas.prime([&](Vec2 p) {
    return Deposit{kSky.at(0.9f * p.y), 0.25f * value_noise(p.x * 14, p.y * 420, grain)};
  });
  const Scene sky{
      .colour =
          [&](Vec2 p) {
            const float bank = fractal_noise({p.x * 1.6f, p.y * 8}, grain + 1, 3);
            const float veil = 0.5f + 0.5f * std::sin(46 * p.y + 5 * std::sin(4.1f * p.x) + 6 * bank);
            return blend(kSky.at(1.75f * p.y + 0.16f * bank), hex(0xfbf0d2), 0.55f * veil * veil);
          },
      .flow = [&](Vec2 p) -> Vec2 {
        return {1, 0.4f * std::sin(8 * p.x + 14 * p.y) * 0.5f + 0.5f * fractal_noise(p * 3, grain + 2, 2)};
      },
      .scale = [](Vec2 p) { return p.y < 0.75f ? 1.0f : 0.0f; }};
  std::vector<Stroke> strokes;
  const Brush flat{
      .bristles = 15, .streak = 0.6f, .dry = 0.35f, .ragged = 0.35f, .body = 0.8f, .furrow = 0.8f};
  cover(strokes, sky, {.width = 0.03f, .length = 0.2f, .spacing = 0.026f, .stop_at = 0.09f, .brush = flat},
        rng);
  cover(strokes, sky,
        {.width = 0.016f,
         .length = 0.12f,
         .spacing = 0.013f,
         .stop_at = 0.07f,
         .pick_up = 0.05f,
         .jitter = {0.022f, 0.12f, 0.2f},
         .brush = flat},
        rng);
  cover(strokes, sky,
        {.width = 0.005f,
         .length = 0.09f,
         .spacing = 0.014f,
         .pick_up = 0.05f,
         .cover = 0.7f,
         .jitter = {0.09f, 0.25f, 0.4f},
         .brush = flat},
        rng);
  Printer printer(strokes, seed + 2);
  printer.sun(sun, 0.115f);
  printer.cloud({0.23f, 0.11f}, 0.095f);
  printer.cloud({0.5f, 0.25f}, 0.052f);
  printer.cloud({0.9f, 0.29f}, 0.062f);
  struct Row {
    float y, size;
    std::vector<float> places;
  };
  const std::vector<Row> rows{{0.5f, 0.15f, {0.04f, 0.2f, 0.37f, 0.53f, 0.7f, 0.87f, 1.02f}},
                              {0.58f, 0.24f, {0.6f, 0.84f, 1.06f}},
                              {0.68f, 0.66f, {0.13f}},
                              {0.8f, 0.28f, {0.62f, 0.9f}},
                              {0.93f, 0.3f, {0.02f, 0.28f, 0.55f, 0.8f, 1.02f}}};
  for (const Row& row : rows) {
    printer.swell(row.y, std::min(1.1f, row.y + 0.34f), row.size, row.y);
    for (const float x : row.places) {
      const float size = row.size * rng.uniform(0.9f, 1.1f);
      const Vec2 base{x + 0.02f * rng.normal(), row.y + 0.02f * rng.normal()};
      // The great wave always stands up and curls over.
      const bool great = row.size > 0.5f;
      const float angle = great ? -1.2f + 0.05f * rng.normal() : -1.1f + 0.16f * rng.normal();
      printer.wave(
          {base, angle, size, 1, 0.34f, great ? rng.uniform(0.6f, 0.66f) : rng.uniform(0.54f, 0.7f)});
    }
  }
  canvas.lay(strokes);
}

}  // namespace nst::paint
