// Shape: the sizes of a tensor's axes. Images are (N, H, W, C); a scalar has no axes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace nst {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  // Throws std::invalid_argument on a negative size, more than kMaxRank axes, or more elements than an
  // int64 can count.
  Shape(std::initializer_list<int64_t> sizes) : Shape(sizes.begin(), static_cast<int>(sizes.size())) {}
  Shape(const int64_t* sizes, int rank);

  int rank() const { return rank_; }
  // Size of an axis; negative axes count from the back. Throws std::invalid_argument out of range.
  int64_t operator[](int axis) const;
  // Product of the sizes; 1 for a scalar.
  int64_t numel() const;
  // The same shape with one axis' size replaced.
  Shape with(int axis, int64_t size) const;

  const int64_t* begin() const { return sizes_.data(); }
  const int64_t* end() const { return sizes_.data() + rank_; }
  bool operator==(const Shape&) const = default;
  // "(1, 64, 64, 3)"
  std::string to_string() const;

 private:
  int axis_index(int axis) const;

  std::array<int64_t, kMaxRank> sizes_{};  // zeros past rank_, so that == compares whole arrays
  int rank_ = 0;
};

}  // namespace nst
