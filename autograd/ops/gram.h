#pragma once

#include "autograd/variable.h"
#include "tensor/ops/gram.h"

namespace nst::autograd {

// Gram matrices (N, C, C) of features (N, H, W, C): params.scale * sum over pixels of the products of
// shifted channels. Gatys et al. 2016, eq. 3; the shift is Novak & Nikulin 2016, section 3.3.
Variable gram(const Variable& features, const ops::GramParams& params = {});

}  // namespace nst::autograd
