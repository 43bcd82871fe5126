// Differentiable reductions of a whole variable to one element of shape (1).
#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

// The sum of all elements.
Variable sum(const Variable& x);
// Their mean; throws std::invalid_argument for an empty x.
Variable mean(const Variable& x);

}  // namespace nst::autograd
