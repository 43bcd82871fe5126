// Tensor: a dense, contiguous, row-major array on a device. Images and activations are (N, H, W, C),
// convolution weights (K, C, R, S) as in weight files.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/device.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace nst {

// A handle: copying shares the elements, clone() copies them. A default-constructed tensor is undefined:
// it has no elements and stands for "none" (a gradient nobody asked for, say).
class Tensor {
 public:
  Tensor() = default;

  // Uninitialised elements.
  static Tensor empty(const Shape& shape, DType dtype = DType::float32, Device device = kCpu);
  static Tensor zeros(const Shape& shape, DType dtype = DType::float32, Device device = kCpu);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::float32, Device device = kCpu);
  // Copies host values, row-major; throws std::invalid_argument unless values.size() == shape.numel().
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values, Device device = kCpu);
  template <class T>
  static Tensor from(const Shape& shape, const std::vector<T>& values, Device device = kCpu) {
    return from(shape, std::span<const T>(values), device);
  }
  // Uninitialised, with another tensor's shape, type and device.
  static Tensor empty_like(const Tensor& other) {
    return empty(other.shape(), other.dtype(), other.device());
  }
  static Tensor zeros_like(const Tensor& other) {
    return zeros(other.shape(), other.dtype(), other.device());
  }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t size(int axis) const { return shape_[axis]; }
  int64_t numel() const { return defined() ? shape_.numel() : 0; }
  size_t bytes() const { return static_cast<size_t>(numel()) * size_of(dtype_); }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }

  // The elements, on device(). Throws std::invalid_argument when T is not dtype().
  template <class T>
  const T* data() const {
    check_access(dtype_of<T>());
    return static_cast<const T*>(raw());
  }
  // The same for writing; moves version() on, so that what was derived from the old values is made anew.
  template <class T>
  T* mutable_data() {
    check_access(dtype_of<T>());
    return static_cast<T*>(mutable_raw());
  }
  // The same, untyped; null when undefined.
  const void* raw() const;
  void* mutable_raw();
  // Counts the writes to the elements; equal versions of one storage mean equal values.
  uint64_t version() const;
  // True when no other tensor shares the elements.
  bool unique() const { return storage_.use_count() == 1; }
  // True when both share the same elements.
  bool shares_storage(const Tensor& other) const { return storage_ == other.storage_; }
  // The elements' owner, for who must know a storage again without keeping it.
  std::weak_ptr<const void> storage() const { return storage_; }

  // The same elements under another shape; throws std::invalid_argument unless the counts agree.
  Tensor reshape(const Shape& shape) const;
  // A copy of its own.
  Tensor clone() const;
  // This tensor itself where nothing changes, else a converted copy.
  Tensor to(Device device) const;
  Tensor to(DType dtype) const;
  // Overwrites the elements with those of a tensor of the same shape, type and device.
  void copy_from(const Tensor& source);
  void fill(double value);
  // The only element as a double; waits for the device. Throws std::invalid_argument unless numel() is 1.
  double item() const;
  // The elements on the host, converted to T.
  template <class T>
  std::vector<T> to_vector() const;

  // "float32 (1, 64, 64, 3) on cpu"
  std::string describe() const;

 private:
  struct Storage;
  void check_access(DType requested) const;
  void note_use() const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  DType dtype_ = DType::float32;
  Device device_ = kCpu;
};

// While it lives, notes the tensors made before it whose elements this thread asks for, and keeps them alive:
// what a captured graph (captured_work.h) will go on using. One at a time.
class UsedTensors {
 public:
  UsedTensors();
  ~UsedTensors();
  UsedTensors(const UsedTensors&) = delete;
  UsedTensors& operator=(const UsedTensors&) = delete;

  // Once each; keeps them alive from here on.
  std::vector<std::shared_ptr<const void>> take();

 private:
  friend class Tensor;
  std::unordered_set<std::shared_ptr<const void>> used_;
};

// Throws std::invalid_argument naming the op and both tensors unless shape, type and device agree.
void check_same(std::string_view op, const Tensor& a, const Tensor& b);
// Throws unless `x` is defined and has this many axes, e.g. check_rank("gram", "features", x, 4).
void check_rank(std::string_view op, std::string_view argument, const Tensor& x, int rank);
// Throws unless `x` is defined and has this shape.
void check_shape(std::string_view op, std::string_view argument, const Tensor& x, const Shape& shape);

}  // namespace nst
