// Differentiable squared distances of two variables of equal shape; a target is a variable that requires no
// gradient, and costs none.
#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

// scale * sum of (a - b)^2 -> (1)
Variable sum_of_squares(const Variable& a, const Variable& b, double scale = 1);
// The mean of (a - b)^2 -> (1); throws std::invalid_argument when they are empty.
Variable mse(const Variable& a, const Variable& b);

}  // namespace nst::autograd
