// ONNX models, of which only the initialisers are of interest: https://onnx.ai/onnx/repo-docs/IR.html
#pragma once

#include "nn/weight_file.h"

namespace nst::nn {

bool is_onnx(const FileBytes& file);
// Every initialiser of a numeric type; others are left out. Throws std::runtime_error when the model is
// malformed, larger than 1 GiB, or keeps its elements in another file ("external data").
WeightFile open_onnx(const FileBytes& file);

}  // namespace nst::nn
