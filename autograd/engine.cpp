#include "autograd/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tensor/ops/elementwise.h"
#include "tensor/profile.h"

namespace nst::autograd {
namespace {

// Values with a creator, each after those it was computed from. Iterative: graphs are deep.
// The order shares ownership: the walk cuts nodes from their inputs as it goes.
std::vector<std::shared_ptr<GradInfo>> interior_order(const std::vector<std::shared_ptr<GradInfo>>& results) {
  struct Frame {
    std::shared_ptr<GradInfo> info;
    size_t next_input;
  };
  std::vector<std::shared_ptr<GradInfo>> order;
  std::unordered_set<const GradInfo*> seen;
  std::vector<Frame> stack;
  const auto visit = [&](const std::shared_ptr<GradInfo>& info) {
    if (info && info->creator && seen.insert(info.get()).second) stack.push_back({info, 0});
  };
  for (const auto& result : results) {
    visit(result);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const auto& inputs = frame.info->creator->inputs;
      if (frame.next_input < inputs.size()) {
        visit(inputs[frame.next_input++]);
      } else {
        order.push_back(std::move(frame.info));
        stack.pop_back();
      }
    }
  }
  return order;
}

// The order in which backward() takes them: each after all that was computed from it, and as late as that
// allows, so that a gradient waits for its turn no longer than it must. The number of ops between a value and
// the furthest leaf gives such an order: a loss on an early layer comes when the rest of its network is done.
std::vector<std::shared_ptr<GradInfo>> backward_order(const std::vector<std::shared_ptr<GradInfo>>& results) {
  auto order = interior_order(results);
  std::unordered_map<const GradInfo*, int64_t> depth;
  for (const auto& info : order) {
    int64_t deepest = 0;
    for (const auto& input : info->creator->inputs) {
      if (const auto at = depth.find(input.get()); at != depth.end()) deepest = std::max(deepest, at->second);
    }
    depth[info.get()] = deepest + 1;
  }
  std::ranges::stable_sort(order, std::greater{}, [&](const auto& info) { return depth.at(info.get()); });
  return order;
}

void check_gradient(const Node& node, size_t input, const Tensor& grad) {
  const GradInfo& info = *node.inputs[input];
  if (grad.defined() && grad.shape() == info.shape && grad.dtype() == info.dtype &&
      grad.device() == info.device) {
    return;
  }
  throw std::logic_error(fmt::format("{}: the gradient of input {} must be {} {}, got {}", node.name, input,
                                     name_of(info.dtype), info.shape.to_string(), grad.describe()));
}

// In place where nobody else sees the sum so far: a large map's third copy would be the peak of a step.
void accumulate(GradInfo& info, Tensor grad) {
  if (!info.grad.defined()) {
    info.grad = std::move(grad);
  } else if (info.grad.unique()) {
    ops::axpy(1, grad, info.grad);
  } else {
    info.grad = ops::add(info.grad, grad);
  }
}

// The sums so far that nobody else sees, taken from their inputs.
std::vector<Tensor> take_sums(const Node& node) {
  std::vector<Tensor> sums(node.inputs.size());
  for (size_t i = 0; i < sums.size(); ++i) {
    if (node.needs[i] && node.inputs[i]->grad.unique()) sums[i] = std::exchange(node.inputs[i]->grad, {});
  }
  return sums;
}

// After the backward function: the gradient it returned may be the sum that it was lent.
void give_back(GradInfo& info, Tensor sum, Tensor grad) {
  const bool added = sum.defined() && sum.shares_storage(grad);
  if (sum.defined()) accumulate(info, std::move(sum));
  if (!added) accumulate(info, std::move(grad));
}

}  // namespace

std::vector<Node*> topological_order(const Variable& result) {
  std::vector<Node*> nodes;
  for (const auto& info : interior_order({result.info()})) nodes.push_back(info->creator.get());
  return nodes;
}

void backward(const Variable& loss, Tensor seed) {
  if (!loss.requires_grad())
    throw std::invalid_argument("backward: the loss depends on nothing that requires a gradient");
  if (!seed.defined()) {
    seed = Tensor::full(loss.shape(), 1, loss.value().dtype(), loss.value().device());
  }
  std::vector<Tensor> seeds;  // moved, not copied: a gradient that nobody else sees is added to in place
  seeds.push_back(std::move(seed));
  backward(std::vector{loss}, std::move(seeds));
}

void backward(std::vector<Variable> results, std::vector<Tensor> seeds) {
  if (seeds.size() != results.size()) {
    throw std::invalid_argument(
        fmt::format("backward: {} gradients for {} results", seeds.size(), results.size()));
  }
  std::vector<std::shared_ptr<GradInfo>> wanted(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    if (!seeds[i].defined() || !results[i].requires_grad()) continue;
    check_same("backward", results[i].value(), seeds[i]);
    wanted[i] = results[i].info();
  }
  results.clear();  // their values are the graph's to keep or to free
  const auto order = backward_order(wanted);
  for (const auto& info : order) {
    if (!info->creator->backward) {
      throw std::invalid_argument("backward: the graph was walked before; compute the loss again");
    }
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) accumulate(*wanted[i], std::move(seeds[i]));
  }
  for (const auto& info : order) {
    Node& node = *info->creator;
    const Tensor grad_y = std::exchange(info->grad, {});
    const auto run =
        std::exchange(node.backward, nullptr);  // freed with all it saved at the end of this turn
    if (grad_y.defined()) {
      const ProfileRegion region(node.region);
      NeedsGrad needs{node.needs, take_sums(node)};
      auto grads = run(grad_y, needs);
      if (grads.size() != node.inputs.size()) {
        throw std::logic_error(
            fmt::format("{}: {} gradients for {} inputs", node.name, grads.size(), node.inputs.size()));
      }
      for (size_t i = 0; i < grads.size(); ++i) {
        if (!node.needs[i]) continue;
        check_gradient(node, i, grads[i]);
        give_back(*node.inputs[i], std::move(needs.sums[i]), std::move(grads[i]));
      }
    }
    node.inputs.clear();
  }
}

}  // namespace nst::autograd
