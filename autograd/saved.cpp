#include "autograd/saved.h"

#include <utility>
#include <vector>

namespace nst::autograd {

struct Saved::Narrowed {
  Tensor elements;
  ops::Narrow type;
  Shape shape;
};

namespace {

// Smaller ones are not worth a pass.
constexpr int64_t kSmallestNarrowed = 1 << 14;

thread_local std::optional<ops::Narrow> narrow_type;

}  // namespace

NarrowSaving::NarrowSaving(std::optional<ops::Narrow> type) : previous_(std::exchange(narrow_type, type)) {}
NarrowSaving::~NarrowSaving() { narrow_type = previous_; }

Saved::Saved(const Tensor& tensor) {
  if (!narrow_type || !tensor.defined() || tensor.dtype() != DType::float32 ||
      tensor.numel() < kSmallestNarrowed) {
    tensor_ = tensor;
    return;
  }
  // The copies of tensors that are still about: the next op to save one of them finds it here.
  struct Copy {
    std::weak_ptr<const void> of;
    uint64_t version;
    std::weak_ptr<const Narrowed> narrowed;
  };
  thread_local std::vector<Copy> copies;
  std::erase_if(copies, [](const Copy& copy) { return copy.of.expired() || copy.narrowed.expired(); });
  const std::weak_ptr<const void> storage = tensor.storage();
  for (const Copy& copy : copies) {
    const bool same = !copy.of.owner_before(storage) && !storage.owner_before(copy.of);
    if (!same || copy.version != tensor.version()) continue;
    narrowed_ = copy.narrowed.lock();
    if (narrowed_ && narrowed_->type == *narrow_type && narrowed_->shape == tensor.shape()) return;
  }
  narrowed_ = std::make_shared<Narrowed>(ops::narrow(tensor, *narrow_type), *narrow_type, tensor.shape());
  copies.push_back({storage, tensor.version(), narrowed_});
}

Saved::Saved(const Variable& variable) {
  if (variable.requires_grad()) {
    *this = Saved(variable.value());
  } else {
    tensor_ = variable.value();
  }
}

Tensor Saved::get() const {
  return narrowed_ ? ops::widen(narrowed_->elements, narrowed_->type, narrowed_->shape) : tensor_;
}

}  // namespace nst::autograd
