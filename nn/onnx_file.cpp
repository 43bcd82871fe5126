#include "nn/onnx_file.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <memory>
#include <optional>
#include <vector>

namespace nst::nn {
namespace {

using onnx::TensorProto;

// Parsing copies the elements, and protobuf counts in int.
constexpr uint64_t kMaxBytes = 1 << 30;
// A model begins with the version of the format: field 1, a small number.
constexpr std::byte kVersionTag{0x08};
constexpr std::byte kMaxVersion{0x20};

std::optional<StoredType> stored_type(int type) {
  switch (type) {
    case TensorProto::FLOAT:
      return StoredType::float32;
    case TensorProto::DOUBLE:
      return StoredType::float64;
    case TensorProto::FLOAT16:
      return StoredType::float16;
    case TensorProto::BFLOAT16:
      return StoredType::bfloat16;
    case TensorProto::INT64:
      return StoredType::int64;
    case TensorProto::INT32:
      return StoredType::int32;
    case TensorProto::INT16:
      return StoredType::int16;
    case TensorProto::INT8:
      return StoredType::int8;
    case TensorProto::UINT8:
      return StoredType::uint8;
    case TensorProto::BOOL:
      return StoredType::boolean;
    default:
      return std::nullopt;
  }
}

template <class T>
std::vector<std::byte> bytes_as(const auto& values) {
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<size_t>(values.size()) * sizeof(T));
  for (const auto value : values) {
    const T element = static_cast<T>(value);
    const auto* begin = reinterpret_cast<const std::byte*>(&element);
    bytes.insert(bytes.end(), begin, begin + sizeof element);
  }
  return bytes;
}

// The elements where they are not raw bytes but in one of the typed lists, where int32 serves narrow types.
std::vector<std::byte> listed_elements(const TensorProto& tensor, StoredType type) {
  switch (type) {
    case StoredType::float32:
      return bytes_as<float>(tensor.float_data());
    case StoredType::float64:
      return bytes_as<double>(tensor.double_data());
    case StoredType::int64:
      return bytes_as<int64_t>(tensor.int64_data());
    case StoredType::int32:
      return bytes_as<int32_t>(tensor.int32_data());
    case StoredType::float16:
    case StoredType::bfloat16:
    case StoredType::int16:
      return bytes_as<uint16_t>(tensor.int32_data());
    case StoredType::int8:
    case StoredType::uint8:
    case StoredType::boolean:
      return bytes_as<uint8_t>(tensor.int32_data());
  }
  return {};
}

uint64_t listed_count(const TensorProto& tensor, StoredType type) {
  switch (type) {
    case StoredType::float32:
      return static_cast<uint64_t>(tensor.float_data_size());
    case StoredType::float64:
      return static_cast<uint64_t>(tensor.double_data_size());
    case StoredType::int64:
      return static_cast<uint64_t>(tensor.int64_data_size());
    default:
      return static_cast<uint64_t>(tensor.int32_data_size());
  }
}

uint64_t element_count(const FileBytes& file, const TensorProto& tensor, StoredType type) {
  if (!tensor.has_raw_data()) return listed_count(tensor, type);
  const uint64_t bytes = tensor.raw_data().size(), size = static_cast<uint64_t>(size_of(type));
  if (bytes % size != 0) {
    file.fail(fmt::format("tensor {} has {} bytes of {}", tensor.name(), bytes, name_of(type)));
  }
  return bytes / size;
}

}  // namespace

bool is_onnx(const FileBytes& file) {
  const auto bytes = file.bytes();
  return bytes.size() > 2 && bytes[0] == kVersionTag && bytes[1] != std::byte{0} && bytes[1] <= kMaxVersion;
}

WeightFile open_onnx(const FileBytes& file) {
  if (file.size() > kMaxBytes) {
    file.fail(fmt::format("an ONNX model of {} bytes, at most {} are supported", file.size(), kMaxBytes));
  }
  const auto model = std::make_shared<onnx::ModelProto>();
  if (!model->ParseFromArray(file.bytes().data(), static_cast<int>(file.size())) || !model->has_graph()) {
    file.fail("damaged ONNX model, or another format");
  }
  WeightFile weights(file, "ONNX");
  for (const auto& entry : model->metadata_props()) weights.add_metadata(entry.key(), entry.value());
  for (const TensorProto& tensor : model->graph().initializer()) {
    const auto type = stored_type(tensor.data_type());
    if (!type) continue;
    if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
      file.fail(fmt::format("tensor {} lies in another file (external data), which is not supported",
                            tensor.name()));
    }
    if (tensor.has_segment()) file.fail(fmt::format("tensor {} is stored in segments", tensor.name()));
    const std::vector<int64_t> sizes(tensor.dims().begin(), tensor.dims().end());
    const Shape shape = stored_shape(file, tensor.name(), sizes);
    const uint64_t count = element_count(file, tensor, *type);
    if (count != static_cast<uint64_t>(shape.numel())) {
      file.fail(fmt::format("tensor {} {} has {} elements", tensor.name(), shape.to_string(), count));
    }
    weights.add(tensor.name(), {*type, shape, [model, &tensor, type = *type, shape] {
                                  if (tensor.has_raw_data()) {
                                    return to_tensor(type, std::as_bytes(std::span(tensor.raw_data())),
                                                     shape);
                                  }
                                  return to_tensor(type, listed_elements(tensor, type), shape);
                                }});
  }
  return weights;
}

}  // namespace nst::nn
