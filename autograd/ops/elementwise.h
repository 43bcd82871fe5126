// Differentiable arithmetic on variables of equal shape.
#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

Variable add(const Variable& a, const Variable& b);
Variable sub(const Variable& a, const Variable& b);
Variable mul(const Variable& a, const Variable& b);
// scale * x + offset
Variable affine(const Variable& x, double scale, double offset = 0);
inline Variable scale(const Variable& x, double factor) { return affine(x, factor); }
// x limited to [low, high]; the gradient passes where x was inside.
Variable clamp(const Variable& x, double low, double high);

}  // namespace nst::autograd
