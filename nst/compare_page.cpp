#include "nst/compare_page.h"

#include <openssl/evp.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nst/compare_page_html.h"
#include "nst/image.h"

namespace nst {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kJpegQuality = 92;
constexpr std::string_view kDataMark = "/*DATA*/";  // in the page, where the data go

std::string base64(const std::vector<std::byte>& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

Json picture_json(const Tensor& picture) {
  if (!picture.defined()) return nullptr;
  return {{"width", picture.size(2)},
          {"height", picture.size(1)},
          {"src", "data:image/jpeg;base64," +
                      base64(encode_image(picture, ".jpg", {.jpeg_quality = kJpegQuality}))}};
}

Json curve_json(const std::vector<CurveColumn>& curve) {
  Json columns = Json::array();
  for (const auto& [name, values] : curve) {
    Json numbers = Json::array();
    for (const double v : values)
      numbers.push_back(std::isfinite(v) ? Json(static_cast<float>(v)) : Json(nullptr));
    columns.push_back({{"name", name}, {"values", std::move(numbers)}});
  }
  return columns;
}

// JSON that may stand within a <script>: nothing in it can end the element.
std::string script_json(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace), safe;
  for (const char c : text) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

}  // namespace

std::string compare_page(const Comparison& comparison) {
  if (comparison.results.size() != comparison.grid.size()) {
    throw std::invalid_argument("compare_page: one result per cell is needed");
  }
  Json data{{"title", comparison.title}, {"command", comparison.command}};
  data["references"] = Json::array();
  for (const auto& [name, picture] : comparison.references) {
    data["references"].push_back({{"name", name}, {"picture", picture_json(picture)}});
  }
  data["axes"] = Json::array();
  for (const auto& axis : comparison.grid.axes()) {
    data["axes"].push_back({{"name", axis.name}, {"values", axis.values}});
  }
  data["cells"] = Json::array();
  for (size_t i = 0; i < comparison.results.size(); ++i) {
    const auto& result = comparison.results[i];
    data["cells"].push_back({{"name", comparison.grid.name(i)},
                             {"picture", picture_json(result.picture)},
                             {"curve", curve_json(result.curve)},
                             {"note", result.note}});
  }
  std::string page(kComparePageHtml);
  return page.replace(page.find(kDataMark), kDataMark.size(), script_json(data));
}

}  // namespace nst
