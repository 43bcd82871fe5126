#include "nn/published_keys.h"

#include <fmt/format.h>

#include <stdexcept>

namespace nst::nn {
namespace {

// Copies every parameter of the modules paired, the first of a pair being what `from` calls it.
StateDict renamed(const StateDict& from, const KeyMap& keys) {
  StateDict result;
  for (const auto& [old_path, new_path] : keys) {
    for (const std::string parameter : {"weight", "bias"}) {
      const auto found = from.find(old_path + "." + parameter);
      if (found == from.end()) {
        throw std::invalid_argument(fmt::format("weights: '{}.{}' is missing", old_path, parameter));
      }
      result.emplace(new_path + "." + parameter, found->second);
    }
  }
  return result;
}

}  // namespace

KeyMap pytorch_examples_keys(int residuals) {
  KeyMap keys;
  for (int i = 1; i <= 3; ++i) {
    keys.emplace_back(fmt::format("down{}.conv", i), fmt::format("conv{}.conv2d", i));
    keys.emplace_back(fmt::format("down{}.norm", i), fmt::format("in{}", i));
  }
  for (int i = 1; i <= residuals; ++i) {
    for (int stage = 1; stage <= 2; ++stage) {
      keys.emplace_back(fmt::format("residual{}.conv{}", i, stage),
                        fmt::format("res{}.conv{}.conv2d", i, stage));
      keys.emplace_back(fmt::format("residual{}.norm{}", i, stage), fmt::format("res{}.in{}", i, stage));
    }
  }
  for (int i = 1; i <= 3; ++i) {
    keys.emplace_back(fmt::format("up{}.conv", i), fmt::format("deconv{}.conv2d", i));
    if (i < 3) keys.emplace_back(fmt::format("up{}.norm", i), fmt::format("in{}", i + 3));
  }
  return keys;
}

KeyMap sequential_keys(const ImageNetworkConfig& config) {
  KeyMap keys;
  int place = 0;
  for (const Block& block : config.blocks) {
    if (block.kind == Block::Kind::max_pool) {
      ++place;
      continue;
    }
    // The layers before the convolution: upsampling, border.
    place += (block.upsample > 1) + (block.kernel > 1);
    keys.emplace_back(block.name + ".conv", std::to_string(place));
    place += 1 + block.relu;
  }
  return keys;
}

StateDict from_published(const StateDict& theirs, const KeyMap& keys) {
  KeyMap reversed;
  for (const auto& [our_path, their_path] : keys) reversed.emplace_back(their_path, our_path);
  return renamed(theirs, reversed);
}

StateDict to_published(const StateDict& ours, const KeyMap& keys) { return renamed(ours, keys); }

}  // namespace nst::nn
