#include "nn/torch_writer.h"

#include <zip.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/file.h"

namespace nst::nn {
namespace {

// The opcodes of pickle's protocol 2 that a state dict needs (CPython's Lib/pickletools.py).
class Pickler {
 public:
  Pickler() { op("\x80\x02"); }

  void op(std::string_view bytes) { text_ += bytes; }
  void global(std::string_view module, std::string_view name) {
    op("c");
    op(module);
    op("\n");
    op(name);
    op("\n");
  }
  void string(std::string_view value) {
    op("X");
    number(static_cast<uint32_t>(value.size()));
    op(value);
  }
  void integer(int64_t value) {
    if (value > INT32_MAX) throw std::invalid_argument("write_torch: a tensor of more than 2^31 elements");
    op("J");
    number(static_cast<uint32_t>(value));
  }
  void integers(const std::vector<int64_t>& values) {
    op("(");
    for (const int64_t value : values) integer(value);
    op("t");
  }
  std::string take() {
    op(".");
    return std::move(text_);
  }

 private:
  void number(uint32_t value) {  // little-endian
    for (int byte = 0; byte < 4; ++byte) text_ += static_cast<char>(value >> (8 * byte) & 0xff);
  }
  std::string text_;
};

void ordered_dict(Pickler& out) {
  out.global("collections", "OrderedDict");
  out.op(")R");
}

// torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)
void tensor(Pickler& out, const Shape& shape, const std::string& key) {
  out.global("torch._utils", "_rebuild_tensor_v2");
  out.op("((");
  out.string("storage");
  out.global("torch", "FloatStorage");
  out.string(key);
  out.string("cpu");
  out.integer(shape.numel());
  out.op("tQ");  // the storage is known by this tuple
  out.integer(0);
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) strides[axis] = strides[axis + 1] * shape[axis + 1];
  out.integers({shape.begin(), shape.end()});
  out.integers(strides);
  out.op("\x89");  // False
  ordered_dict(out);
  out.op("tR");
}

std::string pickled(const StateDict& state) {
  Pickler out;
  ordered_dict(out);
  out.op("(");
  size_t key = 0;
  for (const auto& [name, value] : state) {
    out.string(name);
    tensor(out, value.shape(), std::to_string(key++));
  }
  out.op("u");
  return out.take();
}

// A zip archive in memory, its entries stored as they are.
class ZipWriter {
 public:
  ZipWriter() {
    zip_error_t error;
    zip_error_init(&error);
    source_ = zip_source_buffer_create(nullptr, 0, 0, &error);
    if (source_) archive_ = zip_open_from_source(source_, ZIP_TRUNCATE, &error);
    if (!archive_) {
      if (source_) zip_source_free(source_);
      throw std::runtime_error("no memory for a zip archive");
    }
    zip_source_keep(source_);
  }
  ~ZipWriter() {
    if (archive_) zip_discard(archive_);
    zip_source_free(source_);
  }
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  // The bytes must live until take().
  void add(const std::string& name, std::string_view bytes) {
    constexpr time_t kNoTime = 315532800;  // 1980, where zip's calendar begins: the same bytes every time
    zip_source_t* entry = zip_source_buffer(archive_, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = entry ? zip_file_add(archive_, name.c_str(), entry, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0 || zip_set_file_compression(archive_, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_mtime(archive_, index, kNoTime, 0) != 0) {
      if (entry && index < 0) zip_source_free(entry);
      fail();
    }
  }

  std::vector<std::byte> take() {
    if (zip_close(archive_) != 0) fail();
    archive_ = nullptr;
    zip_stat_t stat;
    if (zip_source_stat(source_, &stat) != 0 || zip_source_open(source_) != 0) fail();
    std::vector<std::byte> bytes(stat.size);
    const auto read = zip_source_read(source_, bytes.data(), bytes.size());
    zip_source_close(source_);
    if (read != static_cast<zip_int64_t>(bytes.size())) fail();
    return bytes;
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("the zip archive cannot be made"); }
  zip_source_t* source_ = nullptr;
  zip_t* archive_ = nullptr;
};

}  // namespace

void write_torch(const std::filesystem::path& path, const StateDict& state) {
  // torch.load() finds the folder by itself; PyTorch calls it "archive" when it knows no better.
  const std::string folder = "archive/", object = pickled(state);
  std::vector<Tensor> tensors;  // kept until the archive is made
  ZipWriter zip;
  zip.add(folder + "data.pkl", object);
  zip.add(folder + "byteorder", "little");
  for (const auto& [name, value] : state) {
    if (!value.defined()) throw std::invalid_argument("write_torch: " + name + " is undefined");
    tensors.push_back(value.to(DType::float32).to(kCpu));
    zip.add(folder + "data/" + std::to_string(tensors.size() - 1),
            {static_cast<const char*>(tensors.back().raw()), tensors.back().bytes()});
  }
  zip.add(folder + "version", "3\n");
  write_file_atomically(path, zip.take());
}

}  // namespace nst::nn
