// Reading the golden files, and saying how well we agree with them. README.md beside this says what they
// hold.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/weight_file.h"
#include "tests/support.h"

namespace nst::testing {

// tests/golden/NAME.safetensors.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name);

  // Throws std::runtime_error when there is no such key.
  Tensor read(const std::string& key, DType dtype) const { return file_.read(key).to(dtype); }
  bool contains(const std::string& key) const { return file_.tensors().contains(key); }
  // The keys "PREFIX/NAME" without the prefix, sorted.
  std::vector<std::string> names_below(const std::string& prefix) const;
  // The keys that end in "/ENDING" without it, sorted: the cases of a file in which each has one.
  std::vector<std::string> cases_with(const std::string& ending) const;

 private:
  nn::WeightFile file_;
};

// README.md's formula tensors: scale * uniform in [-1, 1), a hash of the name and the flat index.
Tensor formula(const std::string& name, const Shape& shape, double scale, DType dtype);

// The larger of |ours - golden|_2 / |golden|_2 and max |ours - golden| / max |golden|: the first weighs every
// element, the second lets no single one hide among many. Relative to golden values however small, exact
// where they are all zero; NaN when the shapes differ or an element of either is not finite.
double disagreement(const Tensor& ours, const Tensor& golden);

// One row of README.md's table: compares tensors, fails every one beyond the tolerance, and in the end prints
//   | WHAT | tolerance | worst disagreement | the key it was at |
class Agreement {
 public:
  Agreement(std::string what, double tolerance) : what_(std::move(what)), tolerance_(tolerance) {}
  ~Agreement();
  Agreement(const Agreement&) = delete;
  Agreement& operator=(const Agreement&) = delete;

  void check(const std::string& key, const Tensor& ours, const Tensor& golden);

 private:
  std::string what_, worst_key_ = "nothing compared";
  double tolerance_, worst_ = -1;
};

}  // namespace nst::testing
