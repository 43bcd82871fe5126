// The smallest thing that can be trained: y = weight x + bias, fitted to noisy points of a line.
#pragma once

#include <cmath>

#include "autograd/ops/elementwise.h"
#include "autograd/ops/squared_error.h"
#include "nst/training/random.h"
#include "nst/training/trainer.h"

namespace nst::testing {

class LineFit : public TrainingMethod {
 public:
  class Line : public nn::Module {
   public:
    Line() : weight(Tensor::full({4}, 1), true), bias(Tensor::zeros({4}), true) {
      add_parameter("weight", weight);
      add_parameter("bias", bias);
    }
    autograd::Variable weight, bias;
  };

  nn::Module& network() override { return line; }
  TrainingLoss loss(int64_t index) override {
    asked.push_back(index);
    Random random(7, static_cast<uint64_t>(index));
    std::vector<float> x, y;
    for (int i = 0; i < 4; ++i) {
      x.push_back(static_cast<float>(random.uniform(-1, 1)));
      y.push_back(static_cast<float>(3 * x.back() - 2 + random.uniform(-0.1, 0.1)));
    }
    if (index == broken_at) y[2] = NAN;
    const autograd::Variable line_y =
        autograd::add(autograd::mul(line.weight, autograd::Variable(Tensor::from<float>({4}, x))), line.bias);
    const auto fit =
        autograd::scale(autograd::mse(line_y, autograd::Variable(Tensor::from<float>({4}, y))), factor);
    return {fit, {{"fit", fit.value()}}};
  }
  void set_style_factor(double f) override { factor = f; }
  Tensor sample() override { return Tensor::full({1, 8, 8, 3}, 0.5); }
  std::map<std::string, std::string> metadata() const override { return {{"what", "a line"}}; }

  Line line;
  double factor = 1;
  int64_t broken_at = -1;
  std::vector<int64_t> asked;
};

}  // namespace nst::testing
