// How much memory a run will need, known before it starts: better a clear refusal than a killed process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "nn/vgg.h"
#include "nst/basic.h"

namespace nst {

// Bytes at the peak of a Basic run on a picture of this size, the largest style picture included. Counts what
// the graph saves, the gradients in flight, packed weights, and the optimiser's state.
size_t estimate_basic_memory(const nn::VggConfig& vgg, const BasicOptions& options, PictureSize content,
                             PictureSize largest_style);

// Bytes this process may still take: what the system reports as available, or less where a control group
// limits it. Zero when unknown.
size_t available_memory();

// The largest size in pixels, up to 65536, whose `bytes_at(size)` is within `bytes`; 0 when none is. What a
// picture needs must grow with its size.
int64_t largest_size_that_fits(const std::function<size_t(int64_t size)>& bytes_at, size_t bytes);

}  // namespace nst
