// Tensor maps: how TMA is told of a tensor in global memory (CUDA driver API, "Tensor Map Object
// Management").
#pragma once

#include <cuda.h>

#include <cstdint>
#include <vector>

namespace nst::kernels::cuda {

struct TensorMapAxis {
  int64_t size;
  int64_t stride;  // in bytes, a multiple of 16; of no meaning for the innermost axis, which is dense
  int box;         // how many of them a load brings, at most 256
};

// The map of a dense tensor at `memory` (aligned to 16 bytes), innermost axis first. A load brings a box, in
// the same order, with the 16-byte pieces of each 128 bytes exchanged, and zeros for what lies outside of the
// tensor. The innermost box is at most 128 bytes. Throws std::runtime_error when the driver has no tensor
// maps or refuses this one.
CUtensorMap tensor_map(CUtensorMapDataType type, const void* memory, const std::vector<TensorMapAxis>& axes);

}  // namespace nst::kernels::cuda
