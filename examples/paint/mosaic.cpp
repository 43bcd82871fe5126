// A mosaic of glass: a sun over hills and water. The tesserae are a centroidal Voronoi diagram whose cells
// turn with the lines of the picture (Hausner, Simulating decorative mosaics, SIGGRAPH 2001); contours of the
// picture cut them.
#include "examples/paint/kinds.h"
#include "examples/paint/layer.h"

namespace nst::paint {
namespace {

const Ramp kSunGlass{0xfff6c8, 0xffdf6e, 0xfdb72e, 0xf08a1c, 0xd9541a, 0xa82318};
const Ramp kSkyGlass{0xffdc8c, 0xf58a78, 0xc0489a, 0x5b45c0, 0x1660d0, 0x0c44a8, 0x0a2a80};
const Ramp kHillGlass{0x05443a, 0x067050, 0x12a05c, 0x66c24e, 0xd2dc4a};
const Ramp kWaterGlass{0x082c70, 0x0858a4, 0x0f90c0, 0x35c6cc, 0xc4f0dc};
const Ramp kEarthGlass{0x5e0c36, 0xa8144a, 0xe0304c, 0xf87a48, 0xffc862};

// What the picture shows at a point.
struct Motif {
  int part = 0;  // tesserae never straddle two parts
  Colour colour;
  Vec2 along;  // the direction of the rows
};

class Cartoon {
 public:
  explicit Cartoon(std::uint32_t seed) {
    Rng rng(seed);
    sun_ = {0.5f + 0.06f * rng.normal(), 0.34f + 0.01f * rng.normal()};
  }

  // Height of hill 0, 1, 2 and of the shore, 3.
  float crest(float x, int hill) const {
    switch (hill) {
      case 0:
        return 0.5f - 0.1f * bump(x - 0.12f, 0.2f) - 0.05f * bump(x - 0.95f, 0.22f) +
               0.012f * std::sin(11 * x);
      case 1:
        return 0.6f - 0.11f * bump(x - 0.86f, 0.24f) - 0.03f * bump(x - 0.36f, 0.15f);
      case 2:
        return 0.69f - 0.075f * bump(x - 0.18f, 0.25f) + 0.03f * x;
      default:
        return 0.78f + 0.02f * std::sin(7 * x + 0.5f);
    }
  }

  Motif at(Vec2 p) const {
    if (const int which = flower(p); which >= 0) return blossom(p, which);
    for (int hill = 3; hill >= 0; --hill)
      if (p.y > crest(p.x, hill)) return hill == 3 ? water(p) : slope(p, hill);
    return sky(p);
  }

 private:
  // Middle and radius.
  static constexpr float kFlowers[4][3] = {
      {0.12f, 0.86f, 0.085f}, {0.36f, 0.93f, 0.06f}, {0.66f, 0.91f, 0.068f}, {0.9f, 0.85f, 0.09f}};

  // Which flower p lies on, or -1.
  static int flower(Vec2 p) {
    for (int i = 0; i < 4; ++i) {
      const Vec2 d = p - Vec2{kFlowers[i][0], kFlowers[i][1]};
      const float lobes =
          0.84f + 0.16f * std::abs(std::cos(4 * std::atan2(d.y, d.x) + static_cast<float>(i)));
      if (length(d) < kFlowers[i][2] * lobes) return i;
    }
    return -1;
  }

  static Motif blossom(Vec2 p, int i) {
    const Vec2 d = p - Vec2{kFlowers[i][0], kFlowers[i][1]};
    const float angle = std::atan2(d.y, d.x), r = length(d) / kFlowers[i][2];
    const int petal = static_cast<int>(std::floor((4 * angle + static_cast<float>(i)) / kPi + 0.5f)) & 7;
    if (r < 0.3f) return {500 + i * 20, kSunGlass.at(0.2f + r), quarter_turn(d)};
    const float tone = i % 2 == 0 ? 1.15f - 0.75f * r : 0.35f + 0.7f * r;
    return {501 + i * 20 + petal,
            i % 2 == 0 ? kEarthGlass.at(tone - 0.08f * static_cast<float>(petal % 2))
                       : blend(kEarthGlass.at(tone), hex(0xfff0d8), 0.5f * r),
            d};
  }

  Motif sky(Vec2 p) const {
    const Vec2 d = p - sun_;
    const float r = length(d), angle = std::atan2(d.y, d.x);
    if (r < 0.055f) return {1, kSunGlass.at(0.1f + 3 * r), quarter_turn(d)};
    if (r < 0.1f) return {2, kSunGlass.at(0.35f + 0.12f * std::sin(8 * angle)), quarter_turn(d)};
    // A crown of flames, then rays to the edge of the picture with bands across them.
    const float flame = 0.145f + 0.028f * std::cos(16 * angle + 9 * (r - 0.1f) * 10);
    if (r < flame) return {3, kSunGlass.at(0.5f + 6 * (r - 0.1f)), d};
    const float turn = angle / kTau * 24 + 0.9f * std::sin(5 * r);
    const int ray = static_cast<int>(std::floor(turn)) + 48;
    const int band = static_cast<int>(std::floor((r - 0.14f) / 0.115f + 0.12f * std::sin(6 * angle)));
    const bool warm = ray % 2 == 0;
    const float far = (r - 0.14f) / 0.6f;
    Colour glass = kSkyGlass.at(0.12f + 1.05f * far + (warm ? -0.14f : 0.14f));
    if (warm) glass = blend(glass, kSunGlass.at(0.25f + 0.5f * far), std::max(0.0f, 0.62f - 0.6f * far));
    if (band % 2 != 0) glass = lighter(glass, 0.05f);
    return {10 + ray % 48 * 8 + band, glass, warm ? quarter_turn(d) : d};
  }

  Motif slope(Vec2 p, int hill) const {
    const float below = p.y - crest(p.x, hill);
    const float e = 1e-3f;
    const Vec2 along = unit({2 * e, crest(p.x + e, hill) - crest(p.x - e, hill)});
    const int terrace =
        static_cast<int>(below / 0.034f + 0.25f * std::sin(9 * p.x + static_cast<float>(hill)));
    const float glow = bump(p.x - sun_.x, 0.35f);
    const float tone = 0.86f - 0.2f * static_cast<float>(terrace) + (terrace % 2 == 0 ? 0.06f : -0.14f);
    Colour glass = kHillGlass.at(tone);
    if (hill == 0)
      glass = blend(blend(hex(0x5b3fa0), hex(0x2a5fb0), 0.25f * static_cast<float>(terrace)), hex(0xf08a7a),
                    0.55f * glow * (terrace == 0 ? 1.0f : 0.4f));
    if (hill == 1 && terrace % 3 == 1) glass = blend(glass, hex(0xe2b23a), 0.75f);
    if (hill == 2 && terrace % 3 == 2) glass = kEarthGlass.at(0.55f);
    return {600 + hill * 40 + terrace, glass, along};
  }

  Motif water(Vec2 p) const {
    const float y = p.y + 0.011f * std::sin(30 * p.x) + 0.006f * std::sin(57 * p.x + 2);
    const int wave = static_cast<int>(std::floor((y - 0.7f) / 0.03f));
    const float path = bump(p.x - sun_.x, 0.06f + 0.5f * (p.y - 0.78f));
    const Vec2 along{1, -0.33f * std::cos(30 * p.x) - 0.34f * std::cos(57 * p.x + 2)};
    Colour glass = kWaterGlass.at(wave % 3 == 0 ? 0.75f : wave % 3 == 1 ? 0.3f : 0.5f);
    if (wave % 2 == 0) glass = blend(glass, kSunGlass.at(0.35f), 0.85f * path);
    return {800 + wave, glass, along};
  }

  Vec2 sun_;
};

struct Tessera {
  Vec2 at;
  Vec2 along{1, 0};
  int part = 0;
};

// Tesserae on the plane, and which one covers a point.
class Setting {
 public:
  Setting(const Cartoon& cartoon, float pitch, Rng& rng) : cartoon_(cartoon), pitch_(pitch) {
    for (const Vec2 at : scattered(pitch, rng)) tesserae_.push_back({at});
    for (int round = 0; round < kRounds; ++round) {
      look();
      relax();
    }
    look();
  }

  const std::vector<Tessera>& tesserae() const { return tesserae_; }

  // The tessera of part `part` nearest to p, each measuring in its own fourth-power norm, whose circles are
  // nearly squares; where that part has none within two pitches, the nearest of any part.
  std::size_t covering(Vec2 p, int part) const {
    std::size_t best = 0, fallback = 0;
    float best_distance = 1e9f, fallback_distance = 1e9f;
    const int cx = cell(p.x), cy = cell(p.y);
    for (int y = std::max(0, cy - 2); y <= std::min(side_ - 1, cy + 2); ++y) {
      for (int x = std::max(0, cx - 2); x <= std::min(side_ - 1, cx + 2); ++x) {
        for (const std::size_t i : grid_[static_cast<std::size_t>(y * side_ + x)]) {
          const Tessera& t = tesserae_[i];
          const Vec2 d = p - t.at;
          const float u = dot(d, t.along), v = cross(t.along, d);
          const float distance = u * u * u * u + v * v * v * v;
          if (distance < fallback_distance) fallback_distance = distance, fallback = i;
          if (t.part == part && distance < best_distance) best_distance = distance, best = i;
        }
      }
    }
    return best_distance < 1e9f ? best : fallback;
  }

 private:
  static constexpr int kRounds = 14;
  static constexpr float kMargin = 0.08f;

  int cell(float x) const { return std::clamp(static_cast<int>((x + kMargin) / pitch_), 0, side_ - 1); }

  // Reads the picture under every tessera and sorts them into cells of one pitch.
  void look() {
    side_ = static_cast<int>((1 + 2 * kMargin) / pitch_) + 1;
    grid_.assign(static_cast<std::size_t>(side_ * side_), {});
    for (std::size_t i = 0; i < tesserae_.size(); ++i) {
      Tessera& t = tesserae_[i];
      const Motif motif = cartoon_.at(t.at);
      t.along = unit(motif.along);
      t.part = motif.part;
      grid_[static_cast<std::size_t>(cell(t.at.y) * side_ + cell(t.at.x))].push_back(i);
    }
  }

  // Lloyd's step: every tessera moves to the middle of what it covers.
  void relax() {
    struct Sum {
      Vec2 at;
      float count = 0;
    };
    std::vector<Sum> sums(tesserae_.size());
    const float step = pitch_ / 7;
    for (float y = -0.04f; y < 1.04f; y += step) {
      for (float x = -0.04f; x < 1.04f; x += step) {
        Sum& sum = sums[covering({x, y}, cartoon_.at({x, y}).part)];
        sum.at = sum.at + Vec2{x, y};
        sum.count += 1;
      }
    }
    for (std::size_t i = 0; i < tesserae_.size(); ++i)
      if (sums[i].count > 0) tesserae_[i].at = sums[i].at * (1 / sums[i].count);
  }

  const Cartoon& cartoon_;
  float pitch_;
  int side_ = 0;
  std::vector<Tessera> tesserae_;
  std::vector<std::vector<std::size_t>> grid_;  // (side, side) cells
};

// A square raster over the picture that says which tessera lies where and how far it is to the grout.
class Plan {
 public:
  Plan(const Cartoon& cartoon, const Setting& setting, int side, std::uint32_t seed) : side_(side) {
    owner_.resize(static_cast<std::size_t>(side * side));
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const Vec2 p = centre(x, y);
        // Hand-cut glass has no straight edges.
        const Vec2 chipped =
            p + 0.0022f * Vec2{fractal_noise(p * 70, seed, 2), fractal_noise(p * 70, seed + 50, 2)};
        owner_[index(x, y)] = setting.covering(chipped, cartoon.at(chipped).part);
      }
    }
    measure();
  }

  std::size_t owner(Vec2 p) const { return owner_[index(pixel(p.x), pixel(p.y))]; }

  // Distance from p to the nearest point of another tessera, in picture units, up to a few hundredths.
  float depth(Vec2 p) const {
    const float x =
        std::clamp(p.x * static_cast<float>(side_) - 0.5f, 0.0f, static_cast<float>(side_) - 1.001f);
    const float y =
        std::clamp(p.y * static_cast<float>(side_) - 0.5f, 0.0f, static_cast<float>(side_) - 1.001f);
    const int ix = static_cast<int>(x), iy = static_cast<int>(y);
    const float tx = x - static_cast<float>(ix), ty = y - static_cast<float>(iy);
    return mix(mix(depth_[index(ix, iy)], depth_[index(ix + 1, iy)], tx),
               mix(depth_[index(ix, iy + 1)], depth_[index(ix + 1, iy + 1)], tx), ty);
  }

 private:
  Vec2 centre(int x, int y) const {
    return {(static_cast<float>(x) + 0.5f) / static_cast<float>(side_),
            (static_cast<float>(y) + 0.5f) / static_cast<float>(side_)};
  }
  std::size_t index(int x, int y) const {
    const int px = std::clamp(x, 0, side_ - 1), py = std::clamp(y, 0, side_ - 1);
    return static_cast<std::size_t>(py) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(px);
  }
  int pixel(float x) const { return static_cast<int>(x * static_cast<float>(side_)); }

  // Euclidean distances by two sweeps that hand on the nearest border pixel (Danielsson 1980).
  void measure() {
    struct Offset {
      int x = 1000, y = 1000;
      int squared() const { return x * x + y * y; }
    };
    std::vector<Offset> nearest(owner_.size());
    for (int y = 0; y < side_; ++y)
      for (int x = 0; x < side_; ++x)
        if (owner_[index(x, y)] != owner_[index(x + 1, y)] ||
            owner_[index(x, y)] != owner_[index(x, y + 1)] ||
            owner_[index(x, y)] != owner_[index(x - 1, y)] || owner_[index(x, y)] != owner_[index(x, y - 1)])
          nearest[index(x, y)] = {0, 0};
    const auto ask = [&](int x, int y, int dx, int dy) {
      if (x + dx < 0 || x + dx >= side_ || y + dy < 0 || y + dy >= side_) return;
      const Offset& other = nearest[index(x + dx, y + dy)];
      const Offset mine{other.x + dx, other.y + dy};
      if (mine.squared() < nearest[index(x, y)].squared()) nearest[index(x, y)] = mine;
    };
    for (int y = 0; y < side_; ++y) {
      for (int x = 0; x < side_; ++x)
        for (const auto& [dx, dy] : {std::pair{-1, 0}, {-1, -1}, {0, -1}, {1, -1}}) ask(x, y, dx, dy);
      for (int x = side_ - 1; x >= 0; --x) ask(x, y, 1, 0);
    }
    for (int y = side_ - 1; y >= 0; --y) {
      for (int x = side_ - 1; x >= 0; --x)
        for (const auto& [dx, dy] : {std::pair{1, 0}, {1, 1}, {0, 1}, {-1, 1}}) ask(x, y, dx, dy);
      for (int x = 0; x < side_; ++x) ask(x, y, -1, 0);
    }
    for (const Offset& offset : nearest)
      depth_.push_back(std::sqrt(static_cast<float>(offset.squared())) / static_cast<float>(side_));
  }

  int side_;
  std::vector<std::size_t> owner_;
  std::vector<float> depth_;
};

// One piece of glass as it came out of the kiln.
struct Glass {
  Colour colour, vein;
  Vec2 tilt;
  float height = 0;
};

}  // namespace

void paint_mosaic(Canvas& canvas, std::uint32_t seed) {
  const Cartoon cartoon(seed);
  Rng rng(seed + 1);
  const Setting setting(cartoon, 0.0195f, rng);
  const Plan plan(cartoon, setting, canvas.side(), seed + 3);
  std::vector<Glass> glasses;
  for (const Tessera& t : setting.tesserae()) {
    const Colour colour = jittered(cartoon.at(t.at).colour, {0.05f, 0.15f, 0.12f}, rng);
    glasses.push_back(
        {colour,
         blend(colour, rng.chance(0.65f) ? hex(0xfff4d8) : hex(0x0a1440), rng.uniform(0.1f, 0.35f)),
         {60 * rng.normal(), 60 * rng.normal()},
         rng.uniform(0.8f, 1.2f)});
  }
  canvas.prime([&](Vec2 p) -> Deposit {
    const std::size_t i = plan.owner(p);
    const Glass& glass = glasses[i];
    const Tessera& t = setting.tesserae()[i];
    const float grout = 0.00125f, bevel = 0.0032f;
    const float depth = plan.depth(p);
    const float sand = fractal_noise(p * 260, seed + 7, 3);
    const Colour mortar = blend(hex(0x17131c), hex(0x4a4048), 0.5f + 0.5f * sand);
    const float body = smoothstep(grout * 0.7f, grout * 1.4f, depth);
    // Clouds and veins along the rows, darker towards the edge where the glass is thin.
    const Vec2 d = p - t.at;
    const Vec2 local{dot(d, t.along), cross(t.along, d)};
    const auto kiln = static_cast<std::uint32_t>(i) * 7u + seed;
    const float cloud = fractal_noise(Vec2{local.x * 110, local.y * 300}, kiln, 3);
    Colour colour = blend(glass.colour, glass.vein, smoothstep(-0.15f, 0.6f, cloud));
    colour = colour * mix(0.78f, 1.32f, smoothstep(grout, grout + 2 * bevel, depth));
    const float round = smoothstep(grout * 0.5f, grout + bevel, depth);
    const float height = 3.2f * round * glass.height + body * (dot(d, glass.tilt) + 0.35f * cloud);
    return {mortar * (1 - body) + colour * body, height + (1 - body) * 0.5f * sand};
  });
}

}  // namespace nst::paint
