#include "tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace nst {

Shape::Shape(const int64_t* sizes, int rank) : rank_(rank) {
  if (rank > kMaxRank) {
    throw std::invalid_argument(fmt::format("shape: at most {} axes, got {}", kMaxRank, rank));
  }
  int64_t numel = 1;
  for (int i = 0; i < rank; ++i) {
    if (sizes[i] < 0) throw std::invalid_argument(fmt::format("shape: negative size {}", sizes[i]));
    if (__builtin_mul_overflow(numel, sizes[i], &numel)) {
      throw std::invalid_argument("shape: too many elements to count");
    }
    sizes_[i] = sizes[i];
  }
}

int Shape::axis_index(int axis) const {
  const int index = axis < 0 ? axis + rank_ : axis;
  if (index < 0 || index >= rank_) {
    throw std::invalid_argument(fmt::format("shape: {} has no axis {}", to_string(), axis));
  }
  return index;
}

int64_t Shape::operator[](int axis) const { return sizes_[axis_index(axis)]; }

int64_t Shape::numel() const {
  int64_t n = 1;
  for (int64_t s : *this) n *= s;
  return n;
}

Shape Shape::with(int axis, int64_t size) const {
  auto sizes = sizes_;
  sizes[axis_index(axis)] = size;
  return Shape(sizes.data(), rank_);
}

std::string Shape::to_string() const { return fmt::format("({})", fmt::join(begin(), end(), ", ")); }

}  // namespace nst
