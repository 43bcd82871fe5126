#include "nn/preprocessing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace nst::nn {

StateDict preprocessing_convolution(const Preprocessing& p, double picture_range) {
  std::vector<double> weight(9), bias(3);
  for (size_t k = 0; k < 3; ++k) {
    weight[k * 3 + (p.bgr ? 2 - k : k)] = p.scale / picture_range / p.std[k];
    bias[k] = -p.mean[k] / p.std[k];
  }
  return {{"weight", Tensor::from<double>({3, 3, 1, 1}, weight)}, {"bias", Tensor::from<double>({3}, bias)}};
}

StateDict undo_preprocessing_convolution(const Preprocessing& p, double picture_range) {
  std::vector<double> weight(9), bias(3);
  for (size_t k = 0; k < 3; ++k) {
    const size_t channel = p.bgr ? 2 - k : k;
    weight[channel * 3 + k] = p.std[k] * picture_range / p.scale;
    bias[channel] = p.mean[k] * picture_range / p.scale;
  }
  return {{"weight", Tensor::from<double>({3, 3, 1, 1}, weight)}, {"bias", Tensor::from<double>({3}, bias)}};
}

std::string to_json(const Preprocessing& preprocessing) {
  nlohmann::ordered_json json;
  json["order"] = preprocessing.bgr ? "bgr" : "rgb";
  json["scale"] = preprocessing.scale;
  json["mean"] = preprocessing.mean;
  json["std"] = preprocessing.std;
  return json.dump();
}

Preprocessing preprocessing_from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    const auto order = json.at("order").get<std::string>();
    if (order != "rgb" && order != "bgr") {
      throw std::runtime_error(fmt::format("preprocessing: order must be rgb or bgr, got {}", order));
    }
    Preprocessing result{.bgr = order == "bgr"};
    result.scale = json.value("scale", result.scale);
    result.mean = json.value("mean", result.mean);
    result.std = json.value("std", result.std);
    for (const double deviation : result.std) {
      if (!(deviation > 0)) throw std::runtime_error("preprocessing: std must be positive");
    }
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(fmt::format("preprocessing: {}", error.what()));
  }
}

}  // namespace nst::nn
