// The canvas: wet paint with a thickness, laid stroke upon stroke and lit from the upper left at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "examples/paint/palette.h"

namespace nst::paint {

// The tool that makes a stroke. Lengths are in half-widths of the stroke, so a brush keeps its looks at every
// size.
struct Brush {
  float bristles = 9;     // how many ridges fit across the stroke
  float streak = 0.7f;    // how strongly the second colour shows between the bristles, 0..1
  float grain = 0.25f;    // how much lightness differs from bristle to bristle, 0..1
  float dry = 0.35f;      // how far the paint has run out at the tail, 0 wet .. 1 bare
  float ragged = 0.6f;    // how uneven edges and ends are, 0 knife .. 1 worn bristle brush
  float round = 0.8f;     // shape of the ends, 0 square .. 1 half circle
  float opacity = 0.95f;  // of fresh paint, 0..1
  float body = 1;         // thickness of the paint, 1 = a well loaded brush
  float furrow = 0.5f;    // how deep bristles comb the paint, as a fraction of the body
  float lip = 0.3f;       // how much paint is pushed to the edges and the end, as a fraction of the body
};

struct Knot {
  Vec2 at;               // picture coordinates
  float half_width = 0;  // picture units: 0.01 is a hundredth of the picture
};

struct Stroke {
  std::vector<Knot> path;  // at least two knots
  Colour load;             // what the brush was dipped in,
  Colour second;           // and what it picked up besides
  Brush brush;
  std::uint32_t seed = 0;  // of this stroke's bristles
};

// What is on the canvas at one point.
struct Deposit {
  Colour colour;
  float height = 0;  // in bodies of paint, see Brush::body
};

// How the dry picture is lit.
struct Light {
  float relief = 1.5f;  // how strongly slopes shade
  float shine = 1;      // strength of the highlights
};

// A square picture, painted at twice its size and averaged down. Strokes are laid by all cores at once, in
// bands of rows; every pixel sees the strokes in order, so the result does not depend on the number of cores.
class Canvas {
 public:
  // `size` in pixels of the finished picture, > 0.
  explicit Canvas(int size);

  // Width and height of the fine grid, in fine pixels.
  int side() const { return side_; }

  // Covers the whole canvas with what `paint` says lies at each point; called from several threads.
  void prime(const std::function<Deposit(Vec2)>& paint);

  // Lays the strokes in order.
  void lay(const std::vector<Stroke>& strokes);

  // The finished picture: `size` x `size` pixels, RGB, 8 bits, rows from the top.
  std::vector<std::uint8_t> finish(const Light& light) const;

 private:
  int size_;
  int side_;
  std::vector<Deposit> deposits_;  // (side, side)
};

}  // namespace nst::paint
