// nst train: a network per method.
#include "tools/commands.h"

namespace nst::tools {

void add_train_command(CLI::App& app) {
  CLI::App* train = app.add_subcommand("train", "Train a network on paintings and a folder of photographs");
  train->require_subcommand(1);
  add_train_adain_command(*train);
  add_train_fast_command(*train);
}

}  // namespace nst::tools
