// Covering a canvas: a scene says what to paint, a pass says with which brush.
#pragma once

#include <functional>
#include <vector>

#include "examples/paint/canvas.h"

namespace nst::paint {

// What the painter looks at.
struct Scene {
  std::function<Colour(Vec2)> colour;
  std::function<Vec2(Vec2)> flow;  // direction of the brush; any length
  std::function<float(Vec2)> scale = [](Vec2) {
    return 1.0f;
  };  // of the strokes there; 0 leaves the place out
};

// One round over the whole picture with one brush.
struct Pass {
  float width = 0.02f;  // of a stroke, edge to edge
  float length = 0.1f;
  float spacing = 0.012f;  // between the middles of strokes
  float vary = 0.3f;       // of width and length: standard deviation, as a fraction
  float stray = 0.1f;      // of the direction: standard deviation, radians
  float stop_at = 10;      // a stroke ends where the scene's colour differs from its own by more than this
  float pick_up = 0.06f;   // lightness between the two loads of the brush
  float press = 0.15f;     // the shares of a stroke over which the brush is pressed down and lifted
  float lift = 0.3f;
  float cover = 1;  // share of the strokes really painted
  Jitter jitter = {};
  Brush brush = {};
};

// Knots along `path` for a brush of half width `half_width` that is pressed down over the first `press` of
// the way and lifted over the last `lift`, both fractions of the length.
std::vector<Knot> pressed(const std::vector<Vec2>& path, float half_width, float press, float lift);

// `count` points from a to c, on the parabola whose tangents at the ends meet in b.
std::vector<Vec2> curve(Vec2 a, Vec2 b, Vec2 c, int count = 12);

// The line through `middle` along `flow`, as long as asked or until `go_on` refuses a point.
std::vector<Vec2> trace(const std::function<Vec2(Vec2)>& flow, Vec2 middle, float length, float step,
                        const std::function<bool(Vec2)>& go_on);

// Adds the strokes of one pass, in random order.
void cover(std::vector<Stroke>& strokes, const Scene& scene, const Pass& pass, Rng& rng);

// Middles of strokes all over the picture and a little beyond: a jittered grid in random order.
std::vector<Vec2> scattered(float spacing, Rng& rng);

}  // namespace nst::paint
