#include "nst/canvas.h"

#include <cairo.h>

#include <numbers>
#include <stdexcept>

namespace nst {
namespace {

cairo_status_t append(void* closure, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

void select_font(cairo_t* cr, double size, bool bold) {
  cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, size);
}

double advance(cairo_t* cr, const std::string& s) {
  cairo_text_extents_t extents;
  cairo_text_extents(cr, s.c_str(), &extents);
  return extents.x_advance;
}

}  // namespace

struct Canvas::Cairo {
  Cairo(int width, int height)
      : surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)), cr(cairo_create(surface)) {}
  ~Cairo() {
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
  }
  Cairo(const Cairo&) = delete;
  Cairo& operator=(const Cairo&) = delete;
  cairo_surface_t* surface;
  cairo_t* cr;
};

Canvas::Canvas(int width, int height) : cairo_(std::make_unique<Cairo>(width, height)) {
  colour({1, 1, 1});
  cairo_paint(cairo_->cr);
}

Canvas::~Canvas() = default;

void Canvas::colour(Colour c, double alpha) { cairo_set_source_rgba(cairo_->cr, c.r, c.g, c.b, alpha); }

void Canvas::text(double x, double y, const std::string& s, double size, double anchor, bool bold) {
  select_font(cairo_->cr, size, bold);
  cairo_move_to(cairo_->cr, x - anchor * advance(cairo_->cr, s), y);
  cairo_show_text(cairo_->cr, s.c_str());
}

double Canvas::text_width(const std::string& s, double size) {
  select_font(cairo_->cr, size, false);
  return advance(cairo_->cr, s);
}

void Canvas::line(double x0, double y0, double x1, double y1, double width) {
  polyline({{x0, y0}, {x1, y1}}, width);
}

void Canvas::polyline(const std::vector<std::pair<double, double>>& points, double width) {
  cairo_set_line_width(cairo_->cr, width);
  cairo_set_line_join(cairo_->cr, CAIRO_LINE_JOIN_ROUND);
  cairo_new_path(cairo_->cr);
  for (const auto& [x, y] : points) cairo_line_to(cairo_->cr, x, y);
  cairo_stroke(cairo_->cr);
}

void Canvas::disc(double x, double y, double radius) {
  cairo_new_path(cairo_->cr);
  cairo_arc(cairo_->cr, x, y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(cairo_->cr);
}

std::string Canvas::png() const {
  std::string file;
  if (cairo_surface_write_to_png_stream(cairo_->surface, append, &file) != CAIRO_STATUS_SUCCESS) {
    throw std::runtime_error("a chart could not be drawn");
  }
  return file;
}

}  // namespace nst
