// A white page to draw charts on, over cairo. Coordinates in pixels from the upper left.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

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
  void line(double x0, double y0, double x1, double y1, double width);
  void polyline(const std::vector<std::pair<double, double>>& points, double width);
  void disc(double x, double y, double radius);
  // The page as a PNG file; throws std::runtime_error when something could not be drawn.
  std::string png() const;

 private:
  struct Cairo;
  std::unique_ptr<Cairo> cairo_;
};

}  // namespace nst
