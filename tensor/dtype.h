// Element types. float32 computes; float64 is for checking gradients.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace nst {

enum class DType { float32, float64 };

constexpr size_t size_of(DType dtype) { return dtype == DType::float32 ? 4 : 8; }
constexpr std::string_view name_of(DType dtype) { return dtype == DType::float32 ? "float32" : "float64"; }

// dtype_of<float>() == DType::float32.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::float32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::float64;
}

}  // namespace nst
