// Module: something with named parameters and sub-modules, after the convention every framework shares.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "nn/state_dict.h"

namespace nst::nn {

class Module {
 public:
  virtual ~Module() = default;

  // Every parameter of this module and those below it, with its dotted path, in registration order.
  std::vector<std::pair<std::string, autograd::Variable*>> named_parameters();
  // Copies of the handles, not of the elements.
  StateDict state_dict() const;
  // Overwrites every parameter with the tensor of its name. Throws std::invalid_argument naming what is
  // missing or has another shape; with `strict` also on names this module does not have.
  void load_state_dict(const StateDict& state, bool strict = true);
  // Whether backward() computes gradients of the parameters.
  void requires_grad(bool wanted);
  void zero_grad();

 protected:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // The parameter or module must be a member of the derived class, so that it lives as long.
  void add_parameter(std::string name, autograd::Variable& parameter);
  void add_module(std::string name, Module& module);

 private:
  void collect(const std::string& prefix,
               std::vector<std::pair<std::string, autograd::Variable*>>& out) const;

  std::vector<std::pair<std::string, autograd::Variable*>> parameters_;
  std::vector<std::pair<std::string, Module*>> modules_;
};

}  // namespace nst::nn
