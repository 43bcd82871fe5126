#include "nst/adain/measure.h"

#include <cmath>

#include "nst/adain/layer.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"

namespace nst {
namespace {

double norm(const Tensor& x) { return std::sqrt(ops::dot(x, x).item()); }

double relative_error(const Tensor& have, const Tensor& want) {
  return norm(ops::sub(have, want)) / norm(want);
}

}  // namespace

double psnr(const Tensor& a, const Tensor& b) {
  check_same("psnr", a, b);
  const Tensor difference = ops::sub(a, b);
  const double squares = ops::dot(difference, difference).item();
  return -10 * std::log10(squares / static_cast<double>(difference.numel()));
}

std::vector<StatisticsError> statistics_errors(const nn::ImageNetwork& network, const Tensor& picture,
                                               const Tensor& style) {
  const autograd::NoGradGuard no_grad;
  const auto have = network.outputs(autograd::Variable(picture));
  const auto want = network.outputs(autograd::Variable(style));
  std::vector<StatisticsError> errors;
  for (size_t b = 0; b < have.size(); ++b) {
    const std::string& name = network.config().blocks[b].name;
    if (!name.starts_with("conv") || !name.ends_with("_1")) continue;
    const auto a = channel_statistics(have[b]), s = channel_statistics(want[b]);
    errors.push_back({"relu" + name.substr(4), relative_error(a.mean.value(), s.mean.value()),
                      relative_error(a.std.value(), s.std.value())});
  }
  return errors;
}

double content_error(const nn::ImageNetwork& network, const Tensor& picture, const Tensor& content,
                     const Tensor& style) {
  const autograd::NoGradGuard no_grad;
  const auto features = [&](const Tensor& x) { return network(autograd::Variable(x)); };
  const Tensor target = adain(features(content), channel_statistics(features(style))).value();
  return relative_error(features(picture).value(), target);
}

}  // namespace nst
