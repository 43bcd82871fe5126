#include "nn/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "tensor/file.h"

namespace nst::nn {
namespace {

using nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 16 << 20;  // bytes: hundreds of thousands of tensors
constexpr uint64_t kAlignment = 8;
constexpr std::string_view kMetadata = "__metadata__";

std::optional<StoredType> type_named(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(StoredType::boolean); ++i) {
    if (name_of(static_cast<StoredType>(i)) == name) return static_cast<StoredType>(i);
  }
  return std::nullopt;
}

json parse_header(const FileBytes& file, std::string_view text) {
  // JSON lets a key come twice, and the second would silently win.
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > 3) file.fail("bad header: nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      file.fail(fmt::format("bad header: '{}' is there twice", value.get<std::string>()));
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& error) {
    file.fail(fmt::format("bad header: {}", error.what()));
  }
}

std::vector<int64_t> unsigned_list(const FileBytes& file, const std::string& tensor, const json& entry,
                                   const char* key) {
  const auto list = entry.find(key);
  if (list == entry.end() || !list->is_array()) {
    file.fail(fmt::format("bad header: tensor {} has no {}", tensor, key));
  }
  std::vector<int64_t> values;
  for (const json& value : *list) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > INT64_MAX) {
      file.fail(fmt::format("bad header: tensor {} has a {} that is not a size", tensor, key));
    }
    values.push_back(value.get<int64_t>());
  }
  return values;
}

StoredType stored_type(const FileBytes& file, const std::string& tensor, const json& entry) {
  const auto name = entry.find("dtype");
  if (name == entry.end() || !name->is_string()) {
    file.fail(fmt::format("bad header: tensor {} has no dtype", tensor));
  }
  const auto type = type_named(name->get<std::string>());
  if (!type) {
    file.fail(
        fmt::format("tensor {} is of the type {}, which is not supported", tensor, name->get<std::string>()));
  }
  return *type;
}

struct Range {
  uint64_t begin, end;
  std::string tensor;
};

void check_ranges(const FileBytes& file, std::vector<Range> ranges, uint64_t data_bytes) {
  std::ranges::sort(ranges, {}, [](const Range& r) { return std::pair(r.begin, r.end); });
  uint64_t position = 0;
  for (const Range& r : ranges) {
    if (r.begin != position) {
      file.fail(fmt::format("tensor {} starts at {}, where {} was expected: tensors {}", r.tensor, r.begin,
                            position, r.begin < position ? "overlap" : "leave a gap"));
    }
    position = r.end;
  }
  if (position != data_bytes) {
    file.fail(fmt::format("{} bytes follow the last tensor", data_bytes - position));
  }
}

}  // namespace

bool is_safetensors(const FileBytes& file) {
  return file.size() > kLengthBytes && file.bytes()[kLengthBytes] == std::byte{'{'};
}

WeightFile open_safetensors(const FileBytes& file) {
  if (file.size() < kLengthBytes) file.fail("truncated: no header");
  uint64_t header_bytes;
  std::memcpy(&header_bytes, file.bytes().data(), kLengthBytes);
  if (header_bytes > kMaxHeader) {
    file.fail(fmt::format("bad header: {} bytes long, at most {} are supported", header_bytes, kMaxHeader));
  }
  if (header_bytes > file.size() - kLengthBytes) {
    file.fail(fmt::format("truncated: the header needs {} bytes at {}, the file has {}", header_bytes,
                          kLengthBytes, file.size()));
  }
  const uint64_t data_begin = kLengthBytes + header_bytes;
  const uint64_t data_bytes = file.size() - data_begin;
  const auto* text = reinterpret_cast<const char*>(file.bytes().data()) + kLengthBytes;
  const json header = parse_header(file, {text, static_cast<size_t>(header_bytes)});
  if (!header.is_object()) file.fail("bad header: not an object");

  WeightFile weights(file, "safetensors");
  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (!entry.is_object()) file.fail(fmt::format("bad header: '{}' is not an object", name));
    if (name == kMetadata) {
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) file.fail(fmt::format("bad header: metadata '{}' is not a string", key));
        weights.add_metadata(key, value.get<std::string>());
      }
      continue;
    }
    const StoredType type = stored_type(file, name, entry);
    const Shape shape = stored_shape(file, name, unsigned_list(file, name, entry, "shape"));
    const auto offsets = unsigned_list(file, name, entry, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      file.fail(fmt::format("bad header: tensor {} has bad data_offsets", name));
    }
    const auto begin = static_cast<uint64_t>(offsets[0]), end = static_cast<uint64_t>(offsets[1]);
    const uint64_t bytes = end - begin, size = static_cast<uint64_t>(size_of(type));
    if (bytes % size != 0 || bytes / size != static_cast<uint64_t>(shape.numel())) {
      file.fail(
          fmt::format("tensor {} is {} {} but has {} bytes", name, name_of(type), shape.to_string(), bytes));
    }
    if (end > data_bytes) {
      file.fail(fmt::format("truncated: tensor {} needs {} bytes at {}, the file has {}", name, bytes,
                            data_begin + begin, file.size()));
    }
    ranges.push_back({begin, end, name});
    weights.add(name, {type, shape, [elements = file.slice(data_begin + begin, bytes), type, shape] {
                         return to_tensor(type, elements.bytes(), shape);
                       }});
  }
  check_ranges(file, std::move(ranges), data_bytes);
  return weights;
}

void write_safetensors(const std::filesystem::path& path, const StateDict& state,
                       const SafetensorsOptions& options) {
  struct Entry {
    const std::string* name;
    Tensor tensor;  // on the CPU
    StoredType type;
  };
  std::vector<Entry> entries;
  for (const auto& [name, tensor] : state) {
    if (!tensor.defined()) {
      throw std::invalid_argument(fmt::format("write_safetensors: '{}' is undefined", name));
    }
    if (name == kMetadata) {
      throw std::invalid_argument("write_safetensors: a tensor cannot be named __metadata__");
    }
    const bool wide = tensor.dtype() == DType::float64;
    entries.push_back({&name, tensor.to(kCpu),
                       wide              ? StoredType::float64
                       : options.float16 ? StoredType::float16
                                         : StoredType::float32});
  }
  // Widest first, so that every tensor is aligned to its elements.
  std::ranges::stable_sort(entries, std::greater{}, [](const Entry& e) { return size_of(e.type); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!options.metadata.empty()) header[kMetadata] = options.metadata;
  uint64_t offset = 0;
  for (const Entry& e : entries) {
    const uint64_t end = offset + static_cast<uint64_t>(e.tensor.numel() * size_of(e.type));
    header[*e.name] = {{"dtype", name_of(e.type)},
                       {"shape", std::vector<int64_t>(e.tensor.shape().begin(), e.tensor.shape().end())},
                       {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    throw std::invalid_argument(fmt::format("write_safetensors: names must be UTF-8: {}", error.what()));
  }
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const uint64_t length = text.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const Entry& e : entries) {
    if (e.type == StoredType::float16) {
      const auto halves = to_float16({e.tensor.data<float>(), static_cast<size_t>(e.tensor.numel())});
      file.write(std::as_bytes(std::span(halves)));
    } else {
      file.write(std::span(static_cast<const std::byte*>(e.tensor.raw()), e.tensor.bytes()));
    }
  }
  file.commit();
}

}  // namespace nst::nn
