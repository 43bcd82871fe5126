// Settings of the first CUDA device, for as long as a test needs them.
#pragma once

#include "tensor/device.h"

namespace nst::testing {

// Sets the math mode while it lives.
class MathModeScope {
 public:
  explicit MathModeScope(MathMode mode) : before_(math_mode(kCuda)) { set_math_mode(kCuda, mode); }
  ~MathModeScope() { set_math_mode(kCuda, before_); }
  MathModeScope(const MathModeScope&) = delete;
  MathModeScope& operator=(const MathModeScope&) = delete;

 private:
  MathMode before_;
};

// Sets whose convolutions run while it lives.
class ConvBackendScope {
 public:
  explicit ConvBackendScope(ConvBackend backend) : before_(conv_backend(kCuda)) {
    set_conv_backend(kCuda, backend);
  }
  ~ConvBackendScope() { set_conv_backend(kCuda, before_); }
  ConvBackendScope(const ConvBackendScope&) = delete;
  ConvBackendScope& operator=(const ConvBackendScope&) = delete;

 private:
  ConvBackend before_;
};

}  // namespace nst::testing
