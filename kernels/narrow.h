// 16-bit copies of float32 numbers, for what is only kept, such as the feature maps that wait for the
// backward pass: half the memory. Arithmetic stays float32.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/context.h"

namespace nst::kernels {

// Both round to the nearest, ties to even.
enum class Narrow {
  bfloat16,  // 8 bits of precision (relative error up to 2^-9), float32's range
  float16,   // 11 bits (up to 2^-12) from 2^-14 on; what is beyond its 65504 becomes +-65504
};

namespace bits {

template <class To, class From>
NST_HOST_DEVICE To cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

inline constexpr uint32_t kInfinity = 0x7f800000, kSign = 0x80000000;

}  // namespace bits

NST_HOST_DEVICE inline uint16_t to_bfloat16(float value) {
  const auto b = bits::cast<uint32_t>(value);
  const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
  const uint32_t nan = (b >> 16) | 0x40;  // rounding could carry a NaN over to infinity
  return static_cast<uint16_t>((b & ~bits::kSign) > bits::kInfinity ? nan : rounded);
}

NST_HOST_DEVICE inline float from_bfloat16(uint16_t value) {
  return bits::cast<float>(uint32_t{value} << 16);
}

NST_HOST_DEVICE inline uint16_t to_float16(float value) {
  constexpr uint32_t kLargest = 0x477fe000,  // 65504
      kSmallestNormal = 0x38800000,          // 2^-14
      kBias = 0x38000000;                    // from float32's exponent to float16's
  const auto b = bits::cast<uint32_t>(value);
  const uint32_t sign = (b >> 16) & 0x8000, size = b & ~bits::kSign;
  const uint32_t capped = size > kLargest && size < bits::kInfinity ? kLargest : size;
  const uint32_t normal = (capped - kBias + 0xfff + ((capped >> 13) & 1)) >> 13;
  // 0.5f's last bit is 2^-24, the unit of float16's subnormal numbers: the addition rounds to it.
  const uint32_t subnormal =
      bits::cast<uint32_t>(bits::cast<float>(capped) + 0.5f) - bits::cast<uint32_t>(0.5f);
  const uint32_t special = size > bits::kInfinity ? 0x7e00 : 0x7c00;
  const uint32_t finite = capped < kSmallestNormal ? subnormal : normal;
  return static_cast<uint16_t>(sign | (size >= bits::kInfinity ? special : finite));
}

NST_HOST_DEVICE inline float from_float16(uint16_t value) {
  const uint32_t sign = uint32_t{value & 0x8000u} << 16, size = value & 0x7fffu;
  const uint32_t normal = (size << 13) + 0x38000000, special = (size << 13) | bits::kInfinity;
  const auto subnormal = bits::cast<uint32_t>(static_cast<float>(size) * 0x1p-24f);
  return bits::cast<float>(sign | (size >= 0x7c00 ? special : size < 0x400 ? subnormal : normal));
}

// y[i] = the 16-bit form of x[i]. T is float.
NST_KERNEL(narrow, Narrow type, int64_t count, const T* x, uint16_t* y);

// y[i] = the number of which x[i] is the 16-bit form.
NST_KERNEL(widen, Narrow type, int64_t count, const uint16_t* x, T* y);

}  // namespace nst::kernels
