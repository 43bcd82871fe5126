// What a backward function keeps of the forward pass.
#pragma once

#include <memory>
#include <optional>

#include "autograd/variable.h"
#include "tensor/ops/narrow.h"
#include "tensor/tensor.h"

namespace nst::autograd {

// While one lives, this thread's graphs keep large float32 tensors in 16 bits between the passes. The forward
// pass is not touched; gradients see the rounding of the maps they are computed from.
class NarrowSaving {
 public:
  explicit NarrowSaving(std::optional<ops::Narrow> type);  // none: as they are
  ~NarrowSaving();
  NarrowSaving(const NarrowSaving&) = delete;
  NarrowSaving& operator=(const NarrowSaving&) = delete;

 private:
  std::optional<ops::Narrow> previous_;
};

// A tensor kept for the backward pass: itself, or its 16-bit copy while NarrowSaving says so. Several ops
// that keep one tensor share one copy. Copying shares.
class Saved {
 public:
  Saved() = default;  // of an undefined tensor
  explicit Saved(const Tensor& tensor);
  // Of a constant, which somebody keeps anyway, always itself.
  explicit Saved(const Variable& variable);

  // The tensor; of one that was narrowed, a float32 copy that lives as long as its user.
  Tensor get() const;

 private:
  struct Narrowed;
  Tensor tensor_;
  std::shared_ptr<const Narrowed> narrowed_;
};

}  // namespace nst::autograd
