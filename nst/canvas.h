// A white page to draw charts and pictures on, over cairo. Coordinates in pixels from the upper left.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace nst {

struct Colour {
  double r, g, b;  // 0..1
};

class Canvas {
 public:
  Canvas(int width, int height);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  // Of what is drawn from now on.
  void colour(Colour c, double alpha = 1);
  // Its baseline at y; anchor 0 starts at x, 0.5 is centred on it, 1 ends there.
  void text(double x, double y, const std::string& s, double size, double anchor, bool bold = false);
  double text_width(const std::string& s, double size);
  // The same in at most `room` pixels: as small as `smallest` where it must be, and then with its middle left
  // out.
  void text_within(double x, double y, const std::string& s, double size, double smallest, double anchor,
                   double room);
  void line(double x0, double y0, double x1, double y1, double width);
  void polyline(const std::vector<std::pair<double, double>>& points, double width);
  void disc(double x, double y, double radius);
  // A picture (1, H, W, 3), RGB in 0..1, pixel by pixel with its upper left corner at the whole number
  // nearest to (x, y); what is beyond the page is cut off.
  void image(double x, double y, const Tensor& picture);
  // The page, (1, height, width, 3), RGB in 0..1.
  Tensor picture() const;
  // The page as a PNG file; throws std::runtime_error when something could not be drawn.
  std::string png() const;

 private:
  struct Cairo;
  std::unique_ptr<Cairo> cairo_;
};

}  // namespace nst
