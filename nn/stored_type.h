// Element types of weight files, and their conversion to the two that tensors have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace nst::nn {

enum class StoredType { float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, boolean };

int size_of(StoredType type);               // bytes
std::string_view name_of(StoredType type);  // "F32", as safetensors names it
// What an element becomes: float64 and integers, exact up to 2^53, become float64; all else float32.
DType dtype_of(StoredType type);

// Little-endian elements, of any alignment, as a tensor on the CPU. Element (i, j, ...) of the result is at
// bytes[(i * strides[0] + j * strides[1] + ...) * size_of(type)]; the caller has checked that all of them lie
// within `bytes`.
Tensor to_tensor(StoredType type, std::span<const std::byte> bytes, const Shape& shape,
                 std::span<const int64_t> strides);
// The same for elements in row-major order without gaps.
Tensor to_tensor(StoredType type, std::span<const std::byte> bytes, const Shape& shape);

// float16 bits nearest to each value, ties to even. Throws std::invalid_argument when one is beyond float16's
// 65504, so that a model is never silently ruined.
std::vector<uint16_t> to_float16(std::span<const float> values);

}  // namespace nst::nn
