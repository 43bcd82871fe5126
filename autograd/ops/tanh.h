#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

// tanh(x), elementwise.
Variable tanh(const Variable& x);

}  // namespace nst::autograd
