#include "nst/training/perceptual_loss.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "nn/initialise.h"
#include "nn/known_networks.h"
#include "nst/image.h"
#include "nst/training/fast_training.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"
#include "tests/networks.h"

namespace nst {
namespace {

using testing::random_picture;

const LossNetwork& network() {
  static const LossNetwork network({.depth = 16, .deepest = "relu2_1"},
                                   testing::random_vgg_weights(16, "relu2_1", DType::float64),
                                   nn::kCaffePreprocessing, DType::float64);
  return network;
}

GatysOptions small(StyleNormalisation style, ContentNormalisation content) {
  GatysOptions options = johnson_options();
  options.content_layers = {{"relu2_1", 1}};
  options.style_layers = {{"relu1_2", 1}, {"relu2_1", 0.5}};
  options.content_weight = 3;
  options.style_weight = 40;
  options.tv_weight = 0.1;
  options.style_normalisation = style;
  options.content_normalisation = content;
  return options;
}

Tensor picture(uint64_t seed, int64_t h = 12, int64_t w = 10) {
  return random_picture(h, w, seed, DType::float64);
}

TEST(PerceptualLoss, of_one_picture_is_gatys_objective) {
  for (const auto style : {StyleNormalisation::neural_style, StyleNormalisation::gatys}) {
    for (const auto content : {ContentNormalisation::mean, ContentNormalisation::gatys}) {
      const GatysOptions options = small(style, content);
      const std::vector<StylePicture> styles{{picture(1, 9, 14), 1}, {picture(2), 0.5}};
      const PerceptualLoss loss(network(), styles, options);
      EXPECT_EQ(loss.styles(), 2);
      const Tensor photograph = picture(3), painted = picture(4);
      for (int64_t s = 0; s < 2; ++s) {
        GatysOptions weighted = options;
        weighted.style_weight *= styles[static_cast<size_t>(s)].weight * 7;
        const GatysObjective gatys(network(), photograph, {styles[static_cast<size_t>(s)]}, weighted);
        const auto [total, terms] = gatys(autograd::Variable(painted));
        const TrainingLoss mine = loss(autograd::Variable(painted), photograph, s, 7);
        EXPECT_CLOSE(mine.total.value(), total.value(), 1e-12);
        const LossTerms expected = gatys.read(terms);
        ASSERT_EQ(mine.terms.size(), 3u);
        EXPECT_EQ(mine.terms[0].first, "content");
        EXPECT_EQ(mine.terms[1].first, "style");
        EXPECT_EQ(mine.terms[2].first, "tv");
        EXPECT_NEAR(mine.terms[0].second.item(), expected.content, 1e-9 * expected.total);
        EXPECT_NEAR(mine.terms[1].second.item(), expected.style, 1e-9 * expected.total);
        EXPECT_NEAR(mine.terms[2].second.item(), expected.tv, 1e-9 * expected.total);
      }
    }
  }
}

TEST(PerceptualLoss, of_a_batch_is_the_mean) {
  for (const auto style : {StyleNormalisation::neural_style, StyleNormalisation::gatys}) {
    for (const auto content : {ContentNormalisation::mean, ContentNormalisation::gatys}) {
      const PerceptualLoss loss(network(), {{picture(1), 1}}, small(style, content));
      const std::vector<Tensor> photographs{picture(2), picture(3), picture(4)},
          painted{picture(5), picture(6), picture(7)};
      const double batch = loss(autograd::Variable(ops::concat(painted, 0)), ops::concat(photographs, 0), 0)
                               .total.value()
                               .item();
      double mean = 0;
      for (size_t i = 0; i < 3; ++i)
        mean += loss(autograd::Variable(painted[i]), photographs[i], 0).total.value().item() / 3;
      EXPECT_NEAR(batch, mean, 1e-11 * mean);
    }
  }
}

TEST(PerceptualLoss, refuses_weights_and_styles_that_make_no_sense) {
  const auto make = [](double style_weight, std::vector<StylePicture> styles) {
    GatysOptions options = small(StyleNormalisation::neural_style, ContentNormalisation::mean);
    options.style_weight = style_weight;
    PerceptualLoss(network(), styles, options);
  };
  EXPECT_INVALID(make(1, {}), "needs a style picture");
  EXPECT_INVALID(make(-1, {{picture(1), 1}}), "a style's weight must be at least 0, got -1");
  EXPECT_INVALID(make(NAN, {{picture(1), 1}}), "a style's weight must be at least 0, got nan");
}

TEST(JohnsonOptions, are_those_of_pytorch_examples) {
  const GatysOptions options = johnson_options();
  EXPECT_EQ(options.content_weight, 1e5);
  EXPECT_EQ(options.style_weight, 1e10);
  EXPECT_EQ(needed_layers(options), (std::vector<std::string>{"relu1_2", "relu2_2", "relu3_3", "relu4_3"}));
}

class FastTrainingTest : public ::testing::Test {
 protected:
  FastTrainingTest()
      : loss_network({.depth = 16, .deepest = "relu2_1"}, testing::random_vgg_weights(16, "relu2_1"),
                     nn::kCaffePreprocessing),
        loss(loss_network, {{random_picture(16, 16, 1), 1}, {random_picture(16, 16, 2), 1}},
             small(StyleNormalisation::neural_style, ContentNormalisation::mean)) {
    save(1);
    save(2);
  }
  void save(uint64_t seed) {
    save_image(folder / (std::to_string(seed) + ".png"),
               testing::random_tensor({1, 24, 20, 3}, DType::float32, seed, 0, 1));
  }
  PictureStream stream() const { return {find_pictures(folder.path()), {.crop = {.size = 16}}}; }

  testing::TemporaryFolder folder;
  LossNetwork loss_network;
  PerceptualLoss loss;
};

TEST_F(FastTrainingTest, styles_take_turns_and_only_theirs_learn) {
  nn::ImageNetwork network(nn::quick_transform(4, 2));
  nn::initialise(network, 1);
  PictureStream photographs = stream();
  FastTraining training(network, loss, photographs, {.batch = 1});
  for (const int64_t index : {0, 1, 2}) {
    network.zero_grad();
    autograd::backward(training.loss(index).total);
    for (const auto& [name, parameter] : network.named_parameters()) {
      if (name.find(".norm") == std::string::npos) continue;
      const bool of_this_style = name.ends_with(index % 2 == 0 ? ".0" : ".1");
      EXPECT_EQ(parameter->grad().defined(), of_this_style) << name << " at " << index;
    }
  }
}

TEST_F(FastTrainingTest, the_weights_it_gives_paint_what_it_trained) {
  for (const auto& config : {nn::lengstrom_transform(4), nn::quick_transform(4)}) {
    nn::ImageNetworkConfig two = config;
    two.styles = 2;
    nn::ImageNetwork network(two), used(two);
    nn::initialise(network, 3);
    PictureStream photographs = stream();
    const Tensor photograph = random_picture(16, 16, 9);
    FastTraining training(network, loss, photographs, {.batch = 1, .samples = {photograph}});
    used.load_state_dict(training.weights());
    const Tensor sample = training.sample();
    // The photograph and two pictures, 4 pixels apart.
    ASSERT_EQ(sample.shape(), Shape({1, 16 + 8, 3 * 16 + 16, 3}));
    for (int64_t style = 0; style < 2; ++style) {
      const Tensor painted = used(autograd::Variable(photograph), {{style}}).value();
      const Tensor rows = ops::slice_forward(sample, {.axis = 1, .begin = 4, .count = 16});
      const Tensor shown = ops::slice_forward(rows, {.axis = 2, .begin = 4 + 20 * (style + 1), .count = 16});
      EXPECT_CLOSE(shown, ops::clamp_forward(ops::affine(painted, 1.0 / 255), 0, 1), 1e-5);
    }
  }
}

TEST_F(FastTrainingTest, starts_from_grey) {
  nn::ImageNetwork network(nn::quick_transform(8));
  nn::initialise(network, 1);
  start_from_grey(network);
  PictureStream photographs = stream();
  network.load_state_dict(
      FastTraining(network, loss, photographs, {.batch = 1}).weights());  // what they are in use
  const auto painted = network(autograd::Variable(random_picture(16, 16, 4))).value().to_vector<double>();
  for (const double v : painted) EXPECT_NEAR(v, 127.5, 60);
}

TEST_F(FastTrainingTest, starts_from_a_trained_network) {
  nn::ImageNetwork trained(nn::quick_transform(4, 2));
  nn::initialise(trained, 5);
  for (auto& [name, parameter] : trained.state_dict()) {  // tell the styles apart
    if (name.ends_with(".1")) parameter.copy_from(ops::affine(parameter, 1, 0.5));
  }
  PictureStream photographs = stream();
  const nn::TransformModel model{.config = trained.config(),
                                 .state = FastTraining(trained, loss, photographs, {.batch = 1}).weights()};
  nn::ImageNetwork used(model.config), three(nn::quick_transform(4, 3)), continued(nn::quick_transform(4, 3));
  used.load_state_dict(model.state);
  start_from(three, model);
  continued.load_state_dict(FastTraining(three, loss, photographs, {.batch = 1}).weights());
  const autograd::Variable photograph(random_picture(16, 16, 6));
  for (const auto& [style, begins_as] : std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {1, 1}, {2, 0}}) {
    SCOPED_TRACE(style);
    EXPECT_CLOSE(continued(photograph, {{style}}).value(), used(photograph, {{begins_as}}).value(), 1e-5);
  }
  nn::ImageNetwork wider(nn::quick_transform(8)), zeros(nn::johnson_transform(4));
  EXPECT_THROW(start_from(wider, model), std::invalid_argument);
  EXPECT_THROW(start_from(zeros, model), std::invalid_argument);
}

}  // namespace
}  // namespace nst
