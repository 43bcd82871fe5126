#include "nst/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "nst/canvas.h"
#include "nst/image.h"

namespace nst {
namespace {

constexpr int kMargin = 12, kGap = 8;
constexpr int kTitleHeight = 30, kHeadingHeight = 26, kCaptionHeight = 20;
constexpr double kTitleSize = 16, kHeadingSize = 14, kCaptionSize = 13, kSmallestSize = 9;
constexpr int kSmallestCell = 32;
constexpr Colour kInk{0.1, 0.1, 0.1}, kFrame{0.85, 0.85, 0.85};

struct Size {
  int64_t width = 0, height = 0;
};

// Of a row without its heading; its pictures stand at the top of squares.
Size size_of(const std::vector<SheetPicture>& pictures, int cell) {
  const bool captions = std::ranges::any_of(pictures, [](const auto& p) { return !p.caption.empty(); });
  int64_t tallest = 0;
  for (const auto& [caption, picture] : pictures) {
    const int64_t h =
        picture.defined() ? resized({picture.size(1), picture.size(2)}, cell, Side::longest).height : cell;
    tallest = std::max(tallest, h);
  }
  const auto count = std::ssize(pictures);
  return {count * cell + std::max<int64_t>(count - 1, 0) * kGap, tallest + (captions ? kCaptionHeight : 0)};
}

void draw_row(Canvas& canvas, const std::vector<SheetPicture>& pictures, int cell, double y) {
  const bool captions = std::ranges::any_of(pictures, [](const auto& p) { return !p.caption.empty(); });
  double x = kMargin;
  for (const auto& [caption, picture] : pictures) {
    double top = y;
    if (captions) {
      canvas.colour(kInk);
      canvas.text_within(x + cell / 2.0, top + kCaptionHeight - 6, caption, kCaptionSize, kSmallestSize, 0.5,
                         cell);
      top += kCaptionHeight;
    }
    if (picture.defined()) {
      const Tensor fitted = resize_image(picture, cell, Side::longest);
      canvas.image(x + static_cast<double>((cell - fitted.size(2)) / 2), top, fitted);
    } else {
      canvas.colour(kFrame);
      canvas.polyline({{x, top}, {x + cell, top}, {x + cell, top + cell}, {x, top + cell}, {x, top}}, 1);
    }
    x += cell + kGap;
  }
}

}  // namespace

Tensor draw_contact_sheet(const ContactSheet& sheet) {
  if (sheet.rows.empty()) throw std::invalid_argument("contact sheet: nothing to show");
  if (sheet.cell < kSmallestCell) {
    throw std::invalid_argument(
        fmt::format("contact sheet: a cell needs at least {} pixels, got {}", kSmallestCell, sheet.cell));
  }
  const int small = std::max(kSmallestCell, sheet.cell / 2);
  const Size references = size_of(sheet.references, small);
  int64_t width = references.width, height = kMargin + (sheet.title.empty() ? 0 : kTitleHeight);
  if (!sheet.references.empty()) height += references.height + kGap;
  for (const auto& row : sheet.rows) {
    const Size size = size_of(row.pictures, sheet.cell);
    width = std::max(width, size.width);
    height += size.height + (row.heading.empty() ? 0 : kHeadingHeight) + kGap;
  }
  width += 2 * kMargin, height += kMargin - kGap;
  if (std::max(width, height) > kMaxSheetSide) {
    throw std::invalid_argument(fmt::format(
        "contact sheet: a page of {} x {} pixels; smaller cells than {} are needed for at most {}", width,
        height, sheet.cell, kMaxSheetSide));
  }

  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  const double room = static_cast<double>(width - 2 * kMargin);
  double y = kMargin;
  if (!sheet.title.empty()) {
    canvas.colour(kInk);
    canvas.text_within(kMargin, y + kTitleSize, sheet.title, kTitleSize, kSmallestSize, 0, room);
    y += kTitleHeight;
  }
  if (!sheet.references.empty()) {
    draw_row(canvas, sheet.references, small, y);
    y += static_cast<double>(references.height) + kGap;
  }
  for (const auto& row : sheet.rows) {
    if (!row.heading.empty()) {
      canvas.colour(kInk);
      canvas.text_within(kMargin, y + kHeadingSize + 4, row.heading, kHeadingSize, kSmallestSize, 0, room);
      y += kHeadingHeight;
    }
    draw_row(canvas, row.pictures, sheet.cell, y);
    y += static_cast<double>(size_of(row.pictures, sheet.cell).height) + kGap;
  }
  return canvas.picture();
}

}  // namespace nst
