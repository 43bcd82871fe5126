#include "runner/fiber.h"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_on_cpu {
namespace {

namespace ctx = boost::context::detail;

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 256 << 10;  // its frames are larger
#else
constexpr size_t kStackBytes = 64 << 10;
#endif

}  // namespace

struct Fiber::Impl {
  char* stack = nullptr;  // its lowest page is inaccessible: an overflow stops the program
  ctx::fcontext_t self = nullptr, caller = nullptr;
  const std::function<void()>* body = nullptr;
#if defined(__SANITIZE_ADDRESS__)
  const void* caller_bottom = nullptr;
  size_t caller_size = 0;
  void* caller_fake = nullptr;
  void* own_fake = nullptr;
#endif

  static void entry(ctx::transfer_t from) {
    auto* const impl = static_cast<Impl*>(from.data);
    impl->caller = from.fctx;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &impl->caller_bottom, &impl->caller_size);
#endif
    (*impl->body)();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(nullptr, impl->caller_bottom, impl->caller_size);
#endif
    ctx::jump_fcontext(impl->caller, impl);
  }
};

Fiber::Fiber() : impl_(std::make_unique<Impl>()) {
  void* memory =
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, 4096, PROT_NONE);
  impl_->stack = static_cast<char*>(memory);
}

// A body that was abandoned, or ended by jumping away, leaves its red zones marked. Whoever has the addresses
// next would be blamed for them: after the stack is unmapped that may be the sanitizer's own symboliser,
// which then waits for itself for ever.
void Fiber::clear_red_zones() {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(impl_->stack, kStackBytes);
#endif
}

Fiber::~Fiber() {
  clear_red_zones();
  munmap(impl_->stack, kStackBytes);
}

void Fiber::start(const std::function<void()>& body) {
  clear_red_zones();
  impl_->body = &body;
  impl_->self = ctx::make_fcontext(impl_->stack + kStackBytes, kStackBytes, Impl::entry);
}

void Fiber::resume() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&impl_->caller_fake, impl_->stack, kStackBytes);
#endif
  impl_->self = ctx::jump_fcontext(impl_->self, impl_.get()).fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(impl_->caller_fake, nullptr, nullptr);
#endif
}

void Fiber::step_aside() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&impl_->own_fake, impl_->caller_bottom, impl_->caller_size);
#endif
  impl_->caller = ctx::jump_fcontext(impl_->caller, impl_.get()).fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(impl_->own_fake, &impl_->caller_bottom, &impl_->caller_size);
#endif
}

}  // namespace cuda_on_cpu
