#include "autograd/checkpoint.h"

#include <memory>
#include <utility>

#include "autograd/engine.h"

namespace nst::autograd {
namespace {

// What the backward pass has brought to the outputs so far.
using Gradients = std::vector<Tensor>;

// The segment's inputs, cut from the graph that they come from.
std::vector<Variable> as_leaves(const std::vector<Tensor>& values, const std::vector<bool>& needed) {
  std::vector<Variable> leaves;
  for (size_t i = 0; i < values.size(); ++i)
    leaves.push_back(values[i].defined() ? Variable(values[i], needed[i]) : Variable());
  return leaves;
}

}  // namespace

std::vector<Variable> checkpoint(const Segment& segment, const std::vector<Variable>& inputs) {
  if (!will_record(inputs)) return segment(inputs);
  std::vector<Variable> outputs;
  {
    const NoGradGuard no_grad;
    outputs = segment(inputs);
  }
  // A node has one result, and a segment several. They meet in a token, a value of no meaning that depends on
  // the inputs and that the outputs depend on: each output's node leaves its gradient, and when all have run,
  // as is the order of the backward pass, the token's node has everything it needs.
  const auto arrived = std::make_shared<Gradients>(outputs.size());
  std::vector<Tensor> values;
  for (const Variable& input : inputs) values.push_back(input.value());
  const Tensor& like = outputs.at(0).value();
  const Variable token =
      record("checkpoint", Tensor::zeros({1}, like.dtype(), like.device()), inputs,
             [segment, values, arrived](const Tensor&, const NeedsGrad& needs) -> std::vector<Tensor> {
               const std::vector<Variable> leaves = as_leaves(values, needs.needed);
               backward(segment(leaves), std::exchange(*arrived, {}));
               std::vector<Tensor> grads(leaves.size());
               for (size_t i = 0; i < leaves.size(); ++i) {
                 if (!needs[i]) continue;
                 grads[i] = leaves[i].grad();
                 if (!grads[i].defined())
                   grads[i] = Tensor::zeros(values[i].shape(), values[i].dtype(), values[i].device());
               }
               return grads;
             });
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor y = outputs[i].value();
    outputs[i] = record("checkpoint_output", y, {token},
                        [i, arrived, token_like = token.value()](const Tensor& grad_y,
                                                                 const NeedsGrad&) -> std::vector<Tensor> {
                          (*arrived)[i] = grad_y;
                          return {Tensor::zeros(token_like.shape(), token_like.dtype(), token_like.device())};
                        });
  }
  return outputs;
}

}  // namespace nst::autograd
