// nst basic: Gatys et al. 2016 from the command line.
#include <memory>

#include "tools/commands.h"
#include "tools/run_command.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst basic --content photo.jpg --style painting.jpg --out result.png
  nst basic --content photo.jpg --style a.jpg --style b.jpg --style-blend 3,1 --out mix.png
  nst basic --content photo.jpg --style painting.jpg --out big.png --size 1024 --style-size 512 --tv-weight 1e-3
  nst basic --content photo.jpg --style painting.jpg --out big.png --size 1024 --init-image result.png --iterations 200
  nst basic --content photo.jpg --style painting.jpg --out result.png --save-every 50
  nst basic --resume result.checkpoint.safetensors --iterations 1000)";

}  // namespace

void add_basic_command(CLI::App& app) {
  add_run_command(app, std::make_shared<RunSettings>(),
                  "Optimise a picture (Gatys et al. 2016): slow, any style, the reference", kExamples);
}

}  // namespace nst::tools
