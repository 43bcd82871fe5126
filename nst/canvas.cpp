#include "nst/canvas.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
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

// The surface's pixels, 0x00RRGGBB each, between a flush of what was drawn and the news of what was written.
class Page {
 public:
  explicit Page(cairo_surface_t* surface) : surface_(surface) {
    cairo_surface_flush(surface);
    if (cairo_image_surface_get_data(surface) == nullptr)
      throw std::runtime_error("a page could not be drawn");
    height = cairo_image_surface_get_height(surface), width = cairo_image_surface_get_width(surface);
  }
  ~Page() { cairo_surface_mark_dirty(surface_); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  uint32_t* row(int64_t y) const {
    return reinterpret_cast<uint32_t*>(cairo_image_surface_get_data(surface_) +
                                       y * cairo_image_surface_get_stride(surface_));
  }
  int64_t height, width;

 private:
  cairo_surface_t* surface_;
};

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

void Canvas::text_within(double x, double y, const std::string& s, double size, double smallest,
                         double anchor, double room) {
  const double width = text_width(s, size);
  if (width > room) size = std::max(smallest, size * room / width);
  if (text_width(s, size) <= room) return text(x, y, s, size, anchor);
  // A character of UTF-8 is a first byte and those that follow it, which begin with the bits 10.
  const auto is_whole = [&](size_t at) { return at == s.size() || (s[at] & 0xC0) != 0x80; };
  std::string shortened;
  for (size_t kept = s.size(); kept > 0 && (shortened.empty() || text_width(shortened, size) > room);
       --kept) {
    size_t head = (kept + 1) / 2, tail = s.size() - kept / 2;
    while (!is_whole(head)) --head;
    while (!is_whole(tail)) ++tail;
    shortened = s.substr(0, head) + "\u2026" + s.substr(tail);
  }
  text(x, y, shortened, size, anchor);
}

void Canvas::image(double x, double y, const Tensor& picture) {
  check_rank("canvas", "picture", picture, 4);
  check_shape("canvas", "picture", picture, {1, picture.size(1), picture.size(2), 3});
  const Page page(cairo_->surface);
  const int64_t left = std::lround(x), top = std::lround(y);
  const float* rgb = picture.data<float>();
  for (int64_t i = 0; i < picture.size(1); ++i) {
    for (int64_t j = 0; j < picture.size(2); ++j, rgb += 3) {
      if (top + i < 0 || top + i >= page.height || left + j < 0 || left + j >= page.width) continue;
      uint32_t pixel = 0;
      for (int k = 0; k < 3; ++k) {
        pixel = (pixel << 8) | static_cast<uint32_t>(std::lround(std::clamp(rgb[k], 0.0f, 1.0f) * 255));
      }
      page.row(top + i)[left + j] = pixel;
    }
  }
}

Tensor Canvas::picture() const {
  const Page page(cairo_->surface);
  Tensor picture = Tensor::empty({1, page.height, page.width, 3});
  float* rgb = picture.mutable_data<float>();
  for (int64_t y = 0; y < page.height; ++y) {
    for (int64_t x = 0; x < page.width; ++x) {
      for (int shift : {16, 8, 0}) *rgb++ = static_cast<float>((page.row(y)[x] >> shift) & 255) / 255;
    }
  }
  return picture;
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
