// Weight files: safetensors, PyTorch's .pth in both of its containers, ONNX. What kind a file is, its content
// says, not its name. A file is untrusted: opening one checks every length, offset and shape in it, and
// nothing in it is ever executed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "nn/file_bytes.h"
#include "nn/state_dict.h"
#include "nn/stored_type.h"

namespace nst::nn {

// A tensor as it lies in a file.
struct StoredTensor {
  StoredType type;
  Shape shape;
  std::function<Tensor()> read;  // converts and copies it; may throw std::runtime_error
};

// The index of a weight file; tensors are read when asked for, so a network that needs the first 30 MB of
// a 550 MB file reads only those. Copies share the open file.
class WeightFile {
 public:
  WeightFile(const FileBytes& file, std::string format) : file_(file), format_(std::move(format)) {}

  // For the readers. Throws std::runtime_error when the name is there already or empty, or when the tensors
  // together claim several times what the file holds (sharing elements lets a small file ask for any amount
  // of memory).
  void add(const std::string& tensor, StoredTensor stored);
  void add_metadata(std::string key, std::string value) {
    metadata_.emplace(std::move(key), std::move(value));
  }

  const std::string& path() const { return file_.name(); }
  const std::string& format() const { return format_; }  // "safetensors"
  uint64_t bytes() const { return file_.size(); }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }  // of safetensors and ONNX

  // Throws std::runtime_error naming the file when it is not there.
  Tensor read(const std::string& tensor) const;
  StateDict read_all() const;
  // Throws std::runtime_error("PATH: MESSAGE").
  [[noreturn]] void fail(std::string_view message) const { file_.fail(message); }

 private:
  FileBytes file_;
  std::string format_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
  uint64_t claimed_ = 0;  // bytes of all tensors
};

// Whether it begins as one of the formats does; it may be damaged, or of a kind that cannot be read.
bool is_weight_file(const FileBytes& file);
// Throws std::runtime_error saying what is wrong with the file, for instance
// "vgg.pth: truncated: tensor conv1_1.weight needs 6912 bytes at 120, the file has 100".
WeightFile open_weights(const std::filesystem::path& path);
WeightFile open_weights(const FileBytes& file);
// Everything in the file.
StateDict read_weights(const std::filesystem::path& path);

// For the readers: sizes from a file as a Shape. Throws std::runtime_error when they are no shape.
Shape stored_shape(const FileBytes& file, const std::string& tensor, std::span<const int64_t> sizes);

}  // namespace nst::nn
