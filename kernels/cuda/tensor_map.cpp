#include "kernels/cuda/tensor_map.h"

#include <cudaTypedefs.h>

#include <stdexcept>
#include <string>

#include "kernels/cuda/check.h"

namespace nst::kernels::cuda {
namespace {

// Asked of the runtime, so that programs need not be linked to the driver and start without one.
PFN_cuTensorMapEncodeTiled_v12000 find_encode() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault,
                                              &found));
  if (found != cudaDriverEntryPointSuccess)
    throw std::runtime_error("CUDA: the driver has no tensor maps (12.0 does)");
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

}  // namespace

CUtensorMap tensor_map(CUtensorMapDataType type, const void* memory, const std::vector<TensorMapAxis>& axes) {
  static const auto encode = find_encode();
  std::vector<cuuint64_t> sizes, strides;
  std::vector<cuuint32_t> boxes;
  for (const TensorMapAxis& axis : axes) {
    sizes.push_back(static_cast<cuuint64_t>(axis.size));
    strides.push_back(static_cast<cuuint64_t>(axis.stride));
    boxes.push_back(static_cast<cuuint32_t>(axis.box));
  }
  const std::vector<cuuint32_t> every(axes.size(), 1);
  CUtensorMap map;
  const CUresult status = encode(&map, type, static_cast<cuuint32_t>(axes.size()), const_cast<void*>(memory),
                                 sizes.data(), strides.data() + 1, boxes.data(), every.data(),
                                 CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                 CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    throw std::runtime_error("CUDA: status " + std::to_string(static_cast<int>(status)) +
                             " in cuTensorMapEncodeTiled");
  }
  return map;
}

}  // namespace nst::kernels::cuda
