// What the training loop asks of a method, so that there is one loop for all of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "nn/module.h"

namespace nst {

// The losses of a micro-batch: the total, whose gradient is wanted, and its terms by name with their weights
// applied, (1) each. On a GPU all are still being computed.
struct TrainingLoss {
  autograd::Variable total;
  std::vector<std::pair<std::string, Tensor>> terms;
};

class TrainingMethod {
 public:
  virtual ~TrainingMethod() = default;

  // What is trained. Its parameters that require a gradient are the optimiser's.
  virtual nn::Module& network() = 0;
  // Of a parameter, by its path: what its learning rate is multiplied by.
  virtual double learning_rate_factor(const std::string& /*parameter*/) const { return 1; }
  // The loss at micro-batch number `index`: a function of that number, the network's parameters and what the
  // method was made with, of nothing else. That is what makes an interrupted run go on exactly.
  virtual TrainingLoss loss(int64_t index) = 0;
  // Multiplies the weight of the style's loss from here on.
  virtual void set_style_factor(double factor) = 0;
  // A picture (1, H, W, 3), RGB, 0..1, that shows what the network does by now.
  virtual Tensor sample() = 0;
  // The trained weights as they are to be used.
  virtual nn::StateDict weights() { return network().state_dict(); }
  // What the file of the trained weights has to say beside them: which network it is, what it was trained on.
  virtual std::map<std::string, std::string> metadata() const = 0;
};

}  // namespace nst
