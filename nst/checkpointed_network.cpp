// LossNetwork with gradient checkpointing.
#include <algorithm>
#include <iterator>
#include <set>

#include "autograd/checkpoint.h"
#include "nst/loss_network.h"

namespace nst {
namespace {

using autograd::Variable;
using Names = std::vector<std::string>;

// "conv3_1", "relu3_1" and "pool3" are of block 3.
int block_of(std::string_view layer) { return layer[4] - '0'; }

void add_once(Names& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

// The last map of a block whose values the backward pass needs. Beyond it only a max pool's places are kept.
std::string last_kept_map(const nn::VggConfig& vgg, int block, const std::set<std::string>& wanted) {
  Names rectified;
  for (const auto& name : nn::vgg_layer_names(vgg.depth)) {
    if (block_of(name) == block && name.starts_with("relu")) rectified.push_back(name);
  }
  const std::string &last = rectified.back(), before_relu = "conv" + last.substr(4);
  const bool kept =
      vgg.pooling == nn::Pooling::average || wanted.contains(last) || wanted.contains(before_relu);
  return kept ? last : rectified[rectified.size() - 2];
}

}  // namespace

std::vector<Variable> LossNetwork::read(const Variable& picture, const std::vector<LayerFunction>& functions,
                                        int checkpointed) const {
  std::vector<Variable> values(functions.size());
  std::set<std::string> wanted;
  int deepest = 0;
  for (const auto& function : functions) {
    wanted.insert(function.layers.begin(), function.layers.end());
    for (const auto& layer : function.layers) deepest = std::max(deepest, block_of(layer));
  }

  Variable x = picture;
  std::string after;       // the layer that x comes from
  nn::FeatureMaps handed;  // out of the segments, for functions of several blocks' maps
  for (int block = 1; block <= std::min(checkpointed, deepest); ++block) {
    if (block > 1) {
      const std::string pool = "pool" + std::to_string(block - 1);
      Variable pooled;
      read_after(after, std::move(x), {{{pool}, [&](const auto& maps) { pooled = maps.at(pool); }}});
      x = pooled;
      after = pool;
      if (wanted.contains(pool)) handed[pool] = pooled;
    }
    // What can be had of this block alone, and what must be handed out.
    std::vector<size_t> inside;
    Names outside;
    for (size_t i = 0; i < functions.size(); ++i) {
      const auto is_here = [&](const std::string& layer) {
        return block_of(layer) == block && !layer.starts_with("pool");
      };
      const auto& layers = functions[i].layers;
      if (std::ranges::all_of(layers, is_here)) {
        inside.push_back(i);
      } else {
        for (const auto& layer : layers)
          if (is_here(layer)) add_once(outside, layer);
      }
    }
    const bool goes_on = deepest > block || wanted.contains("pool" + std::to_string(block));
    const std::string last = goes_on ? last_kept_map(config(), block, wanted) : "";

    std::vector<LayerFunction> of_block;
    const auto hand_out = [&](const std::string& layer) {
      of_block.push_back({{layer}, [layer](const nn::FeatureMaps& maps) { return maps.at(layer); }});
    };
    if (goes_on) hand_out(last);
    for (const auto& layer : outside) hand_out(layer);
    for (const size_t i : inside) of_block.push_back(functions[i]);
    if (of_block.empty()) break;
    const auto segment = [this, of_block, after](const std::vector<Variable>& inputs) {
      std::vector<Variable> outputs(of_block.size());
      std::vector<LayerReader> readers;
      for (size_t i = 0; i < of_block.size(); ++i) {
        readers.push_back({of_block[i].layers, [&outputs, &of_block, i](const nn::FeatureMaps& maps) {
                             outputs[i] = of_block[i].of(maps);
                           }});
      }
      read_after(after, inputs[0], std::move(readers));
      return outputs;
    };
    const auto outputs = autograd::checkpoint(segment, {x});
    auto output = outputs.begin();
    if (goes_on) x = *output++;
    for (const auto& layer : outside) handed[layer] = *output++;
    for (const size_t i : inside) values[i] = *output++;
    after = last;
    if (!goes_on) break;
  }

  // The rest of the network, and whatever needs some of it.
  std::vector<LayerReader> readers;
  for (size_t i = 0; i < functions.size(); ++i) {
    if (values[i].defined()) continue;
    const auto value_of = [&, i](const nn::FeatureMaps& maps) {
      nn::FeatureMaps all = maps;
      all.insert(handed.begin(), handed.end());
      values[i] = functions[i].of(all);
    };
    LayerReader reader{{}, value_of};
    std::ranges::copy_if(functions[i].layers, std::back_inserter(reader.layers),
                         [&](const auto& layer) { return !handed.contains(layer); });
    if (reader.layers.empty()) {
      value_of({});
    } else {
      readers.push_back(std::move(reader));
    }
  }
  if (!readers.empty()) read_after(after, std::move(x), std::move(readers));
  return values;
}

}  // namespace nst
