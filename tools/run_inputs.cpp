#include "tools/run_inputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "nst/image.h"
#include "nst/memory_estimate.h"
#include "nst/weight_store.h"
#include "tensor/ops/elementwise.h"

namespace nst::tools {
namespace {

double gigabytes(size_t bytes) { return static_cast<double>(bytes) / 1e9; }

int64_t style_size(const RunSettings& settings, int64_t size) {
  return settings.style_size > 0 ? settings.style_size : size;
}

// A picture's size on disk, once it is known that there is memory to decode it.
PictureSize source_size(const std::string& path, size_t available) {
  const ImageInfo info = describe_image(path);
  // The decoder's rows before and after it undoes their filters, four channels each, and our float32.
  const size_t bytes = static_cast<size_t>(info.width * info.height) * (2 * 4 * (info.bits / 8) + 12);
  if (available > 0 && bytes > available) {
    throw std::runtime_error(fmt::format(
        "{}: not enough memory: about {:.1f} GB needed to read its {} x {} pixels, {:.1f} GB available", path,
        gigabytes(bytes), info.width, info.height, gigabytes(available)));
  }
  spdlog::debug("{}: {}, {} x {}, {} bits", path, info.format, info.width, info.height, info.bits);
  return {info.height, info.width};
}

Tensor load_picture(const std::string& path, int64_t size) {
  return ops::affine(resize_image(load_image(path), size, Side::longest), 255);
}

// Throws std::invalid_argument where the poolings would leave nothing of a picture of this size.
void check_large_enough(const nn::VggConfig& vgg, const std::string& path, PictureSize size) {
  const int64_t smallest = int64_t{1} << nn::vgg_layer_shape(vgg.depth, vgg.deepest).halvings;
  if (vgg.ceil_mode || std::min(size.height, size.width) >= smallest) return;
  throw std::invalid_argument(
      fmt::format("{}: too narrow for layer {}: {} x {} pixels, where each side needs {}", path, vgg.deepest,
                  size.width, size.height, smallest));
}

// Throws std::runtime_error when the run would need more than is available (0: unknown), or reading its
// pictures more than the host has.
void check_memory(const RunSettings& settings, const BasicOptions& options, const nn::VggConfig& vgg,
                  size_t host_available, size_t available) {
  const PictureSize content = source_size(settings.content, host_available);
  std::vector<PictureSize> styles;
  for (const auto& path : settings.styles) styles.push_back(source_size(path, host_available));
  if (!settings.init_image.empty()) source_size(settings.init_image, host_available);

  const PictureSize size = resized(content, settings.size, Side::longest);
  check_large_enough(vgg, settings.content, size);
  for (size_t i = 0; i < styles.size(); ++i) {
    check_large_enough(vgg, settings.styles[i],
                       resized(styles[i], style_size(settings, settings.size), Side::longest));
  }
  const auto bytes_at = [&](int64_t longest) {
    PictureSize largest{0, 0};
    for (const auto& style : styles) {
      const PictureSize s = resized(style, style_size(settings, longest), Side::longest);
      if (s.height * s.width > largest.height * largest.width) largest = s;
    }
    return estimate_basic_memory(vgg, options, resized(content, longest, Side::longest), largest);
  };
  const size_t needed = bytes_at(settings.size);
  const std::string need = fmt::format("{} x {} pixels; about {:.1f} GB of memory needed", size.width,
                                       size.height, gigabytes(needed));
  if (available == 0) return spdlog::info("{}", need);
  const std::string balance = fmt::format("{}, {:.1f} GB available", need, gigabytes(available));
  if (needed <= available) return spdlog::info("{}", balance);
  const int64_t fits = largest_size_that_fits(bytes_at, available);
  throw std::runtime_error(
      fmt::format("not enough memory for {}; {}", balance,
                  fits >= kSmallestSize ? fmt::format("--size {} would fit", fits) : "no --size would fit"));
}

}  // namespace

RunInputs read_run_inputs(const RunSettings& settings, const BasicOptions& options, Device device,
                          size_t max_memory) {
  RunInputs inputs{};
  const auto path = find_weights(settings.weights);
  inputs.weights = nn::read_vgg(nn::open_weights(path));
  inputs.vgg = vgg_config(settings, inputs.weights);
  // The deeper maps of weights that take 0..255 exceed float16's 65504, and a capped map has another
  // gradient.
  if (settings.activations == "float16" && inputs.weights.preprocessing.scale > 1) {
    throw std::invalid_argument(fmt::format(
        "--activations float16: the maps of {} leave its range; bfloat16 has float32's", settings.weights));
  }
  spdlog::debug("{}: VGG-{} up to {}, of which layers up to {} are used", path.string(), inputs.weights.depth,
                inputs.weights.deepest, inputs.vgg.deepest);

  const auto limited = [&](size_t available) {
    if (max_memory == 0) return available;
    return available > 0 ? std::min(available, max_memory) : max_memory;
  };
  const size_t host = limited(available_memory());
  check_memory(settings, options, inputs.vgg, host,
               device.type == DeviceType::cpu ? host : limited(cuda_free_memory(device)));

  inputs.content = load_picture(settings.content, settings.size);
  for (size_t i = 0; i < settings.styles.size(); ++i) {
    inputs.styles.push_back({load_picture(settings.styles[i], style_size(settings, settings.size)),
                             settings.style_blend.empty() ? 1 : settings.style_blend[i]});
  }
  if (!settings.init_image.empty()) inputs.init_image = load_picture(settings.init_image, settings.size);
  return inputs;
}

}  // namespace nst::tools
