// AdaIN networks from weight files, and back.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "nn/known_networks.h"
#include "nn/vgg_weights.h"
#include "nn/weight_file.h"
#include "nst/adain/network.h"

namespace nst {

// Which encoder and decoder, by the name that files keep: "compact32" is nn::compact_adain_encoder(32),
// "vgg19_relu4_1" nn::adain_encoder(19, relu4_1).
struct AdainArchitecture {
  int vgg_depth = 0;  // 16 or 19; 0 for a compact pair
  nn::AdainDepth depth = nn::AdainDepth::relu4_1;
  int64_t width = 32;  // of a compact pair
};
std::string name_of(const AdainArchitecture& architecture);
// Throws std::invalid_argument on another name.
AdainArchitecture parse_adain_architecture(const std::string& name);

// Parameters are zeros.
std::unique_ptr<AdainNetwork> make_adain_network(const AdainArchitecture& architecture,
                                                 const AdainParams& params = {}, Device device = kCpu);

// A VGG's convolutions under an nn::adain_encoder's names, its preprocessing for pictures in 0..1 first.
nn::StateDict adain_encoder_state(const nn::VggWeights& vgg);

// What one of our own files says of its network, without reading its tensors. Throws std::runtime_error when
// it is none.
struct AdainDescription {
  AdainArchitecture architecture;
  AdainParams params;
};
AdainDescription describe_adain_network(const nn::WeightFile& file);
bool is_adain_network(const nn::WeightFile& file);

// Both halves from one of our own files, as save_adain_network and training write them. Throws
// std::runtime_error when it is none.
std::unique_ptr<AdainNetwork> load_adain_network(const nn::WeightFile& file, Device device = kCpu);

// The published pairs: any VGG's file and a decoder's whose convolutions are numbered by their places in a
// Sequential, as in naoto0804's vgg_normalised.pth and decoder.pth, in conversions from Torch, and in
// training checkpoints of either; whatever precedes the numbers. The decoder says which layer the pair meets
// at: relu4_1, or relu3_1. Throws std::runtime_error naming the file that does not fit.
std::unique_ptr<AdainNetwork> load_adain_network(const nn::WeightFile& encoder, const nn::WeightFile& decoder,
                                                 const AdainParams& params = kNaotoAdain,
                                                 Device device = kCpu);

// What a file of an AdaIN network has to say of itself: "network": "adain", "architecture", "variance",
// "eps".
std::map<std::string, std::string> adain_metadata(const AdainArchitecture& architecture,
                                                  const AdainParams& params);

// Tells encoders apart: 16 hexadecimal digits of a hash of its parameters.
std::string encoder_id(AdainNetwork& network);

}  // namespace nst
