#include "autograd/variable.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tensor/profile.h"

namespace nst::autograd {
namespace {

thread_local bool recording = true;

}  // namespace

Variable::Variable(Tensor value, bool requires_grad) : value_(std::move(value)) {
  if (!value_.defined()) {
    if (requires_grad) throw std::invalid_argument("variable: an undefined tensor has no gradient");
    return;
  }
  info_ = std::make_shared<GradInfo>(GradInfo{.requires_grad = requires_grad,
                                              .shape = value_.shape(),
                                              .dtype = value_.dtype(),
                                              .device = value_.device(),
                                              .grad = {},
                                              .creator = nullptr});
}

const Tensor& Variable::grad() const {
  if (!info_) throw std::invalid_argument("variable: undefined");
  return info_->grad;
}

void Variable::zero_grad() {
  if (info_) info_->grad = {};
}

bool will_record(const std::vector<Variable>& inputs) {
  return recording && std::ranges::any_of(inputs, [](const Variable& v) { return v.requires_grad(); });
}

Variable record(std::string_view name, Tensor value, std::vector<Variable> inputs, BackwardFn backward) {
  const bool wanted = will_record(inputs);
  Variable result(std::move(value), wanted);
  if (wanted) {
    auto node = std::make_shared<Node>();
    node->name = name;
    node->region = ProfileRegion::current();
    for (const Variable& input : inputs) {
      node->inputs.push_back(input.info());
      node->needs.push_back(input.requires_grad());
    }
    node->backward = std::move(backward);
    result.info_->creator = std::move(node);
  }
  return result;
}

Node::~Node() {
  std::vector<std::shared_ptr<GradInfo>> pending = std::move(inputs);
  while (!pending.empty()) {
    const std::shared_ptr<GradInfo> info = std::move(pending.back());
    pending.pop_back();
    if (!info || info.use_count() > 1 || !info->creator || info->creator.use_count() > 1) continue;
    std::ranges::move(info->creator->inputs, std::back_inserter(pending));
    info->creator->inputs.clear();
  }
}

NoGradGuard::NoGradGuard() : previous_(std::exchange(recording, false)) {}
NoGradGuard::~NoGradGuard() { recording = previous_; }

}  // namespace nst::autograd
