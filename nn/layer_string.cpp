#include "nn/layer_string.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace nst::nn {
namespace {

// More than any network has: the string may come from a file.
constexpr int64_t kMaxChannels = 4096, kMaxKernel = 63, kMaxFactor = 16, kMaxRepeats = 256;
constexpr size_t kMaxBlocks = 1024;

// Reads a layer's text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), rest_(text) {}

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  void expect(std::string_view expected) {
    if (!take(expected)) fail();
  }
  // 1 .. most
  int64_t number(int64_t most) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 1) fail();
    if (value > most) {
      throw std::invalid_argument(fmt::format("network layer '{}': {} is more than {}", text_, value, most));
    }
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }
  bool done() const { return rest_.empty(); }
  [[noreturn]] void fail() const {
    throw std::invalid_argument(
        fmt::format("network layer '{}' is none of cKsS-C, dC, fKsS-C, uC, UN, RC, RCxN", text_));
  }

 private:
  std::string_view text_, rest_;
};

struct Suffix {
  std::string_view text;
  bool norm, relu;
};
constexpr Suffix kSuffixes[] = {
    {":norm_relu", true, true}, {":norm", true, false}, {":relu", false, true}, {":plain", false, false}};

// A convolution or transposed convolution, up to its suffix; nothing when the layer is something else.
std::optional<Block> convolution(Scanner& scan) {
  Block block;
  const bool down = scan.take("d"), up = !down && scan.take("u");
  if (down || up) {
    block.stride = 2;
    block.channels = scan.number(kMaxChannels);
  } else {
    block.kind = scan.take("f") ? Block::Kind::transposed : Block::Kind::conv;
    if (block.kind == Block::Kind::conv && !scan.take("c")) return std::nullopt;
    block.kernel = scan.number(kMaxKernel);
    scan.expect("s");
    block.stride = scan.number(kMaxFactor);
    scan.expect("-");
    block.channels = scan.number(kMaxChannels);
  }
  if (up) block.kind = Block::Kind::transposed;
  return block;
}

// down1, residual1, up1, ... in order.
void name_blocks(std::vector<Block>& blocks) {
  int down = 0, residual = 0, up = 0;
  for (Block& block : blocks) {
    if (block.kind == Block::Kind::residual) {
      block.name = fmt::format("residual{}", ++residual);
    } else {
      block.name = residual == 0 ? fmt::format("down{}", ++down) : fmt::format("up{}", ++up);
    }
  }
}

}  // namespace

std::vector<Block> parse_layers(std::string_view layers) {
  std::vector<Block> blocks;
  int64_t upsample = 1, channels = 0;
  for (size_t begin = 0; begin <= layers.size();) {
    const size_t end = std::min(layers.find(',', begin), layers.size());
    const std::string_view text = layers.substr(begin, end - begin);
    const bool last = end == layers.size();
    begin = end + 1;
    Scanner scan(text);
    if (scan.take("U")) {
      upsample *= scan.number(kMaxFactor);
      if (last || !scan.done() || upsample > kMaxFactor) scan.fail();
      continue;
    }
    if (auto block = convolution(scan)) {
      block->norm = block->relu = !last;
      for (const Suffix& suffix : kSuffixes) {
        if (!scan.take(suffix.text)) continue;
        block->norm = suffix.norm;
        block->relu = suffix.relu;
        break;
      }
      block->upsample = std::exchange(upsample, 1);
      channels = block->channels;
      blocks.push_back(*block);
    } else {
      scan.expect("R");
      if (scan.number(kMaxChannels) != channels || upsample != 1) {
        throw std::invalid_argument(fmt::format(
            "network layer '{}': a residual block has the channels before it, {}", text, channels));
      }
      const int64_t count = scan.take("x") ? scan.number(kMaxRepeats) : 1;
      blocks.insert(blocks.end(), static_cast<size_t>(count),
                    {.kind = Block::Kind::residual, .channels = channels, .norm = true});
    }
    if (!scan.done()) scan.fail();
    if (blocks.size() > kMaxBlocks) {
      throw std::invalid_argument(fmt::format("network of more than {} layers", kMaxBlocks));
    }
  }
  name_blocks(blocks);
  return blocks;
}

std::string layer_string(const std::vector<Block>& blocks) {
  const auto refuse = [] {
    throw std::invalid_argument("these layers cannot be written as a string of layers");
  };
  std::vector<std::string> layers;
  const auto add = [&](std::string layer) { layers.push_back(std::move(layer)); };
  int64_t channels = 0, repeats = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (block.kind == Block::Kind::max_pool) refuse();
    if (block.kind == Block::Kind::residual) {
      if (repeats++ > 0) layers.pop_back();
      add(repeats == 1 ? fmt::format("R{}", channels) : fmt::format("R{}x{}", channels, repeats));
      continue;
    }
    repeats = 0;
    channels = block.channels;
    if (block.upsample > 1) add(fmt::format("U{}", block.upsample));
    const bool transposed = block.kind == Block::Kind::transposed;
    std::string layer =
        block.kernel == 3 && block.stride == 2
            ? fmt::format("{}{}", transposed ? "u" : "d", channels)
            : fmt::format("{}{}s{}-{}", transposed ? "f" : "c", block.kernel, block.stride, channels);
    const bool usual = i + 1 < blocks.size();
    for (const Suffix& suffix : kSuffixes) {
      if (block.norm == suffix.norm && block.relu == suffix.relu &&
          (block.norm != usual || block.relu != usual)) {
        layer += suffix.text;
      }
    }
    add(std::move(layer));
  }
  std::string all = fmt::format("{}", fmt::join(layers, ","));
  // Whatever the string cannot say is found by reading it back.
  if (parse_layers(all) != blocks) refuse();
  return all;
}

}  // namespace nst::nn
