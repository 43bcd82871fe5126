#include "tools/adain_network_option.h"

#include <stdexcept>

#include "nst/adain/bundled.h"
#include "nst/adain/weights.h"
#include "nst/weight_store.h"

namespace nst::tools {

void add_adain_network_options(CLI::App& command, AdainNetworkOptions& options) {
  CLI::Option* model = command.add_option("--model", options.model, "A network of `nst train adain`")
                           ->default_str("the one that comes with nst")
                           ->group("Network");
  command
      .add_option("--encoder", options.encoder,
                  "A VGG, for a --decoder trained for it: a file such as vgg_normalised.pth, or a name from "
                  "`nst weights list`")
      ->group("Network")
      ->excludes(model);
  command.add_option("--decoder", options.decoder, "Its decoder, such as naoto0804's decoder.pth")
      ->group("Network")
      ->excludes(model);
}

std::unique_ptr<AdainNetwork> load_adain_network(const AdainNetworkOptions& options, Device device) {
  if (options.encoder.empty() != options.decoder.empty()) {
    throw std::invalid_argument("--encoder and --decoder go together");
  }
  if (!options.encoder.empty()) {
    return nst::load_adain_network(nn::open_weights(find_weights(options.encoder)),
                                   nn::open_weights(options.decoder), kNaotoAdain, device);
  }
  if (!options.model.empty()) return nst::load_adain_network(nn::open_weights(options.model), device);
  return nst::load_adain_network(bundled_adain_weights(), device);
}

}  // namespace nst::tools
