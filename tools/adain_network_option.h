// Which AdaIN network a command uses.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "nst/adain/network.h"

namespace nst::tools {

struct AdainNetworkOptions {
  std::string model;             // one of our own files; empty: the bundled network
  std::string encoder, decoder;  // or a published pair
};

// Declares --model, --encoder and --decoder on a sub-command.
void add_adain_network_options(CLI::App& command, AdainNetworkOptions& options);

// Throws std::invalid_argument when only one half of a pair is named, std::runtime_error on what is wrong
// with the files.
std::unique_ptr<AdainNetwork> load_adain_network(const AdainNetworkOptions& options, Device device);

}  // namespace nst::tools
