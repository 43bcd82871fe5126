// What the kernel bench times: a problem is one thing to compute, a way is one kernel that computes it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tensor/device.h"
#include "tensor/tensor.h"

namespace nst::bench {

// Queues one computation and returns what it wrote; does not wait for the device.
using Run = std::function<std::vector<Tensor>()>;

struct Work {
  double flops = 0, bytes = 0;
};

struct Way {
  std::string name;  // "winograd4", "03_shared_tile", "cuBLAS"
  MathMode math = MathMode::fp32;
  double tolerance = 1e-5;    // against the reference, relative to the largest result
  bool library = false;       // NVIDIA's: what the other ways of this math mode are compared with
  std::function<Run()> make;  // puts the inputs on the device, packs the weights
  // What is still to be done to the outputs before they can be compared; null: nothing.
  std::function<void(std::vector<Tensor>& outputs)> complete = {};
  // What one run has to compute and to move; empty: what the ops it calls report to a Profile.
  std::optional<Work> work = {};
};

struct Problem {
  std::string suite;   // "production", "study"
  std::string table;   // of the report, where it belongs: "conv2d_backward_input", "ops"
  std::string kernel;  // "conv2d_backward_input"
  std::string shape;   // "conv3_2 128x128, 256 to 256"
  std::function<std::vector<Tensor>()> reference;  // float64 on the CPU
  std::vector<Way> ways;

  // What --filter is matched with: "production/conv2d/conv3_2 128x128, 256 to 256".
  std::string name() const { return suite + "/" + kernel + "/" + shape; }
};

// Uniform in [-0.5, 0.5), float32 on the CPU, the same for a seed wherever it runs.
Tensor noise(const Shape& shape, uint64_t seed);

// An op of tensor/ops on inputs of these shapes, as one way: `op` gets the inputs and returns the outputs. It
// may write to an input, and then returns it too. `prepare` changes or adds inputs beforehand: what a
// backward needs of its forward.
using Op = std::function<std::vector<Tensor>(std::vector<Tensor>& inputs)>;
using Prepare = std::function<void(std::vector<Tensor>& inputs)>;
Problem op_problem(std::string kernel, std::string shape, const std::vector<Shape>& inputs, const Op& op,
                   const Prepare& prepare = {});

// cuBLAS' products for the Gram matrix of noise({pixels, channels}, 0).
std::vector<Way> cublas_gram_ways(int64_t pixels, int64_t channels);

// Every op's kernels, at the sizes that VGG and Johnson's transform network have at 512 px; with `quick` at a
// few pixels, to see the bench itself run.
std::vector<Problem> conv2d_problems(bool quick);
std::vector<Problem> op_problems(bool quick);
// The ladders of kernels/study, beside cuBLAS and cuDNN, at the shapes of bench/study_table.h.
std::vector<Problem> study_problems(bool quick);

}  // namespace nst::bench
