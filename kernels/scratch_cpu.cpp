#include "kernels/scratch_cpu.h"

#include <memory>
#include <new>

namespace nst::kernels {

void* scratch_bytes(size_t bytes) {
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(void* block) const { ::operator delete(block, kAlignment); }
  };
  static thread_local std::unique_ptr<void, Free> block;
  static thread_local size_t capacity = 0;
  if (bytes > capacity) {
    block.reset();  // before the new one is taken, so that both never exist at once
    capacity = 0;
    block.reset(::operator new(bytes, kAlignment));
    capacity = bytes;
  }
  return block.get();
}

}  // namespace nst::kernels
