// A stackful coroutine on Boost.Context's fcontext, with what AddressSanitizer wants to know about stacks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace cuda_on_cpu {

// Runs `body` on a stack of its own, in turns: resume() runs it until it calls step_aside() or returns.
// A fiber whose body has returned can be started again; one that stopped half-way can be abandoned, in which
// case destructors on its stack never run.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Makes the fiber call body() from its beginning at the next resume(). `body` must outlive that.
  void start(const std::function<void()>& body);
  void resume();
  // From within the fiber: back to whoever called resume().
  void step_aside();

 private:
  void clear_red_zones();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cuda_on_cpu
