#include "nst/contact_sheet.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nst/canvas.h"
#include "tests/support.h"

namespace nst {
namespace {

Tensor plain(int64_t h, int64_t w, std::vector<float> rgb) {
  std::vector<float> values;
  for (int64_t i = 0; i < h * w; ++i) values.insert(values.end(), rgb.begin(), rgb.end());
  return Tensor::from<float>({1, h, w, 3}, values);
}

struct Box {
  int64_t top = INT64_MAX, bottom = -1, left = INT64_MAX, right = -1, count = 0;
};

// Where a page has exactly this colour.
Box box_of(const Tensor& page, const std::vector<float>& rgb) {
  Box box;
  const float* p = page.data<float>();
  for (int64_t y = 0; y < page.size(1); ++y) {
    for (int64_t x = 0; x < page.size(2); ++x, p += 3) {
      if (std::abs(p[0] - rgb[0]) + std::abs(p[1] - rgb[1]) + std::abs(p[2] - rgb[2]) > 1e-3f) continue;
      box = {std::min(box.top, y), std::max(box.bottom, y), std::min(box.left, x), std::max(box.right, x),
             box.count + 1};
    }
  }
  return box;
}

int64_t inked(const Tensor& page) {
  int64_t count = 0;
  for (int64_t i = 0; i < page.numel(); i += 3) count += page.data<float>()[i] < 0.5f;
  return count;
}

const std::vector<float> kRed{1, 0, 0}, kBlue{0, 0, 1}, kGreen{0, 1, 0};

TEST(Canvas, picture_is_what_was_drawn) {
  Canvas canvas(20, 10);
  EXPECT_EQ(box_of(canvas.picture(), {1, 1, 1}).count, 200);
  canvas.image(3, 2, plain(4, 5, {0.2f, 0.4f, 0.6f}));
  canvas.image(18, 8, plain(4, 5, kRed));  // most of it beyond the page
  canvas.image(-3, -2, plain(4, 5, kBlue));
  const Tensor page = canvas.picture();
  ASSERT_EQ(page.shape(), Shape({1, 10, 20, 3}));
  const Box box = box_of(page, {0.2f, 0.4f, 0.6f});
  EXPECT_EQ(box.count, 20);
  EXPECT_EQ(box.left, 3);
  EXPECT_EQ(box.top, 2);
  EXPECT_EQ(box_of(page, kRed).count, 4);
  EXPECT_EQ(box_of(page, kBlue).count, 4);
  canvas.colour({0, 1, 0});
  canvas.line(0, 9.5, 20, 9.5, 1);  // cairo goes on where the picture was laid
  EXPECT_EQ(box_of(canvas.picture(), kGreen).count, 20);
}

TEST(Canvas, text_within_keeps_to_its_room) {
  for (const std::string& text :
       {std::string("short"), std::string(200, 'm'), std::string("\u00e4\u00f6\u00fc").append(60, 'w')}) {
    Canvas canvas(300, 40);
    canvas.colour({0, 0, 0});
    canvas.text_within(100, 25, text, 14, 9, 0, 120);
    const Tensor page = canvas.picture();
    EXPECT_GT(inked(page), 10);
    const float* p = page.data<float>();
    for (int64_t i = 0; i < page.numel(); i += 3) {
      const int64_t x = i / 3 % 300;
      if (x < 98 || x > 222) {
        ASSERT_GT(p[i], 0.99f) << text << " at " << x;
      }
    }
  }
}

TEST(ContactSheet, lays_pictures_out_in_rows) {
  const ContactSheet sheet{.title = "title",
                           .references = {{"content", plain(10, 20, kGreen)}},
                           .rows = {{"first", {{"a", plain(50, 100, kRed)}, {"b", plain(100, 50, kBlue)}}},
                                    {"second", {{"", {}}, {"", plain(32, 32, {1, 1, 0})}}}},
                           .cell = 64};
  const Tensor page = draw_contact_sheet(sheet);
  const Box red = box_of(page, kRed), blue = box_of(page, kBlue), yellow = box_of(page, {1, 1, 0}),
            green = box_of(page, kGreen);
  // Fitted to the cell by the longer side, with the aspect that it has, and every pixel there.
  EXPECT_EQ(red.right - red.left + 1, 64);
  EXPECT_EQ(red.bottom - red.top + 1, 32);
  EXPECT_EQ(red.count, 64 * 32);
  EXPECT_EQ(blue.count, 64 * 32);
  EXPECT_EQ(yellow.count, 64 * 64);
  EXPECT_EQ(green.count, 32 * 16);
  EXPECT_EQ(red.top, blue.top);
  EXPECT_LT(green.bottom, red.top);
  EXPECT_LT(blue.bottom, yellow.top);
  EXPECT_LT(red.right, blue.left);
  EXPECT_EQ((blue.left + blue.right) / 2, (yellow.left + yellow.right) / 2);  // centred in one column
  EXPECT_LT(yellow.right, page.size(2));
  EXPECT_LT(yellow.bottom, page.size(1));
}

TEST(ContactSheet, words_leave_ink) {
  const auto ink = [](const std::string& title, const std::string& heading, const std::string& caption) {
    return inked(draw_contact_sheet(
        {.title = title, .rows = {{heading, {{caption, plain(64, 64, {1, 1, 1})}}}}, .cell = 64}));
  };
  EXPECT_EQ(ink("", "", ""), 0);
  EXPECT_GT(ink("title", "", ""), 10);
  EXPECT_GT(ink("", "heading", ""), 10);
  EXPECT_GT(ink("", "", "caption"), 10);
}

TEST(ContactSheet, refuses_pages_that_cannot_be) {
  EXPECT_INVALID(draw_contact_sheet({}), "nothing to show");
  EXPECT_INVALID(draw_contact_sheet({.rows = {{"", {{"", {}}}}}, .cell = 31}), "at least 32 pixels");
  EXPECT_INVALID(draw_contact_sheet({.rows = {{"", std::vector<SheetPicture>(256)}}, .cell = 256}),
                 "smaller cells");
}

}  // namespace
}  // namespace nst
