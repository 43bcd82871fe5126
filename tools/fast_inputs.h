// What `nst fast` works on: which pictures and films become which files, in which style.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/transform_model.h"

namespace nst::tools {

// "-" stands for standard input or output.
struct FastJob {
  std::filesystem::path from, to;
  bool film = false;
};

// Pairs the pictures and films, or the folders of them, with what is to be written. With several, or with a
// folder, `out` is a folder, which is made; a picture keeps its name there, as .jpg where it was one and else
// as .png, and a film as .mp4. Throws std::invalid_argument when two would have the same name, one would
// replace a picture that is read, or there are none; std::runtime_error when a folder cannot be read or made.
std::vector<FastJob> fast_jobs(const std::vector<std::string>& inputs, const std::string& out);

// A style of a network by its name or number. Throws std::invalid_argument with those that there are.
int64_t style_number(const nn::TransformModel& model, const std::string& name);

struct ChosenStyle {
  nn::TransformModel model;
  nn::StyleMix mix;
};

// `styles` are NAME, FILE or either with ":WEIGHT"; a blend's weights are divided by their sum. With
// `network`, a file, the names are its styles' or their numbers; else those of the bundled ones. All must be
// in one network. Throws std::invalid_argument for names that are not there, std::runtime_error for files.
ChosenStyle choose_style(const std::vector<std::string>& styles, const std::string& network);

}  // namespace nst::tools
