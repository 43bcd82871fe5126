// Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv
// 1604.06174): a part of the graph keeps its inputs instead of what its ops save, and is computed again when
// its turn comes in the backward pass. Memory for time: that part's forward pass runs twice.
#pragma once

#include <functional>
#include <vector>

#include "autograd/variable.h"

namespace nst::autograd {

// From inputs to outputs, the same for the same inputs whenever it is called. What else it uses are
// constants: variables that it captures get no gradient. It is kept until the backward pass has gone through
// it.
using Segment = std::function<std::vector<Variable>(const std::vector<Variable>& inputs)>;

// segment(inputs), but nothing that the segment saves outlives this call. Values are the same to the bit. So
// are gradients where the sums have the same order: what comes to an output from outside of the segment is
// there before what comes from inside.
//
// Outputs may stay alive for their own sake; those that nobody keeps are freed, and computed again with the
// rest.
std::vector<Variable> checkpoint(const Segment& segment, const std::vector<Variable>& inputs);

}  // namespace nst::autograd
