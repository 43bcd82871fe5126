#include "tests/golden/golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "nn/safetensors.h"

namespace nst::testing {

GoldenFile::GoldenFile(const std::string& name)
    : file_(nn::open_safetensors(
          nn::FileBytes::map(fmt::format("{}/tests/golden/{}.safetensors", NST_SOURCE_DIR, name)))) {}

std::vector<std::string> GoldenFile::names_below(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [key, stored] : file_.tensors()) {
    if (key.starts_with(prefix + "/")) names.push_back(key.substr(prefix.size() + 1));
  }
  return names;
}

std::vector<std::string> GoldenFile::cases_with(const std::string& ending) const {
  std::vector<std::string> cases;
  for (const auto& [key, stored] : file_.tensors()) {
    if (key.ends_with("/" + ending)) cases.push_back(key.substr(0, key.size() - ending.size() - 1));
  }
  return cases;
}

Tensor formula(const std::string& name, const Shape& shape, double scale, DType dtype) {
  uint32_t seed = 0x811C9DC5;  // FNV-1a
  for (const unsigned char byte : name) seed = (seed ^ byte) * 0x01000193;
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t x = static_cast<uint32_t>(i) * 0x9E3779B9 + seed;
    x = (x ^ (x >> 16)) * 0x7FEB352D;
    x = (x ^ (x >> 15)) * 0x846CA68B;
    x ^= x >> 16;
    values[i] = static_cast<float>((static_cast<double>(x >> 8) / (1 << 23) - 1) * scale);
  }
  return Tensor::from<float>(shape, values).to(dtype);
}

double disagreement(const Tensor& ours, const Tensor& golden) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (ours.shape() != golden.shape()) return kNan;
  const auto a = ours.to_vector<double>(), b = golden.to_vector<double>();
  double squares = 0, golden_squares = 0, largest = 0, golden_largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return kNan;
    const double difference = std::abs(a[i] - b[i]);
    squares += difference * difference;
    golden_squares += b[i] * b[i];
    largest = std::max(largest, difference);
    golden_largest = std::max(golden_largest, std::abs(b[i]));
  }
  if (largest == 0) return 0;
  return std::max(std::sqrt(squares / golden_squares), largest / golden_largest);
}

void Agreement::check(const std::string& key, const Tensor& ours, const Tensor& golden) {
  const double difference = disagreement(ours, golden);
  EXPECT_TRUE(difference <= tolerance_) << what_ << ", " << key << ": disagreement " << difference << " of "
                                        << ours.describe() << " with " << golden.describe();
  if (std::isnan(worst_) || difference <= worst_) return;  // NaN stays the worst
  worst_ = difference;
  worst_key_ = key;
}

Agreement::~Agreement() {
  EXPECT_GE(worst_, 0) << what_ << ": nothing was compared";
  std::puts(fmt::format("| {} | {:.0e} | {:.1e} | `{}` |", what_, tolerance_, worst_, worst_key_).c_str());
}

}  // namespace nst::testing
