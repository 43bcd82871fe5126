#include "nn/stored_type.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "kernels/narrow.h"

namespace nst::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "weight files are little-endian");

struct TypeInfo {
  std::string_view name;
  int size;
  DType dtype;
};

// In the order of StoredType.
constexpr std::array<TypeInfo, 10> kTypes{{{"F64", 8, DType::float64},
                                           {"F32", 4, DType::float32},
                                           {"F16", 2, DType::float32},
                                           {"BF16", 2, DType::float32},
                                           {"I64", 8, DType::float64},
                                           {"I32", 4, DType::float64},
                                           {"I16", 2, DType::float64},
                                           {"I8", 1, DType::float64},
                                           {"U8", 1, DType::float64},
                                           {"BOOL", 1, DType::float32}}};

const TypeInfo& info(StoredType type) { return kTypes.at(static_cast<size_t>(type)); }

template <class Source, class T>
T load(const std::byte* at) {
  Source value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<T>(value);
}

// Calls f with a function that reads one element as T.
template <class T, class F>
void with_loader(StoredType type, F&& f) {
  switch (type) {
    case StoredType::float64:
      return f(load<double, T>);
    case StoredType::float32:
      return f(load<float, T>);
    case StoredType::float16:
      return f([](const std::byte* at) {
        const auto bits = load<uint16_t, uint16_t>(at);
        return static_cast<T>(kernels::from_float16(bits));
      });
    case StoredType::bfloat16:
      return f([](const std::byte* at) {
        return static_cast<T>(kernels::from_bfloat16(load<uint16_t, uint16_t>(at)));
      });
    case StoredType::int64:
      return f(load<int64_t, T>);
    case StoredType::int32:
      return f(load<int32_t, T>);
    case StoredType::int16:
      return f(load<int16_t, T>);
    case StoredType::int8:
      return f(load<int8_t, T>);
    case StoredType::uint8:
      return f(load<uint8_t, T>);
    case StoredType::boolean:
      return f([](const std::byte* at) { return static_cast<T>(*at != std::byte{0}); });
  }
}

// Copies the elements of axes `axis` and deeper, which start at `source`, to `out`; returns the end of what
// it wrote.
template <class T, class Loader>
T* gather(const Loader& load_one, const std::byte* source, int size, const Shape& shape,
          std::span<const int64_t> strides, int axis, T* out) {
  if (axis == shape.rank()) {
    *out = load_one(source);
    return out + 1;
  }
  const int64_t step = strides[static_cast<size_t>(axis)] * size;
  for (int64_t i = 0; i < shape[axis]; ++i) {
    out = gather(load_one, source + i * step, size, shape, strides, axis + 1, out);
  }
  return out;
}

template <class T>
void fill_from(Tensor& t, StoredType type, std::span<const std::byte> bytes,
               std::span<const int64_t> strides) {
  with_loader<T>(type, [&](const auto& load_one) {
    gather(load_one, bytes.data(), size_of(type), t.shape(), strides, 0, t.mutable_data<T>());
  });
}

std::array<int64_t, Shape::kMaxRank> row_major_strides(const Shape& shape) {
  std::array<int64_t, Shape::kMaxRank> strides{};
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

}  // namespace

int size_of(StoredType type) { return info(type).size; }
std::string_view name_of(StoredType type) { return info(type).name; }
DType dtype_of(StoredType type) { return info(type).dtype; }

Tensor to_tensor(StoredType type, std::span<const std::byte> bytes, const Shape& shape,
                 std::span<const int64_t> strides) {
  Tensor t = Tensor::empty(shape, dtype_of(type));
  if (t.numel() == 0) return t;
  if (t.dtype() == DType::float32) {
    fill_from<float>(t, type, bytes, strides);
  } else {
    fill_from<double>(t, type, bytes, strides);
  }
  return t;
}

Tensor to_tensor(StoredType type, std::span<const std::byte> bytes, const Shape& shape) {
  if (type == StoredType::float32 || type == StoredType::float64) {
    Tensor t = Tensor::empty(shape, dtype_of(type));
    if (t.numel() > 0) std::memcpy(t.mutable_raw(), bytes.data(), t.bytes());
    return t;
  }
  return to_tensor(type, bytes, shape, row_major_strides(shape));
}

std::vector<uint16_t> to_float16(std::span<const float> values) {
  constexpr float kRoundsToInfinity = 65520;  // halfway from 65504 to what would be the next number
  std::vector<uint16_t> halves(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && std::abs(values[i]) >= kRoundsToInfinity) {
      throw std::invalid_argument(fmt::format("float16: {} is beyond its largest value, 65504", values[i]));
    }
    halves[i] = kernels::to_float16(values[i]);
  }
  return halves;
}

}  // namespace nst::nn
