#include "nn/transform_model.h"

#include <gtest/gtest.h>

#include <fstream>

#include "nn/known_networks.h"
#include "nn/onnx_writer.h"
#include "nn/safetensors.h"
#include "nn/transform_export.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;
using testing::TemporaryFolder;

nn::TransformModel random_model(const nn::ImageNetworkConfig& config, std::vector<std::string> styles = {}) {
  nn::TransformModel model{.config = config, .styles = std::move(styles)};
  uint64_t seed = 1;
  for (const auto& [name, tensor] : nn::ImageNetwork(config).state_dict()) {
    model.state[name] = random_tensor(tensor.shape(), DType::float32, seed++, -0.5, 0.5);
  }
  return model;
}

void expect_same(const nn::TransformModel& a, const nn::TransformModel& b) {
  EXPECT_EQ(nn::transform_metadata(a), nn::transform_metadata(b));
  ASSERT_EQ(a.state.size(), b.state.size());
  for (const auto& [name, tensor] : a.state) EXPECT_CLOSE(tensor, b.state.at(name), 0);
}

TEST(TransformModel, a_file_of_ours_is_enough) {
  const TemporaryFolder folder;
  auto model = random_model(nn::quick_transform(4, 2), {"swirls", "waves"});
  nn::write_transform(folder / "a.safetensors", model);
  const auto read = nn::read_transform(folder / "a.safetensors");
  expect_same(read, model);
  EXPECT_EQ(read.styles, model.styles);
  for (const auto& config : {nn::johnson_transform(2), nn::lengstrom_transform(2)}) {
    model = random_model(config);
    model.pixels = nn::kCaffePreprocessing;
    nn::write_transform(folder / "b.safetensors", model);
    expect_same(nn::read_transform(folder / "b.safetensors"), model);
  }
}

TEST(TransformModel, pytorch_and_onnx_files_come_back) {
  const TemporaryFolder folder;
  const auto model = random_model(nn::pytorch_examples_transform(2));
  for (const std::string file : {"a.pth", "a.onnx"}) {
    nn::write_transform(folder / file, model);
    const auto read = nn::read_transform(folder / file);
    EXPECT_EQ(read.origin, file == "a.pth" ? "pytorch/examples" : "nst");
    expect_same(read, model);
  }
}

TEST(TransformModel, float16_halves_the_file) {
  const TemporaryFolder folder;
  const auto model = random_model(nn::quick_transform(8));
  nn::write_transform(folder / "a.safetensors", model);
  nn::write_transform(folder / "b.safetensors", model, {.float16 = true});
  EXPECT_LT(std::filesystem::file_size(folder / "b.safetensors"),
            0.6 * static_cast<double>(std::filesystem::file_size(folder / "a.safetensors")));
  EXPECT_CLOSE(nn::read_transform(folder / "b.safetensors").state.at("up2.conv.weight"),
               model.state.at("up2.conv.weight"), 1e-3);
  EXPECT_INVALID(nn::write_transform(folder / "b.pth", model, {.float16 = true}), "float16");
}

TEST(TransformModel, a_single_style_is_the_blend) {
  const auto model = random_model(nn::quick_transform(4, 3), {"a", "b", "c"});
  const nn::StyleMix mix{{0, 0.25}, {2, 0.75}};
  const auto single = nn::single_style(model, mix);
  const Variable x(random_tensor({1, 16, 16, 3}, DType::float32, 9, 0, 255));
  EXPECT_CLOSE((*nn::make_network(single))(x).value(), (*nn::make_network(model))(x, mix).value(), 1e-5);
  EXPECT_EQ(nn::single_style(model, {{1}}).styles, std::vector<std::string>{"b"});
  EXPECT_INVALID(nn::single_style(model, {}), "which of 3 styles");
  EXPECT_INVALID(nn::single_style(model, {{3}}), "no style 3");
  EXPECT_INVALID(nn::write_onnx("unwritten.onnx", model), "several styles");
}

TEST(TransformModel, refuses_files_that_are_none) {
  const TemporaryFolder folder;
  const auto model = random_model(nn::quick_transform(2));
  const auto path = folder / "a.safetensors";
  const auto with = [&](const std::string& key, const std::string& value, nn::StateDict state) {
    auto metadata = nn::transform_metadata(model);
    metadata[key] = value;
    nn::write_safetensors(path, state, {.metadata = metadata});
  };
  with("transform", "{}", model.state);
  EXPECT_FAILURE(nn::read_transform(path), "description makes no sense");
  with("transform", "[", model.state);
  EXPECT_FAILURE(nn::read_transform(path), "description makes no sense");
  with("preprocessing", "7", model.state);
  EXPECT_FAILURE(nn::read_transform(path), "description makes no sense");
  auto lacking = model.state;
  lacking.erase("up1.conv.weight");
  with("x", "", lacking);
  EXPECT_FAILURE(nn::read_transform(path), "no tensor up1.conv.weight");
  auto wrong = model.state;
  wrong["up1.conv.weight"] = Tensor::zeros({1});
  with("x", "", wrong);
  EXPECT_FAILURE(nn::read_transform(path), "'up1.conv.weight' must be");
  wrong["up1.conv.weight"] = Tensor::full(model.state.at("up1.conv.weight").shape(), NAN);
  with("x", "", wrong);
  EXPECT_FAILURE(nn::read_transform(path), "no numbers");
  nn::write_safetensors(path, {{"a", Tensor::zeros({1})}});
  EXPECT_FAILURE(nn::read_transform(path), "not a transform network");
}

TEST(TransformModel, refuses_folders_that_make_no_sense) {
  const TemporaryFolder folder;
  const auto manifest = [&](const std::string& text) { std::ofstream(folder / "manifest.json") << text; };
  EXPECT_FAILURE(nn::read_transform(folder.path()), "manifest.json");
  manifest("{");
  EXPECT_FAILURE(nn::read_transform(folder.path()), "not a manifest");
  manifest(R"({"Variable": {"filename": "../x", "shape": [1]}})");
  EXPECT_FAILURE(nn::read_transform(folder.path()), "lies outside the folder");
  std::ofstream(folder / "v") << "1234";
  manifest(R"({"Variable": {"filename": "v", "shape": [2]}})");
  EXPECT_FAILURE(nn::read_transform(folder.path()), "does not fit");
  manifest(R"({"Variable": {"filename": "v", "shape": [1]}})");
  EXPECT_FAILURE(nn::read_transform(folder.path()), "not a transform network");
}

}  // namespace
}  // namespace nst
