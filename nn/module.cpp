#include "nn/module.h"

#include <fmt/format.h>

#include <stdexcept>

namespace nst::nn {

void Module::add_parameter(std::string name, autograd::Variable& parameter) {
  parameters_.emplace_back(std::move(name), &parameter);
}

void Module::add_module(std::string name, Module& module) { modules_.emplace_back(std::move(name), &module); }

void Module::collect(const std::string& prefix,
                     std::vector<std::pair<std::string, autograd::Variable*>>& out) const {
  for (const auto& [name, parameter] : parameters_) {
    if (parameter->defined()) out.emplace_back(prefix + name, parameter);
  }
  for (const auto& [name, module] : modules_) module->collect(prefix + name + ".", out);
}

std::vector<std::pair<std::string, autograd::Variable*>> Module::named_parameters() {
  std::vector<std::pair<std::string, autograd::Variable*>> all;
  collect("", all);
  return all;
}

StateDict Module::state_dict() const {
  StateDict state;
  std::vector<std::pair<std::string, autograd::Variable*>> parameters;
  collect("", parameters);
  for (const auto& [name, parameter] : parameters) state.emplace(name, parameter->value());
  return state;
}

void Module::load_state_dict(const StateDict& state, bool strict) {
  const auto parameters = named_parameters();
  for (const auto& [name, parameter] : parameters) {
    const auto found = state.find(name);
    if (found == state.end()) throw std::invalid_argument(fmt::format("weights: '{}' is missing", name));
    if (found->second.shape() != parameter->shape()) {
      throw std::invalid_argument(fmt::format("weights: '{}' must be {}, got {}", name,
                                              parameter->shape().to_string(), found->second.describe()));
    }
  }
  if (strict && state.size() != parameters.size()) {
    const StateDict own = state_dict();
    for (const auto& [name, tensor] : state) {
      if (!own.contains(name))
        throw std::invalid_argument(fmt::format("weights: '{}' belongs to no layer", name));
    }
  }
  for (const auto& [name, parameter] : parameters) {
    const Tensor& own = parameter->value();
    parameter->mutable_value().copy_from(state.at(name).to(own.dtype()).to(own.device()));
  }
}

void Module::requires_grad(bool wanted) {
  for (const auto& [name, parameter] : named_parameters()) parameter->info()->requires_grad = wanted;
}

void Module::zero_grad() {
  for (const auto& [name, parameter] : named_parameters()) parameter->zero_grad();
}

}  // namespace nst::nn
