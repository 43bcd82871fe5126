// Runs every registered gradcheck, and fails when a differentiable op has none.
#include "autograd/gradcheck.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "autograd/engine.h"
#include "autograd/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;

class Gradcheck : public ::testing::TestWithParam<testing::GradcheckCase> {};

TEST_P(Gradcheck, matches_central_differences) {
  const auto& c = GetParam();
  std::vector<Tensor> inputs;
  for (const Tensor& input : c.inputs) inputs.push_back(input.to(c.device));
  const auto result = autograd::gradcheck(c.fn, inputs, c.options);
  EXPECT_TRUE(result.ok) << result.message;
}

INSTANTIATE_TEST_SUITE_P(ops, Gradcheck, ::testing::ValuesIn(testing::gradcheck_cases()),
                         [](const auto& info) { return info.param.name; });

// Names given to record() in the sources of the differentiable ops.
std::set<std::string> recorded_names() {
  std::set<std::string> names;
  const std::regex call("record\\(\\s*\"([a-z0-9_]+)\"");
  for (const auto& file : std::filesystem::directory_iterator(NST_SOURCE_DIR "/autograd/ops")) {
    if (file.path().extension() != ".cpp") continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string source = text.str();
    for (auto m = std::sregex_iterator(source.begin(), source.end(), call); m != std::sregex_iterator();
         ++m) {
      names.insert((*m)[1]);
    }
  }
  return names;
}

TEST(GradcheckCoverage, every_op_has_a_gradcheck) {
  std::set<std::string> covered;
  for (const auto& c : testing::gradcheck_cases()) {
    std::vector<Variable> inputs;
    for (const Tensor& t : c.inputs) inputs.emplace_back(t.to(c.device), true);
    const Variable result = c.fn(inputs);  // owns the nodes
    for (const auto* node : autograd::topological_order(result)) covered.insert(node->name);
  }
  const auto names = recorded_names();
  EXPECT_GE(names.size(), 5u) << "the scan of autograd/ops found too little to be right";
  for (const auto& name : names) EXPECT_TRUE(covered.contains(name)) << name << " has no gradcheck";
}

TEST(GradcheckItself, catches_a_wrong_gradient) {
  const auto wrong = [](const std::vector<Variable>& x) {
    return autograd::record("wrong", x[0].value().clone(), {x[0]},
                            [](const Tensor& grad_y, const autograd::NeedsGrad&) -> std::vector<Tensor> {
                              Tensor g = grad_y.clone();
                              g.mutable_data<double>()[1] *= 1.001;
                              return {g};
                            });
  };
  const auto result = autograd::gradcheck(wrong, {testing::random_tensor({5}, DType::float64, 1)});
  EXPECT_FALSE(result.ok);
}

TEST(GradcheckItself, catches_nan) {
  const auto nan = [](const std::vector<Variable>& x) { return autograd::affine(x[0], NAN); };
  EXPECT_FALSE(autograd::gradcheck(nan, {testing::random_tensor({5}, DType::float64, 1)}).ok);
}

}  // namespace
}  // namespace nst
