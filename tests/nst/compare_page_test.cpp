#include "nst/compare_page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/support.h"

namespace nst {
namespace {

using nlohmann::json;

Comparison comparison() {
  return {.title = "a & b",
          .command = "nst compare </script><b>",
          .references = {{"content", Tensor::full({1, 4, 6, 3}, 0.5)}},
          .grid = SettingGrid({{"pooling", {"max", "average"}}}),
          .results = {{.picture = Tensor::full({1, 9, 7, 3}, 0.25),
                       .curve = {{"total", {3, 2, NAN}}},
                       .note = "3 iterations"},
                      {}}};
}

// What the page's script is given.
json data_of(const std::string& page) {
  const std::string begin = "const data = ";
  const size_t at = page.find(begin) + begin.size();
  return json::parse(page.substr(at, page.find(";\n", at) - at));
}

std::vector<std::byte> from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<std::byte>(bits >> (count -= 8) & 255));
  }
  return bytes;
}

TEST(ComparePage, holds_everything) {
  const json data = data_of(compare_page(comparison()));
  EXPECT_EQ(data["title"], "a & b");
  EXPECT_EQ(data["command"], "nst compare </script><b>");
  EXPECT_EQ(data["axes"][0]["name"], "pooling");
  EXPECT_EQ(data["axes"][0]["values"], json({"max", "average"}));
  EXPECT_EQ(data["references"][0]["name"], "content");
  ASSERT_EQ(data["cells"].size(), 2u);
  const json& cell = data["cells"][0];
  EXPECT_EQ(cell["name"], "pooling=max");
  EXPECT_EQ(cell["note"], "3 iterations");
  EXPECT_EQ(cell["curve"][0]["name"], "total");
  EXPECT_EQ(cell["curve"][0]["values"], json({3.0, 2.0, nullptr}));
  EXPECT_TRUE(data["cells"][1]["picture"].is_null());
}

TEST(ComparePage, pictures_are_within) {
  const json cell = data_of(compare_page(comparison()))["cells"][0];
  const std::string src = cell["picture"]["src"], prefix = "data:image/jpeg;base64,";
  ASSERT_TRUE(src.starts_with(prefix));
  const auto file = from_base64(src.substr(prefix.size()));
  const Tensor picture = decode_image(file, "the page's picture");
  EXPECT_EQ(picture.shape(), Shape({1, 9, 7, 3}));
  EXPECT_CLOSE(picture, Tensor::full({1, 9, 7, 3}, 0.25), 0.01);
}

TEST(ComparePage, nothing_in_the_data_ends_the_script_or_comes_from_elsewhere) {
  const std::string page = compare_page(comparison());
  size_t ends = 0;
  for (size_t at = page.find("</script>"); at != std::string::npos; at = page.find("</script>", at + 1))
    ++ends;
  EXPECT_EQ(ends, 1u);
  for (const std::string outside : {"src=\"", "href=", "url(", "import "}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

TEST(ComparePage, needs_a_result_per_cell) {
  Comparison c = comparison();
  c.results.pop_back();
  EXPECT_INVALID(compare_page(c), "one result per cell");
}

}  // namespace
}  // namespace nst
