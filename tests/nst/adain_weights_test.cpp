// AdaIN networks and encoded styles from files.
#include <gtest/gtest.h>

#include "nn/initialise.h"
#include "nn/safetensors.h"
#include "nst/adain/bundled.h"
#include "nst/adain/measure.h"
#include "nst/adain/style_file.h"
#include "nst/adain/wct.h"
#include "nst/adain/weights.h"
#include "nst/image.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;
using testing::TemporaryFolder;

// Random weights for a network of plain convolutions, small enough for eight layers in a row.
nn::StateDict random_weights(const nn::ImageNetworkConfig& config) {
  nn::ImageNetwork network(config);
  nn::initialise(network, 1);
  return network.state_dict();
}

// A published file's tensors: convolution i is called `names[i]`.
nn::StateDict renamed(const nn::StateDict& ours, const nn::ImageNetworkConfig& config,
                      const std::vector<std::string>& names) {
  nn::StateDict theirs;
  size_t i = 0;
  for (const auto& block : config.blocks) {
    if (block.kind != nn::Block::Kind::conv) continue;
    for (const std::string parameter : {".weight", ".bias"}) {
      theirs[names.at(i) + parameter] = ours.at(block.name + ".conv" + parameter);
    }
    ++i;
  }
  return theirs;
}

// The preprocessing that vgg_normalised.pth begins with: RGB in 0..1 to BGR in 0..255 minus the mean.
void set_preprocessing(nn::StateDict& encoder) {
  for (const auto& [name, tensor] : nn::preprocessing_convolution(nn::kCaffePreprocessing, 1)) {
    encoder["preprocess.conv." + name] = tensor.to(DType::float32);
  }
}

struct Published {
  nn::AdainDepth depth;
  std::vector<std::string> encoder, decoder;  // keys
};

class PublishedPair : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedPair, is_read_by_its_keys) {
  const auto encoder_config = nn::adain_encoder(19, GetParam().depth);
  const auto decoder_config = nn::adain_decoder(19, GetParam().depth);
  nn::StateDict encoder = random_weights(encoder_config);
  set_preprocessing(encoder);
  const nn::StateDict decoder = random_weights(decoder_config);
  TemporaryFolder folder;
  nn::write_safetensors(folder / "encoder", renamed(encoder, encoder_config, GetParam().encoder));
  nn::write_safetensors(folder / "decoder", renamed(decoder, decoder_config, GetParam().decoder));
  const auto network =
      load_adain_network(nn::open_weights(folder / "encoder"), nn::open_weights(folder / "decoder"));
  EXPECT_EQ(network->params().variance, ops::Variance::unbiased);

  nn::ImageNetwork expected_encoder(encoder_config), expected_decoder(decoder_config);
  expected_encoder.load_state_dict(encoder);
  expected_decoder.load_state_dict(decoder);
  const Variable picture(random_tensor({1, 17, 22, 3}, DType::float32, 2, 0, 1));
  const Variable features = expected_encoder(picture);
  EXPECT_CLOSE(network->encoder()(picture).value(), features.value(), 1e-6);
  EXPECT_CLOSE(network->decoder()(features).value(), expected_decoder(features).value(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    files, PublishedPair,
    ::testing::Values(
        // naoto0804/pytorch-AdaIN
        Published{nn::AdainDepth::relu4_1,
                  {"0", "2", "5", "9", "12", "16", "19", "22", "25", "29"},
                  {"1", "5", "8", "11", "14", "18", "21", "25", "28"}},
        // A conversion whose numbers leave no room for borders, in a training checkpoint.
        Published{nn::AdainDepth::relu4_1,
                  {"0", "2", "5", "9", "12", "16", "19", "22", "25", "29"},
                  {"state_dict.module.0", "state_dict.module.3", "state_dict.module.5", "state_dict.module.7",
                   "state_dict.module.9", "state_dict.module.12", "state_dict.module.14",
                   "state_dict.module.17", "state_dict.module.19"}},
        // pietrocarbo/deep-transfer
        Published{nn::AdainDepth::relu3_1, {"0", "2", "5", "9", "12", "16"}, {"1", "5", "8", "12", "15"}}));

TEST(PublishedPair, names_the_file_that_does_not_fit) {
  const auto config = nn::adain_decoder(19, nn::AdainDepth::relu3_1);
  const auto encoder_config = nn::adain_encoder(19, nn::AdainDepth::relu3_1);
  nn::StateDict encoder = random_weights(encoder_config);
  set_preprocessing(encoder);
  nn::StateDict decoder = renamed(random_weights(config), config, {"1", "5", "8", "12", "15"});
  TemporaryFolder folder;
  nn::write_safetensors(folder / "encoder",
                        renamed(encoder, encoder_config, {"0", "2", "5", "9", "12", "16"}));
  const auto load = [&](const nn::StateDict& state) {
    nn::write_safetensors(folder / "decoder", state);
    return load_adain_network(nn::open_weights(folder / "encoder"), nn::open_weights(folder / "decoder"));
  };
  EXPECT_NO_THROW(load(decoder));
  auto damaged = decoder;
  damaged.erase("8.bias");
  EXPECT_FAILURE(load(damaged), "8.weight has no bias");
  damaged = decoder;
  damaged.erase("8.weight");
  EXPECT_FAILURE(load(damaged), "not a decoder that is known: 4 convolutions");
  damaged = decoder;
  damaged["8.weight"] = Tensor::zeros({64, 64, 3, 3});
  EXPECT_FAILURE(load(damaged), "decoder: weights: 'deconv2_1.conv.weight' must be");
  EXPECT_FAILURE(load({{"weight", Tensor::zeros({2})}}), "no numbered convolutions");
  // A decoder from relu4_1 wants more of the encoder than there is.
  const auto deeper = nn::adain_decoder();
  EXPECT_FAILURE(
      load(renamed(random_weights(deeper), deeper, {"1", "5", "8", "11", "14", "18", "21", "25", "28"})),
      "'conv3_2.conv.weight' is missing");
}

TEST(AdainFile, says_what_it_is) {
  TemporaryFolder folder;
  const AdainArchitecture architecture{.width = 4};
  const auto network = make_adain_network(architecture, kNaotoAdain);
  nn::initialise(*network, 2);
  const auto file = folder / "network";
  nn::write_safetensors(file, network->state_dict(), {.metadata = adain_metadata(architecture, kNaotoAdain)});
  const auto read = load_adain_network(nn::open_weights(file));
  EXPECT_EQ(read->params().variance, ops::Variance::unbiased);
  EXPECT_EQ(read->params().eps, 1e-5);
  EXPECT_EQ(encoder_id(*read), encoder_id(*network));
  const Tensor picture = random_tensor({1, 12, 16, 3}, DType::float32, 2, 0, 1);
  const std::vector styles{read->encode_style(picture)};
  EXPECT_CLOSE(read->stylise(picture, styles), network->stylise(picture, styles), 1e-7);

  nn::write_safetensors(file, network->state_dict());
  EXPECT_FAILURE(load_adain_network(nn::open_weights(file)), "not an AdaIN network");
  nn::write_safetensors(file, network->state_dict(), {.metadata = adain_metadata({.width = 8}, kNaotoAdain)});
  EXPECT_FAILURE(load_adain_network(nn::open_weights(file)), "must be");
  nn::write_safetensors(file, network->state_dict(),
                        {.metadata = {{"network", "adain"}, {"architecture", "compact0"}}});
  EXPECT_FAILURE(load_adain_network(nn::open_weights(file)), "'compact0' is no AdaIN network");
}

TEST(AdainFile, architectures_have_names) {
  for (const std::string name : {"compact24", "vgg16_relu3_1", "vgg16_relu4_1", "vgg19_relu3_1"}) {
    EXPECT_EQ(name_of(parse_adain_architecture(name)), name);
  }
  for (const std::string name : {"", "compact", "compact-1", "compact9999999999", "vgg17_relu3_1"}) {
    EXPECT_INVALID(parse_adain_architecture(name), "is no AdaIN network");
  }
}

TEST(StyleFile, is_small_and_belongs_to_an_encoder) {
  TemporaryFolder folder;
  const EncodedStyle style{random_tensor({1, 256}, DType::float32, 1),
                           random_tensor({1, 256}, DType::float32, 2, 0, 1)};
  const auto file = folder / "painting.style";
  save_style(file, style, "abcd", "painting");
  EXPECT_LT(std::filesystem::file_size(file), 4000u);
  EXPECT_TRUE(is_style_file(file));
  const EncodedStyle read = load_style(file, "abcd");
  EXPECT_EQ(read.mean.to_vector<float>(), style.mean.to_vector<float>());
  EXPECT_EQ(read.std.to_vector<float>(), style.std.to_vector<float>());
  EXPECT_FAILURE(load_style(file, "abce"), "painting.style: this style was encoded for another network");
  nn::write_safetensors(file, {{"mean", style.mean}});
  EXPECT_FALSE(is_style_file(file));
  EXPECT_FAILURE(load_style(file, "abcd"), "not an encoded style");
  save_style(file, {style.mean, Tensor::full({1, 256}, NAN)}, "abcd", "painting");
  EXPECT_FAILURE(load_style(file, "abcd"), "not finite");
}

TEST(BundledAdain, keeps_a_photograph_and_takes_on_a_style) {
  const auto network = load_adain_network(bundled_adain_weights());
  const std::string styles = std::string(NST_SOURCE_DIR) + "/examples/styles/";
  const Tensor content = resize_image(load_image(styles + "meadow.png"), 160, Side::longest);
  const Tensor style = resize_image(load_image(styles + "waves.png"), 160, Side::longest);
  const std::vector encoded{network->encode_style(style)};
  EXPECT_GT(psnr(network->stylise(content, encoded, {.alpha = 0}), content), 18);
  // The mean colour goes at least half of the way from the photograph's to the style's.
  const auto colour = [](const Tensor& picture) { return ops::channel_mean_forward(picture); };
  const auto distance = [](const Tensor& a, const Tensor& b) { return testing::relative_difference(a, b); };
  EXPECT_LT(distance(colour(network->stylise(content, encoded)), colour(style)),
            0.5 * distance(colour(content), colour(style)));
}

TEST(PublishedPair, the_real_one_inverts_its_features_and_meets_statistics) {
  SKIP_WITHOUT_SHARED();
  const std::string folder = "weights/vgg19_normalised_conv3/";
  const auto network =
      load_adain_network(nn::open_weights(testing::shared_path(folder + "vgg_normalised_conv3_1.pth")),
                         nn::open_weights(testing::shared_path(folder + "feature_invertor_conv3_1.pth")));
  const Tensor content = resize_image(
      load_image(testing::shared_path("data/images/tuebingen_neckarfront.jpg")), 160, Side::longest);
  const Tensor style = resize_image(load_image(testing::shared_path("data/images/vangogh_starry_night.jpg")),
                                    160, Side::longest);
  const std::vector encoded{network->encode_style(style)};
  EXPECT_GT(psnr(network->stylise(content, encoded, {.alpha = 0}), content), 20);

  const autograd::NoGradGuard no_grad;
  const auto covariance = style_covariance(network->encoder()(Variable(style)).value());
  const std::vector<FeatureTransform> wct_style{
      [&](const Tensor& features) { return wct(features, covariance); }};
  // The features are met exactly; the decoder, trained only to invert, and the encoder again lose some of it.
  const auto error = [&](const Tensor& picture) {
    return statistics_errors(network->encoder(), picture, style)[2].mean;  // relu3_1
  };
  const double before = error(content);
  EXPECT_LT(error(network->stylise(content, encoded)), 0.85 * before);
  EXPECT_LT(error(network->stylise(content, wct_style)), 0.7 * before);
}

}  // namespace
}  // namespace nst
