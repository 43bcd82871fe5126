#include "nn/vgg_weights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "nn/safetensors.h"
#include "tests/support.h"

namespace nst::nn {
namespace {

using testing::random_tensor;
using testing::TemporaryFolder;

struct Convolution {
  int block, conv;
  Tensor weight, bias;
};

// A VGG four channels wide, or its first `count` convolutions.
std::vector<Convolution> narrow_vgg(int depth, size_t count = 16) {
  std::vector<Convolution> convolutions;
  int64_t channels = 3;
  for (int block = 1; block <= 5; ++block) {
    for (int conv = 1; conv <= (block <= 2 ? 2 : depth == 16 ? 3 : 4); ++conv) {
      if (convolutions.size() == count) return convolutions;
      const uint64_t seed = convolutions.size();
      convolutions.push_back({block, conv, random_tensor({4, channels, 3, 3}, DType::float32, seed),
                              random_tensor({4}, DType::float32, 100 + seed)});
      channels = 4;
    }
  }
  return convolutions;
}

// The tensors under names with {0} for the index in a Sequential, {1} for the block, {2} for the convolution.
StateDict named(const std::vector<Convolution>& vgg, const std::string& weight, const std::string& bias,
                const std::vector<int>& indices = std::vector<int>(16)) {
  StateDict state;
  for (size_t i = 0; i < vgg.size(); ++i) {
    state.emplace(fmt::format(fmt::runtime(weight), indices[i], vgg[i].block, vgg[i].conv), vgg[i].weight);
    state.emplace(fmt::format(fmt::runtime(bias), indices[i], vgg[i].block, vgg[i].conv), vgg[i].bias);
  }
  return state;
}

StateDict numbered(const std::vector<Convolution>& vgg, const std::string& prefix,
                   const std::vector<int>& indices) {
  return named(vgg, prefix + "{0}.weight", prefix + "{0}.bias", indices);
}

StateDict canonical(const std::vector<Convolution>& vgg, const std::string& prefix = "") {
  return named(vgg, prefix + "conv{1}_{2}.weight", prefix + "conv{1}_{2}.bias");
}

const std::vector<int> kVgg16{0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
const std::vector<int> kVgg19{0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34};
const std::vector<int> kNormalised{2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51};

VggWeights read_back(const StateDict& state, const SafetensorsOptions& options = {}) {
  const TemporaryFolder folder;
  write_safetensors(folder / "vgg", state, options);
  return read_vgg(open_weights(folder / "vgg"));
}

void expect_vgg(const VggWeights& weights, int depth, const std::vector<Convolution>& vgg) {
  EXPECT_EQ(weights.depth, depth);
  EXPECT_EQ(weights.deepest, fmt::format("conv{}_{}", vgg.back().block, vgg.back().conv));
  const StateDict expected = canonical(vgg);
  ASSERT_EQ(weights.state.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    ASSERT_TRUE(weights.state.contains(name)) << name;
    EXPECT_EQ(weights.state.at(name).shape(), tensor.shape()) << name;
    EXPECT_EQ(weights.state.at(name).to_vector<float>(), tensor.to_vector<float>()) << name;
  }
}

TEST(VggWeights, torchvision) {
  expect_vgg(read_back(numbered(narrow_vgg(16), "features.", kVgg16)), 16, narrow_vgg(16));
  auto state = numbered(narrow_vgg(19), "state_dict.module.features.", kVgg19);
  state.emplace("state_dict.module.classifier.0.weight", Tensor::zeros({2, 2}));
  const auto weights = read_back(state);
  expect_vgg(weights, 19, narrow_vgg(19));
  EXPECT_EQ(weights.preprocessing, kTorchvisionPreprocessing);
  EXPECT_FALSE(weights.reflect_padding);
  EXPECT_FALSE(weights.ceil_pooling);
}

TEST(VggWeights, caffe_in_torchvisions_clothes_is_told_by_its_classifier) {
  auto state = numbered(narrow_vgg(19), "features.", kVgg19);
  state.emplace("classifier.1.weight", Tensor::zeros({2, 2}));
  EXPECT_EQ(read_back(state).preprocessing, kCaffePreprocessing);
}

TEST(VggWeights, gatys_and_our_own) {
  for (const int depth : {16, 19}) {
    const auto weights = read_back(canonical(narrow_vgg(depth), depth == 16 ? "" : "net."));
    expect_vgg(weights, depth, narrow_vgg(depth));
    EXPECT_EQ(weights.preprocessing, kCaffePreprocessing);
  }
}

TEST(VggWeights, onnx_made_from_keras) {
  const auto weights =
      read_back(named(narrow_vgg(16), "functional_1/block{1}_conv{2}_1/convolution/ReadVariableOp:0",
                      "functional_1/block{1}_conv{2}_1/Squeeze:0"));
  expect_vgg(weights, 16, narrow_vgg(16));
  EXPECT_EQ(weights.preprocessing, kCaffePreprocessing);
}

TEST(VggWeights, keras_with_kernels_hwio) {
  auto vgg = narrow_vgg(19);
  for (auto& convolution : vgg) {
    const auto oihw = convolution.weight.to_vector<float>();
    const size_t out = 4, in = static_cast<size_t>(convolution.weight.size(1));
    std::vector<float> hwio;
    for (size_t tap = 0; tap < 9; ++tap) {
      for (size_t c = 0; c < in; ++c) {
        for (size_t k = 0; k < out; ++k) hwio.push_back(oihw[(k * in + c) * 9 + tap]);
      }
    }
    convolution.weight = Tensor::from<float>({3, 3, static_cast<int64_t>(in), out}, hwio);
  }
  expect_vgg(read_back(named(vgg, "block{1}_conv{2}_W_1:0", "block{1}_conv{2}_b_1:0")), 19, narrow_vgg(19));
}

TEST(VggWeights, normalised_vgg_gives_its_first_layer_up_as_preprocessing) {
  auto state = numbered(narrow_vgg(19), "", kNormalised);
  state.emplace("0.weight", Tensor::from<float>({3, 3, 1, 1}, {0, 0, 255, 0, 255, 0, 255, 0, 0}));
  state.emplace("0.bias", Tensor::from<float>({3}, {-103.939f, -116.779f, -123.68f}));
  const auto weights = read_back(state);
  expect_vgg(weights, 19, narrow_vgg(19));
  EXPECT_EQ(weights.preprocessing, kCaffePreprocessing);
  EXPECT_TRUE(weights.reflect_padding);
  EXPECT_TRUE(weights.ceil_pooling);

  const auto again = read_back(weights.state, {.metadata = vgg_metadata(weights)});
  expect_vgg(again, 19, narrow_vgg(19));
  EXPECT_EQ(again.preprocessing, kCaffePreprocessing);
  EXPECT_TRUE(again.reflect_padding);
  EXPECT_TRUE(again.ceil_pooling);

  for (const std::vector<float>& matrix :
       {std::vector<float>{0, 0, 255, 0, 254, 0, 255, 0, 0},
        std::vector<float>{0, 0, 255, 1, 255, 0, 255, 0, 0}, std::vector<float>(9, 0.0f)}) {
    state["0.weight"] = Tensor::from<float>({3, 3, 1, 1}, matrix);
    EXPECT_FAILURE(read_back(state), "the first convolution does more than reorder and scale");
  }
}

TEST(VggWeights, truncated_networks) {
  expect_vgg(read_back(numbered(narrow_vgg(16, 5), "features.", kVgg16)), 16, narrow_vgg(16, 5));
  expect_vgg(read_back(numbered(narrow_vgg(19, 8), "features.", kVgg19)), 19, narrow_vgg(19, 8));
  expect_vgg(read_back(canonical(narrow_vgg(19, 1))), 16, narrow_vgg(19, 1));
  const VggWeights truncated{
      .state = canonical(narrow_vgg(19, 3)), .depth = 19, .deepest = "conv2_1", .preprocessing = {}};
  expect_vgg(read_back(truncated.state, {.metadata = vgg_metadata(truncated)}), 19, narrow_vgg(19, 3));
}

TEST(VggWeights, metadata_wins_over_the_names) {
  const Preprocessing odd{.bgr = true, .scale = 2, .mean = {1, 2, 3}, .std = {4, 5, 6}};
  const auto state = canonical(narrow_vgg(16));
  const auto with = [&](const std::string& json) {
    return read_back(state, {.metadata = {{"preprocessing", json}}}).preprocessing;
  };
  EXPECT_EQ(with(to_json(odd)), odd);
  EXPECT_EQ(with(R"({"order":"rgb"})"), kPlainPreprocessing);
  EXPECT_FAILURE(with("{}"), "vgg: preprocessing:");
  EXPECT_FAILURE(with(R"({"order":"grb"})"), "rgb or bgr, got grb");
  EXPECT_FAILURE(with(R"({"order":"rgb","std":[0,1,1]})"), "std must be positive");
}

TEST(VggWeights, says_what_is_wrong) {
  const auto spoilt = [](const std::function<void(StateDict&)>& change) {
    auto state = canonical(narrow_vgg(16));
    change(state);
    read_back(state);
  };
  using State = StateDict;
  EXPECT_FAILURE(spoilt([](State& s) {
                   s = {{"conv1.weight", Tensor::zeros({1})}};
                 }),
                 "not a VGG: none of its 1 tensors");
  EXPECT_FAILURE(spoilt([](State& s) { s.erase("conv3_2.bias"); }), "conv3_2 has no bias");
  EXPECT_FAILURE(spoilt([](State& s) { s.erase("conv3_2.weight"); }), "conv3_2 has no weight");
  EXPECT_FAILURE(spoilt([](State& s) {
                   s.erase("conv3_2.bias");
                   s.erase("conv3_2.weight");
                 }),
                 "7 of 12 convolutions follow a missing one");
  EXPECT_FAILURE(spoilt([](State& s) { s["conv3_2.bias"] = Tensor::zeros({5}); }),
                 "tensor conv3_2.bias must be (4), got (5)");
  EXPECT_FAILURE(spoilt([](State& s) {
                   s["conv3_2.weight"] = Tensor::zeros({4, 3, 3, 3});
                 }),
                 "must be (K, 4, 3, 3), got (4, 3, 3, 3)");
  EXPECT_FAILURE(spoilt([](State& s) {
                   s["conv3_2.weight"] = Tensor::zeros({4, 4});
                 }),
                 "(4, 4) has no place");
  EXPECT_FAILURE(spoilt([](State& s) { s["conv1_4.bias"] = Tensor::zeros({4}); }),
                 "conv1_4.bias (4) has no place");
  EXPECT_FAILURE(spoilt([](State& s) {
                   s["conv1_1.bias"] = Tensor::full({4}, std::numeric_limits<double>::quiet_NaN());
                 }),
                 "tensor conv1_1.bias holds values that are not finite");
  auto normed = numbered(narrow_vgg(16), "features.", kVgg16);
  normed.emplace("features.1.running_mean", Tensor::zeros({4}));
  EXPECT_FAILURE(read_back(normed), "batch normalisation");
  auto shifted = numbered(narrow_vgg(16), "features.", kVgg16);
  shifted.emplace("features.3.weight", Tensor::zeros({4}));
  EXPECT_FAILURE(read_back(shifted), "not those of VGG-16 or VGG-19");
}

TEST(VggWeights, normalised_vgg19_of_the_reference_data) {
  SKIP_WITHOUT_SHARED();
  const auto folder = testing::shared_path("weights/vgg19_normalised_conv3/");
  const auto file = open_weights(folder + "vgg_normalised_conv3_1.pth");
  EXPECT_EQ(file.format(), "PyTorch, legacy container");
  const auto weights = read_vgg(file);
  EXPECT_EQ(weights.depth, 19);
  EXPECT_EQ(weights.deepest, "conv3_1");
  EXPECT_EQ(weights.preprocessing, kCaffePreprocessing);
  EXPECT_EQ(weights.state.at("conv3_1.weight").shape(), (Shape{256, 128, 3, 3}));
  const auto decoder = open_weights(folder + "feature_invertor_conv3_1.pth");
  EXPECT_EQ(decoder.tensors().size(), 10u);
  EXPECT_EQ(decoder.read("15.weight").shape(), (Shape{3, 64, 3, 3}));
}

}  // namespace
}  // namespace nst::nn
