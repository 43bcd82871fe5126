// Variable: a tensor that remembers how it was computed, so that gradients can flow back through it.
//
// Every differentiable function computes its result's tensor at once and, when an input wants a gradient,
// records a Node: the function's name, its inputs, and a lambda from the gradient of the result to the
// gradients of the inputs. backward() in engine.h walks the nodes in reverse.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace nst::autograd {

struct Node;

// What a backward function is asked for, by input.
struct NeedsGrad {
  std::vector<bool> needed;  // which inputs want a gradient
  // The gradient that other ops gave an input so far, where this function alone sees it, else undefined. The
  // function may add to it in place and return it: a large map's gradient then exists once.
  std::vector<Tensor> sums;

  bool operator[](size_t input) const { return needed[input]; }
};

// From the gradient of the result to one gradient per input. An input that needs none gets an undefined
// tensor, and its gradient should not be computed at all.
using BackwardFn = std::function<std::vector<Tensor>(const Tensor& grad_y, const NeedsGrad& needs)>;

// What autograd knows of a value apart from its elements. Nodes refer to their inputs by this, so that a
// value nobody needs any more is freed although the graph still mentions it.
struct GradInfo {
  bool requires_grad = false;
  Shape shape;
  DType dtype = DType::float32;
  Device device;
  Tensor grad;                    // accumulated by backward(); undefined before
  std::shared_ptr<Node> creator;  // null for a leaf
};

class Variable {
 public:
  // Undefined: stands for an absent input, such as a convolution without a bias.
  Variable() = default;
  // A leaf. With requires_grad, backward() leaves its gradient in grad().
  explicit Variable(Tensor value, bool requires_grad = false);

  bool defined() const { return value_.defined(); }
  const Tensor& value() const { return value_; }
  // For optimisers and initialisers: the elements of a leaf may be overwritten between steps.
  Tensor& mutable_value() { return value_; }
  const Shape& shape() const { return value_.shape(); }
  bool requires_grad() const { return info_ && info_->requires_grad; }
  // The gradient of the last backward() calls' losses, summed; undefined before the first.
  const Tensor& grad() const;
  // Forgets the gradient.
  void zero_grad();
  // The same value, cut from the graph.
  Variable detach() const { return Variable(value_); }
  const std::shared_ptr<GradInfo>& info() const { return info_; }

 private:
  friend Variable record(std::string_view, Tensor, std::vector<Variable>, BackwardFn);
  Tensor value_;
  std::shared_ptr<GradInfo> info_;
};

struct Node {
  std::string name;
  std::string region;                             // of a profile (tensor/profile.h), where it was recorded
  std::vector<std::shared_ptr<GradInfo>> inputs;  // null for undefined inputs
  std::vector<bool> needs;                        // which inputs want a gradient
  BackwardFn backward;

  Node() = default;
  ~Node();  // takes the graph behind it down one by one: deep chains must not recurse
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
};

// Wraps a differentiable function's result. Records a node when an input requires a gradient and recording
// is on; otherwise the backward function, and all it saved, is dropped at once.
Variable record(std::string_view name, Tensor value, std::vector<Variable> inputs, BackwardFn backward);

// True when some of the inputs would make record() keep a node: an op may ask before saving something costly.
bool will_record(const std::vector<Variable>& inputs);

// While one lives, this thread records nothing: inference costs no graph.
class NoGradGuard {
 public:
  NoGradGuard();
  ~NoGradGuard();
  NoGradGuard(const NoGradGuard&) = delete;
  NoGradGuard& operator=(const NoGradGuard&) = delete;

 private:
  bool previous_;
};

}  // namespace nst::autograd
