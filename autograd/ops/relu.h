#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

// max(0, x), elementwise.
Variable relu(const Variable& x);

}  // namespace nst::autograd
