#include "tensor/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "kernels/fill.h"
#include "tensor/dispatch.h"
#include "tensor/profile.h"
#include "tensor/transfer.h"

namespace nst {
namespace {

thread_local UsedTensors* collecting = nullptr;

// A copy is an op of the GPU's where one takes part.
Device copies_on(Device to, Device from) { return to.type == DeviceType::cuda ? to : from; }

}  // namespace

struct Tensor::Storage {
  Storage(size_t bytes, Device device)
      : pool(allocator(device)), block(pool.allocate(bytes)), made_during(collecting) {}
  ~Storage() { pool.deallocate(block); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Allocator& pool;
  void* block;
  const UsedTensors* made_during;  // null: made while none was collecting
  uint64_t version = 0;
};

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  Tensor t;
  t.shape_ = shape;
  t.dtype_ = dtype;
  t.device_ = device;
  t.storage_ = std::make_shared<Storage>(static_cast<size_t>(shape.numel()) * size_of(dtype), device);
  count_allocation(t.bytes());
  // Bytes have no NaN; this one is noticed sooner than a 0.
  if (poisoning_new_tensors())
    t.fill(dtype == DType::uint8 ? 0xa5 : std::numeric_limits<double>::quiet_NaN());
  return t;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) { return full(shape, 0, dtype, device); }

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  t.fill(value);
  return t;
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values, Device device) {
  if (static_cast<int64_t>(values.size()) != shape.numel()) {
    throw std::invalid_argument(
        fmt::format("tensor: {} values for shape {}", values.size(), shape.to_string()));
  }
  Tensor t = empty(shape, dtype_of<T>(), device);
  const OpScope scope("copy", shape, device);
  copy_bytes(t.mutable_raw(), device, values.data(), kCpu, t.bytes());
  return t;
}

void Tensor::check_access(DType requested) const {
  if (!defined()) throw std::invalid_argument("tensor: undefined");
  if (requested != dtype_) {
    throw std::invalid_argument(
        fmt::format("tensor: {} elements accessed as {}", name_of(dtype_), name_of(requested)));
  }
}

void Tensor::note_use() const {
  count_access(bytes());
  if (collecting && storage_->made_during != collecting) collecting->used_.insert(storage_);
}

const void* Tensor::raw() const {
  if (!storage_) return nullptr;
  note_use();
  return storage_->block;
}

void* Tensor::mutable_raw() {
  if (!storage_) return nullptr;
  ++storage_->version;
  note_use();
  return storage_->block;
}

uint64_t Tensor::version() const { return storage_ ? storage_->version : 0; }

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.numel() != shape_.numel()) {
    throw std::invalid_argument(
        fmt::format("reshape: {} does not hold as many elements as {}", shape.to_string(), describe()));
  }
  Tensor t = *this;
  t.shape_ = shape;
  return t;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor t = empty_like(*this);
  t.copy_from(*this);
  return t;
}

Tensor Tensor::to(Device device) const {
  if (!defined() || device == device_) return *this;
  Tensor t = empty(shape_, dtype_, device);
  const OpScope scope("copy", shape_, copies_on(device, device_));
  copy_bytes(t.mutable_raw(), device, raw(), device_, bytes());
  return t;
}

Tensor Tensor::to(DType dtype) const {
  if (!defined() || dtype == dtype_) return *this;
  if (dtype == DType::float32) return from<float>(shape_, to_vector<float>(), device_);
  return from<double>(shape_, to_vector<double>(), device_);
}

void Tensor::copy_from(const Tensor& source) {
  check_same("copy_from", *this, source);
  const OpScope scope("copy", shape_, copies_on(device_, source.device_));
  copy_bytes(mutable_raw(), device_, source.raw(), source.device_, bytes());
}

void Tensor::fill(double value) {
  if (dtype_ == DType::uint8) {
    return dispatch_device("fill", *this, [&](const auto& context) {
      kernels::fill<uint8_t>(context, numel(), static_cast<uint8_t>(value), mutable_data<uint8_t>());
    });
  }
  dispatch("fill", *this, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::fill<T>(context, numel(), static_cast<T>(value), mutable_data<T>());
  });
}

double Tensor::item() const {
  if (numel() != 1) throw std::invalid_argument("item: expected one element, got " + describe());
  return to_vector<double>()[0];
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  const Tensor host = to(kCpu);
  std::vector<T> values(static_cast<size_t>(numel()));
  if (values.empty()) return values;
  if (dtype_ == DType::float32) {
    std::copy_n(host.data<float>(), values.size(), values.begin());
  } else {
    std::copy_n(host.data<double>(), values.size(), values.begin());
  }
  return values;
}

std::string Tensor::describe() const {
  if (!defined()) return "undefined";
  return fmt::format("{} {} on {}", name_of(dtype_), shape_.to_string(), device_.to_string());
}

UsedTensors::UsedTensors() { collecting = this; }
UsedTensors::~UsedTensors() { collecting = nullptr; }
std::vector<std::shared_ptr<const void>> UsedTensors::take() { return {used_.begin(), used_.end()}; }

void check_same(std::string_view op, const Tensor& a, const Tensor& b) {
  if (a.defined() && b.defined() && a.shape() == b.shape() && a.dtype() == b.dtype() &&
      a.device() == b.device()) {
    return;
  }
  throw std::invalid_argument(
      fmt::format("{}: operands must agree, got {} and {}", op, a.describe(), b.describe()));
}

void check_rank(std::string_view op, std::string_view argument, const Tensor& x, int rank) {
  if (x.defined() && x.rank() == rank) return;
  throw std::invalid_argument(
      fmt::format("{}: {} must have {} axes, got {}", op, argument, rank, x.describe()));
}

void check_shape(std::string_view op, std::string_view argument, const Tensor& x, const Shape& shape) {
  if (x.defined() && x.shape() == shape) return;
  throw std::invalid_argument(
      fmt::format("{}: {} must be {}, got {}", op, argument, shape.to_string(), x.describe()));
}

template Tensor Tensor::from<float>(const Shape&, std::span<const float>, Device);
template Tensor Tensor::from<double>(const Shape&, std::span<const double>, Device);
template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<double> Tensor::to_vector<double>() const;

}  // namespace nst
