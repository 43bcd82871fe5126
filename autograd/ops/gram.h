#pragma once

#include "autograd/variable.h"
#include "tensor/ops/gram.h"

namespace nst::autograd {

// Gram matrices (N, C, C) of features (N, H, W, C): params.scale * sum over pixels of the products of
// shifted channels. Gatys et al. 2016, eq. 3; the shift is Novak & Nikulin 2016, section 3.3.
Variable gram(const Variable& features, const ops::GramParams& params = {});

// The same between the channels of two maps of one size, a (N, H, W, Ca) and b (N, H, W, Cb): (N, Ca, Cb).
// Novak & Nikulin 2016, section 3.4.
Variable cross_gram(const Variable& a, const Variable& b, const ops::GramParams& params = {});

}  // namespace nst::autograd
