// Hopper's tensor memory accelerator: tensor maps, and the copies of boxes that a kernel starts.
#pragma once

#include <cstdint>

#include "cudaTypedefs.h"
#include "runner/engine.h"

namespace cuda_on_cpu {

// cuTensorMapEncodeTiled with the driver's checks, of maps that swizzle 128 bytes.
CUresult encode_tensor_map(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* memory,
                           const cuuint64_t* sizes, const cuuint64_t* strides, const cuuint32_t* box,
                           const cuuint32_t* element_strides, CUtensorMapInterleave interleave,
                           CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                           CUtensorMapFloatOOBfill fill);

// Only within a kernel: starts copying the box at the coordinates, `rank` of them, innermost first. Until it
// arrives, which is as late as it can be, the shared memory is NaN.
void tma_load(void* shared, const CUtensorMap* map, int rank, const int* corner, uint64_t* barrier);

}  // namespace cuda_on_cpu
