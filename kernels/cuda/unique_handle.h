// Ownership of the C handles of CUDA's libraries.
#pragma once

#include <utility>

namespace nst::kernels::cuda {

// Owns a handle that Destroy takes back; moving leaves an empty one behind.
//   UniqueHandle<cudaStream_t, cudaStreamDestroy> stream;
//   CUDA_CHECK(cudaStreamCreate(stream.out()));
template <class Handle, auto Destroy>
class UniqueHandle {
 public:
  UniqueHandle() = default;
  explicit UniqueHandle(Handle handle) : handle_(handle) {}
  ~UniqueHandle() {
    if (handle_) Destroy(handle_);
  }
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  Handle get() const { return handle_; }
  // Where a create function writes; the handle must be empty.
  Handle* out() { return &handle_; }

 private:
  Handle handle_{};
};

}  // namespace nst::kernels::cuda
