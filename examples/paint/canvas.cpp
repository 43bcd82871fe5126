#include "examples/paint/canvas.h"

#include <atomic>
#include <cmath>
#include <thread>

namespace nst::paint {
namespace {

constexpr int kFineness = 2;   // fine pixels per pixel
constexpr int kBandRows = 64;  // fine rows painted by one core at a time; keeps its scratch in the cache

// Calls `work(first_row, end_row)` for all bands of [0, rows), on all cores.
void for_bands(int rows, const std::function<void(int, int)>& work) {
  std::atomic<int> next{0};
  const auto loop = [&] {
    for (int first; (first = next.fetch_add(kBandRows)) < rows;)
      work(first, std::min(first + kBandRows, rows));
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(loop);
  loop();
}

// The nearest point of a stroke's path to a pixel.
struct Foot {
  std::uint32_t stroke = 0;   // 1 + index of the stroke that wrote this
  std::uint32_t segment = 0;  // of the path
  float t = 0;                // position on the segment, 0..1
  float squared = 0;          // distance, fine pixels squared
};

// A pixel in the coordinates of a stroke.
struct Place {
  float along = 0;       // arc length from the start, fine pixels
  float across = 0;      // signed, -1 and 1 at the edges
  float half_width = 0;  // of the stroke there, fine pixels
};

// A stroke in fine pixels.
struct Track {
  std::vector<Knot> knots;
  std::vector<float> start;  // arc length at each knot
  float reach = 0;           // widest half width
  float top = 0, bottom = 0;
};

Track make_track(const Stroke& stroke, int side) {
  Track track;
  const auto scale = static_cast<float>(side);
  float travelled = 0;
  for (const Knot& knot : stroke.path) {
    const Knot fine{knot.at * scale, knot.half_width * scale};
    if (!track.knots.empty()) travelled += length(fine.at - track.knots.back().at);
    track.top = track.knots.empty() ? fine.at.y : std::min(track.top, fine.at.y);
    track.bottom = track.knots.empty() ? fine.at.y : std::max(track.bottom, fine.at.y);
    track.reach = std::max(track.reach, fine.half_width);
    track.knots.push_back(fine);
    track.start.push_back(travelled);
  }
  track.top -= track.reach + 1;
  track.bottom += track.reach + 1;
  return track;
}

// The paint `stroke` leaves at `place` over what was there.
void deposit(const Stroke& stroke, float total, const Place& place, Deposit& here) {
  const Brush& brush = stroke.brush;
  const float v = place.across, half = place.half_width;
  const float bristle = v * brush.bristles * 0.5f;
  const float travelled = place.along / std::max(half, 1.0f);  // in half widths

  // Edges and ends: round or square, and each bristle starts and lifts a little before or after its
  // neighbours.
  const float wobble = value_noise(travelled * 0.9f, stroke.seed + (v > 0 ? 2 : 12));
  const float edge = (1 - 0.22f * brush.ragged * wobble - std::abs(v)) * half;
  const float arc = brush.round * (1 - std::sqrt(std::max(0.0f, 1 - v * v)));
  const float jag = value_noise(bristle * 1.4f, stroke.seed + 3);
  const float lift = value_noise(bristle * 1.4f, stroke.seed + 13);
  const float from_start = place.along - half * (arc + 0.5f * brush.ragged * jag);
  const float to_end = total - place.along - half * (arc + 1.4f * brush.ragged * lift);
  const float mask =
      smoothstep(0, 1.5f, edge) * smoothstep(0, 1.5f, from_start) * smoothstep(0, 1.5f, to_end);
  if (mask <= 0) return;

  const float comb = 0.6f * value_noise(bristle, travelled * 0.22f, stroke.seed) +
                     0.4f * value_noise(bristle * 2.3f + 7, travelled * 0.5f, stroke.seed + 1);

  const float progress = place.along / total;
  const float spent = brush.dry * smoothstep(0.2f, 1, progress);
  const float alpha = mask * brush.opacity * smoothstep(0, 0.3f, comb + 0.3f - 1.15f * spent);
  if (alpha <= 0) return;

  const float pick_up = value_noise(bristle * 0.7f, travelled * 0.13f, stroke.seed + 4);
  const float second = brush.streak * smoothstep(0.3f, 0.75f, pick_up);
  const float tone = 1 + brush.grain * (2 * comb - 1);
  const Colour colour = (stroke.load * (1 - second) + stroke.second * second) * tone;

  const float dome = 1 - v * v * v * v;
  const float rim = smoothstep(0.4f * half + 1, 0, edge) + smoothstep(0.7f * half + 1, 0, to_end);
  const float thickness =
      brush.body * (1 - 0.4f * spent) *
      (0.6f * dome + brush.furrow * (comb - 0.5f) * 1.6f + brush.lip * std::min(rim, 1.3f));

  here.colour = here.colour * (1 - alpha) + colour * alpha;
  // Half of the relief underneath is filled in by the new paint.
  here.height = mix(here.height, 0.5f * here.height + thickness, alpha);
}

class BandPainter {
 public:
  BandPainter(int side, int first_row, int end_row, Deposit* deposits)
      : side_(side),
        first_row_(first_row),
        end_row_(end_row),
        deposits_(deposits),
        feet_(static_cast<std::size_t>(side) * static_cast<std::size_t>(end_row - first_row)) {}

  void lay(const Stroke& stroke, const Track& track, std::uint32_t id) {
    if (track.bottom < static_cast<float>(first_row_) || track.top > static_cast<float>(end_row_)) return;
    touched_.clear();
    for (std::size_t i = 0; i + 1 < track.knots.size(); ++i) find_feet(track, i, id);
    for (const std::size_t pixel : touched_) {
      const std::size_t at = static_cast<std::size_t>(first_row_) * static_cast<std::size_t>(side_) + pixel;
      deposit(stroke, track.start.back(), place(track, pixel), deposits_[at]);
    }
  }

 private:
  // Finds the pixels whose nearest point of the path so far is on segment i.
  void find_feet(const Track& track, std::size_t i, std::uint32_t id) {
    const Knot &a = track.knots[i], &b = track.knots[i + 1];
    const Vec2 ab = b.at - a.at;
    const float squared = dot(ab, ab);
    if (squared <= 0) return;
    const float per_squared = 1 / squared;
    const float reach = std::max(a.half_width, b.half_width) + 1;
    const int x0 = std::max(0, static_cast<int>(std::min(a.at.x, b.at.x) - reach));
    const int x1 = std::min(side_ - 1, static_cast<int>(std::max(a.at.x, b.at.x) + reach));
    const int y0 = std::max(first_row_, static_cast<int>(std::min(a.at.y, b.at.y) - reach));
    const int y1 = std::min(end_row_ - 1, static_cast<int>(std::max(a.at.y, b.at.y) + reach));
    const bool first = i == 0, last = i + 2 == track.knots.size();
    for (int y = y0; y <= y1; ++y) {
      for (int x = x0; x <= x1; ++x) {
        const Vec2 ap = Vec2{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f} - a.at;
        const float raw = dot(ap, ab) * per_squared;
        if ((first && raw < 0) || (last && raw > 1)) continue;
        const float t = std::clamp(raw, 0.0f, 1.0f);
        const float half = mix(a.half_width, b.half_width, t);
        const Vec2 off = ap - ab * t;
        const float distance = dot(off, off);
        if (distance >= half * half) continue;
        const std::size_t pixel = static_cast<std::size_t>(y - first_row_) * static_cast<std::size_t>(side_) +
                                  static_cast<std::size_t>(x);
        Foot& foot = feet_[pixel];
        if (foot.stroke != id) {
          touched_.push_back(pixel);
        } else if (foot.squared <= distance) {
          continue;
        }
        foot = {id, static_cast<std::uint32_t>(i), t, distance};
      }
    }
  }

  Place place(const Track& track, std::size_t pixel) const {
    const Foot& foot = feet_[pixel];
    const Knot &a = track.knots[foot.segment], &b = track.knots[foot.segment + 1];
    const auto side = static_cast<std::size_t>(side_);
    const Vec2 centre{static_cast<float>(pixel % side) + 0.5f,
                      static_cast<float>(pixel / side + static_cast<std::size_t>(first_row_)) + 0.5f};
    const float half = mix(a.half_width, b.half_width, foot.t);
    const float across = std::sqrt(foot.squared) / half;
    return {mix(track.start[foot.segment], track.start[foot.segment + 1], foot.t),
            cross(b.at - a.at, centre - a.at) < 0 ? -across : across, half};
  }

  int side_, first_row_, end_row_;
  Deposit* deposits_;
  std::vector<Foot> feet_;  // (rows of the band, side)
  std::vector<std::size_t> touched_;
};

}  // namespace

Canvas::Canvas(int size)
    : size_(size),
      side_(size * kFineness),
      deposits_(static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_)) {}

void Canvas::prime(const std::function<Deposit(Vec2)>& paint) {
  const float scale = 1 / static_cast<float>(side_);
  for_bands(side_, [&](int first, int end) {
    Deposit* out = deposits_.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(side_);
    for (int y = first; y < end; ++y)
      for (int x = 0; x < side_; ++x)
        *out++ = paint({(static_cast<float>(x) + 0.5f) * scale, (static_cast<float>(y) + 0.5f) * scale});
  });
}

void Canvas::lay(const std::vector<Stroke>& strokes) {
  std::vector<Track> tracks;
  tracks.reserve(strokes.size());
  for (const Stroke& stroke : strokes) tracks.push_back(make_track(stroke, side_));
  for_bands(side_, [&](int first, int end) {
    BandPainter band(side_, first, end, deposits_.data());
    for (std::size_t i = 0; i < strokes.size(); ++i)
      band.lay(strokes[i], tracks[i], static_cast<std::uint32_t>(i + 1));
  });
}

std::vector<std::uint8_t> Canvas::finish(const Light& light) const {
  // Slopes are per fine pixel; paint thickness is a fixed fraction of the picture.
  const float steepness = light.relief * 0.9f * static_cast<float>(side_) / 1536.0f;
  const auto height = [&](int x, int y) {
    x = std::clamp(x, 0, side_ - 1);
    y = std::clamp(y, 0, side_ - 1);
    return deposits_[static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) +
                     static_cast<std::size_t>(x)]
        .height;
  };
  const auto lit = [&](int x, int y) {
    const float dx = (height(x + 1, y) - height(x - 1, y)) * 0.5f * steepness;
    const float dy = (height(x, y + 1) - height(x, y - 1)) * 0.5f * steepness;
    const float norm = 1 / std::sqrt(1 + dx * dx + dy * dy);
    // The light comes from (-0.5, -0.6, 0.62); a level surface keeps its colour.
    const float facing = (0.5f * dx + 0.6f * dy + 0.62f) * norm;
    const float shade = std::clamp(0.45f + 0.55f * facing / 0.62f, 0.35f, 1.45f);
    // Blinn's half vector between the light and the eye at (0, 0, 1).
    const float half = (0.278f * dx + 0.333f * dy + 0.9f) * norm;
    const float gleam = light.shine * 0.16f * (std::pow(std::max(0.0f, half), 40.0f) - 0.0148f);
    const Colour c =
        deposits_[static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(x)]
            .colour;
    return c * shade + Colour{1, 0.97f, 0.9f} * std::max(0.0f, gleam);
  };

  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(size_) * static_cast<std::size_t>(size_) * 3);
  for_bands(size_, [&](int first, int end) {
    std::uint8_t* out = rgb.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(size_) * 3;
    for (int y = first; y < end; ++y) {
      for (int x = 0; x < size_; ++x) {
        Colour sum;
        for (int j = 0; j < kFineness; ++j)
          for (int i = 0; i < kFineness; ++i) sum = sum + lit(x * kFineness + i, y * kFineness + j);
        const Colour mean = sum * (1.0f / (kFineness * kFineness));
        for (const float linear : {mean.r, mean.g, mean.b})
          *out++ = static_cast<std::uint8_t>(std::lround(srgb_encode(std::clamp(linear, 0.0f, 1.0f)) * 255));
      }
    }
  });
  return rgb;
}

}  // namespace nst::paint
