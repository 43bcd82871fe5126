// The reverse pass.
#pragma once

#include "autograd/variable.h"

namespace nst::autograd {

// Adds d(loss)/d(leaf) to the grad() of every leaf that requires a gradient and that `loss` depends on.
// `seed` is the gradient of the loss itself, ones when undefined. Nodes run once, in reverse topological
// order; what a node saved is freed as soon as it has run, so a graph can be walked only once.
// Throws std::invalid_argument when the loss requires no gradient or the graph was walked before, and
// std::logic_error when an op returns a gradient that does not match its input.
void backward(const Variable& loss, Tensor seed = {});

// The same for several results at once: adds the gradient of sum_i <seed_i, result_i>. Results without a
// seed, or without need of a gradient, take no part.
void backward(std::vector<Variable> results, std::vector<Tensor> seeds);

// The nodes `result` depends on, each after the nodes of its inputs.
std::vector<Node*> topological_order(const Variable& result);

}  // namespace nst::autograd
