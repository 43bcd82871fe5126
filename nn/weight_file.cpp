#include "nn/weight_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <stdexcept>

#include "nn/onnx_file.h"
#include "nn/safetensors.h"
#include "nn/torch_file.h"

namespace nst::nn {
namespace {

// Tied weights are stored once and named twice, and ONNX packs small int64 into a byte, so somewhat more than
// the file's size is honest.
constexpr uint64_t kMaxClaim = 8;  // times the file's size

bool starts_with(const FileBytes& file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.bytes().data(), magic.data(), magic.size()) == 0;
}

bool is_hdf5(const FileBytes& file) { return starts_with(file, "\x89HDF\r\n"); }

}  // namespace

void WeightFile::add(const std::string& tensor, StoredTensor stored) {
  if (tensor.empty()) fail("a tensor has no name");
  const auto limit = kMaxClaim * file_.size();
  const auto elements = static_cast<uint64_t>(stored.shape.numel());
  const auto size = static_cast<uint64_t>(size_of(stored.type));
  // Dividing first: numel() may be anything an int64 holds.
  if (elements > limit / size || (claimed_ += elements * size) > limit) {
    fail(fmt::format("tensor {} {} and those before it need more than {} times the file's {} bytes", tensor,
                     stored.shape.to_string(), kMaxClaim, file_.size()));
  }
  if (!tensors_.emplace(tensor, std::move(stored)).second) {
    fail(fmt::format("tensor {} is there twice", tensor));
  }
}

Tensor WeightFile::read(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  if (found == tensors_.end()) fail(fmt::format("no tensor {}", tensor));
  return found->second.read();
}

StateDict WeightFile::read_all() const {
  StateDict state;
  for (const auto& [name, stored] : tensors_) state.emplace(name, stored.read());
  return state;
}

bool is_weight_file(const FileBytes& file) {
  return is_safetensors(file) || is_torch(file) || is_onnx(file) || is_hdf5(file);
}

WeightFile open_weights(const FileBytes& file) {
  if (file.size() == 0) file.fail("empty");
  if (is_safetensors(file)) return open_safetensors(file);
  if (is_torch(file)) return open_torch(file);
  if (is_onnx(file)) return open_onnx(file);
  if (is_hdf5(file)) {
    file.fail("HDF5 (Keras .h5) cannot be read; save it as safetensors, .pth or ONNX");
  }
  file.fail("not a weight file: neither safetensors, nor PyTorch (.pth), nor ONNX");
}

WeightFile open_weights(const std::filesystem::path& path) { return open_weights(FileBytes::map(path)); }

StateDict read_weights(const std::filesystem::path& path) { return open_weights(path).read_all(); }

Shape stored_shape(const FileBytes& file, const std::string& tensor, std::span<const int64_t> sizes) {
  if (sizes.size() > Shape::kMaxRank) {
    file.fail(fmt::format("tensor {} has {} axes, at most {} are supported", tensor, sizes.size(),
                          Shape::kMaxRank));
  }
  try {
    return Shape(sizes.data(), static_cast<int>(sizes.size()));
  } catch (const std::invalid_argument&) {
    file.fail(fmt::format("tensor {} has the impossible shape ({})", tensor, fmt::join(sizes, ", ")));
  }
}

}  // namespace nst::nn
