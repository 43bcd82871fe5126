// Chooses the algorithm; the algorithms have files of their own.
#include "kernels/conv2d.h"
#include "kernels/conv2d_direct_cpu.h"
#include "kernels/conv2d_gemm_cpu.h"
#include "kernels/conv2d_mirror.h"
#include "kernels/conv2d_winograd_cpu.h"
#include "kernels/parallel.h"

#include <algorithm>
#include <vector>

namespace nst::kernels {

bool conv2d_supports(const CpuContext&, const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::winograd4) return shape.r == 3 && shape.s == 3 && shape.stride == 1;
  if (algorithm == Conv2dAlgorithm::direct) return shape.pad < shape.r && shape.pad < shape.s;
  return algorithm == Conv2dAlgorithm::gemm;
}

Conv2dAlgorithm conv2d_algorithm(const CpuContext& context, const Conv2dShape& shape) {
  const bool possible = conv2d_supports(context, shape, Conv2dAlgorithm::winograd4);
  if (possible && shape.c >= 16 && shape.k >= 16) return Conv2dAlgorithm::winograd4;
  return conv2d_supports(context, shape, Conv2dAlgorithm::direct) ? Conv2dAlgorithm::direct
                                                                  : Conv2dAlgorithm::gemm;
}

int64_t conv2d_packed_numel(const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::winograd4) return conv2d_winograd::packed_numel(shape);
  if (algorithm == Conv2dAlgorithm::winograd2) return 16 * shape.k * shape.c;
  const int64_t elements = shape.k * shape.c * shape.r * shape.s;
  if (algorithm == Conv2dAlgorithm::direct) return std::max(elements, conv2d_direct_cpu::packed_numel(shape));
  return elements;
}

int64_t conv2d_packed_backward_numel(const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  return conv2d_packed_numel(shape, algorithm) + conv2d_mirror::packed_numel(shape);
}

template <class T>
void conv2d_pack_forward(const CpuContext&, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
                         T* packed) {
  if (algorithm == Conv2dAlgorithm::winograd4) return conv2d_winograd::pack_forward<T>(shape, w, packed);
  if (algorithm == Conv2dAlgorithm::direct) return conv2d_direct_cpu::pack_forward<T>(shape, w, packed);
  conv2d_gemm::pack_forward(shape, w, packed);
}

template <class T>
void conv2d_forward(const CpuContext&, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
                    const T* packed, const T* bias, bool relu, T* y) {
  if (algorithm == Conv2dAlgorithm::winograd4)
    return conv2d_winograd::forward<T>(shape, x, packed, bias, relu, y);
  if (algorithm == Conv2dAlgorithm::direct)
    return conv2d_direct_cpu::forward<T>(shape, x, packed, bias, relu, y);
  conv2d_gemm::forward(shape, x, packed, bias, relu, y);
}

template <class T>
void conv2d_pack_backward_input(const CpuContext& context, const Conv2dShape& shape,
                                Conv2dAlgorithm algorithm, const T* w, T* packed) {
  if (shape.reflects())
    conv2d_mirror::pack(context, shape, w, packed + conv2d_packed_numel(shape, algorithm));
  if (algorithm == Conv2dAlgorithm::winograd4)
    return conv2d_winograd::pack_backward_input<T>(shape, w, packed);
  if (algorithm == Conv2dAlgorithm::direct)
    return conv2d_direct_cpu::pack_backward_input<T>(shape, w, packed);
  conv2d_gemm::pack_backward_input(shape, w, packed);
}

template <class T>
void conv2d_backward_input(const CpuContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                           const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  if (algorithm == Conv2dAlgorithm::winograd4)
    conv2d_winograd::backward_input<T>(shape, grad_y, gate, packed, grad_x);
  else if (algorithm == Conv2dAlgorithm::direct)
    conv2d_direct_cpu::backward_input<T>(shape, grad_y, gate, packed, grad_x);
  else
    conv2d_gemm::backward_input(shape, grad_y, gate, packed, grad_x);
  if (shape.reflects())
    conv2d_mirror::add(context, shape, grad_y, gate, packed + conv2d_packed_numel(shape, algorithm), grad_x);
}

template <class T>
void conv2d_backward_weight(const CpuContext&, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                            const T* x, const T* grad_y, T* grad_w) {
  if (algorithm == Conv2dAlgorithm::winograd4)
    return conv2d_winograd::backward_weight<T>(shape, x, grad_y, grad_w);
  if (algorithm == Conv2dAlgorithm::direct && conv2d_direct_cpu::backward_weight_pays(shape))
    return conv2d_direct_cpu::backward_weight<T>(shape, x, grad_y, grad_w);
  conv2d_gemm::backward_weight(shape, x, grad_y, grad_w);
}

template <class T>
void conv2d_backward_bias(const CpuContext&, const Conv2dShape& shape, const T* grad_y, T* grad_b) {
  const int64_t k = shape.k, pixels = shape.n * shape.out_h() * shape.out_w();
  // Each thread owns some channels; sums in double, as a bias gathers a whole batch.
  parallel_for(k, 16, [&](int64_t first, int64_t last) {
    std::vector<double> sums(static_cast<size_t>(last - first));
    for (int64_t p = 0; p < pixels; ++p) {
      for (int64_t i = first; i < last; ++i) sums[i - first] += grad_y[p * k + i];
    }
    std::copy(sums.begin(), sums.end(), grad_b + first);
  });
}

#define NST_INSTANTIATE(T)                                                                                   \
  template void conv2d_pack_forward(const CpuContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*);   \
  template void conv2d_forward(const CpuContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*,   \
                               const T*, bool, T*);                                                          \
  template void conv2d_pack_backward_input(const CpuContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, \
                                           T*);                                                              \
  template void conv2d_backward_input(const CpuContext&, const Conv2dShape&, Conv2dAlgorithm, const T*,      \
                                      const T*, const T*, T*);                                               \
  template void conv2d_backward_weight(const CpuContext&, const Conv2dShape&, Conv2dAlgorithm, const T*,     \
                                       const T*, T*);                                                        \
  template void conv2d_backward_bias(const CpuContext&, const Conv2dShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
