// Streams do at once what they are told, unless they capture: then it becomes a node of a graph, and is done
// when that is launched.
#pragma once

#include <functional>

#include "cuda_runtime.h"

namespace cuda_on_cpu {

// Does `work` now, or at each launch of the graph that `stream` captures; it must own its arguments. An error
// when the capture was invalidated.
cudaError_t enqueue(cudaStream_t stream, const std::function<void()>& work);

// For calls that CUDA refuses while this thread captures: an error then, and the capture is invalid from here
// on.
cudaError_t refuse_in_capture();

}  // namespace cuda_on_cpu
