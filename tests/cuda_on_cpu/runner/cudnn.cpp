#include "cudnn.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "kernels/cuda/ptx.cuh"
#include "runner/device_memory.h"
#include "runner/stream.h"

// A tensor, stored (n, h, w, c), and a filter, stored (k, r, s, c); no sizes until they are set.
struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  int64_t n = 0, c = 0, h = 0, w = 0;
  int64_t numel() const { return n * c * h * w; }
};
struct cudnnFilterStruct {
  int64_t k = 0, c = 0, r = 0, s = 0;
  int64_t numel() const { return k * c * r * s; }
};
struct cudnnConvolutionStruct {
  int64_t pad = 0, stride = 0;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
  bool rectifies = false;
};

namespace {

constexpr size_t kWorkspace = 1000;  // bytes

template <class T>
cudnnStatus_t create(T** made) {
  *made = new T;
  return CUDNN_STATUS_SUCCESS;
}
template <class T>
cudnnStatus_t destroy(T* made) {
  delete made;
  return CUDNN_STATUS_SUCCESS;
}

bool fit(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
         const cudnnTensorStruct& y) {
  if (x.numel() == 0 || w.numel() == 0 || conv.stride == 0) return false;  // something was not set
  return w.c == x.c && y.n == x.n && y.c == w.k && y.h == (x.h + 2 * conv.pad - w.r) / conv.stride + 1 &&
         y.w == (x.w + 2 * conv.pad - w.s) / conv.stride + 1;
}

bool on_device(const void* values, int64_t numel) {
  return cuda_on_cpu::is_device_memory(values, static_cast<size_t>(numel) * sizeof(float));
}

template <class Choice, class Algorithm>
cudnnStatus_t offer(const cudnnConvolutionStruct& conv, Algorithm varying, Algorithm impossible,
                    Algorithm large, Algorithm good, int asked, int* returned, Choice* choices) {
  const auto exact = CUDNN_FMA_MATH, rounding = CUDNN_TENSOR_OP_MATH;
  const auto math = conv.math == exact ? exact : rounding;
  const Choice offers[] = {
      {varying, CUDNN_STATUS_SUCCESS, 1, 0, CUDNN_NON_DETERMINISTIC, math},
      {impossible, CUDNN_STATUS_NOT_SUPPORTED, -1, 0, CUDNN_DETERMINISTIC, math},
      {large, CUDNN_STATUS_SUCCESS, 2, size_t{2} << 30, CUDNN_DETERMINISTIC, math},
      // what would not be as exact as was asked for
      {good, CUDNN_STATUS_SUCCESS, 3, kWorkspace, CUDNN_DETERMINISTIC,
       conv.math == exact ? rounding : CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION},
      {good, CUDNN_STATUS_SUCCESS, 4, kWorkspace, CUDNN_DETERMINISTIC, math},
  };
  *returned = std::min<int>(asked, std::size(offers));
  std::copy_n(offers, *returned, choices);
  return CUDNN_STATUS_SUCCESS;
}

template <class Algorithm>
cudnnStatus_t workspace_size(Algorithm algorithm, Algorithm good, size_t* bytes) {
  if (algorithm != good) return CUDNN_STATUS_NOT_SUPPORTED;
  *bytes = kWorkspace;
  return CUDNN_STATUS_SUCCESS;
}

// NaN: before the sums are taken and after they are stored, whatever else lies in the workspace is lost.
void spoil(void* workspace, size_t bytes) { std::memset(workspace, 0xff, bytes); }

template <class Algorithm>
cudnnStatus_t prepare(const cudnnTensorStruct& x, const cudnnFilterStruct& w,
                      const cudnnConvolutionStruct& conv, const cudnnTensorStruct& y, const void* xs,
                      const void* ws, const void* ys, Algorithm algorithm, Algorithm good, void* workspace,
                      size_t workspace_bytes) {
  if (!fit(x, w, conv, y) || !on_device(xs, x.numel()) || !on_device(ws, w.numel()) ||
      !on_device(ys, y.numel())) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (algorithm != good || conv.math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION)
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (workspace_bytes < kWorkspace || !cuda_on_cpu::is_device_memory(workspace, workspace_bytes)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  return CUDNN_STATUS_SUCCESS;
}

// What is multiplied: TF32 unless float32 was asked for.
std::vector<float> operand(const cudnnConvolutionStruct& conv, const void* values, int64_t numel) {
  const auto* const begin = static_cast<const float*>(values);
  std::vector<float> result(begin, begin + numel);
  if (conv.math != CUDNN_FMA_MATH) {
    for (float& value : result) value = __uint_as_float(nst::kernels::cuda::to_tf32(value));
  }
  return result;
}

struct Scales {
  float alpha, beta;
};
Scales scales(const void* alpha, const void* beta) {
  return {*static_cast<const float*>(alpha), *static_cast<const float*>(beta)};
}

// values = alpha * sums + beta * values, where beta = 0 means that they are not read.
void store(const std::vector<double>& sums, Scales scale, void* values) {
  auto* const out = static_cast<float*>(values);
  for (size_t i = 0; i < sums.size(); ++i) {
    out[i] =
        static_cast<float>(scale.alpha * sums[i] + (scale.beta == 0 ? 0.0 : double{scale.beta} * out[i]));
  }
}

cudnnStatus_t enqueue(cudnnHandle_t handle, const std::function<void()>& work) {
  return cuda_on_cpu::enqueue(handle->stream, work) == cudaSuccess ? CUDNN_STATUS_SUCCESS
                                                                   : CUDNN_STATUS_BAD_PARAM;
}

// Calls f(pixel of y, tap, pixel of x) for every product of the sum: a tap is (r, s), a pixel (n, row,
// column).
template <class F>
void for_each_tap(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
                  const cudnnTensorStruct& y, F f) {
  for (int64_t out = 0; out < y.n * y.h * y.w; ++out) {
    const int64_t n = out / (y.h * y.w), p = out / y.w % y.h, q = out % y.w;
    for (int64_t tap = 0; tap < w.r * w.s; ++tap) {
      const int64_t i = p * conv.stride + tap / w.s - conv.pad, j = q * conv.stride + tap % w.s - conv.pad;
      if (i >= 0 && i < x.h && j >= 0 && j < x.w) f(out, tap, (n * x.h + i) * x.w + j);
    }
  }
}

std::vector<double> forward_sums(const cudnnTensorStruct& x, const void* xs, const cudnnFilterStruct& w,
                                 const void* ws, const cudnnConvolutionStruct& conv,
                                 const cudnnTensorStruct& y) {
  const auto x_values = operand(conv, xs, x.numel()), w_values = operand(conv, ws, w.numel());
  std::vector<double> sums(static_cast<size_t>(y.numel()));
  for_each_tap(x, w, conv, y, [&](int64_t out, int64_t tap, int64_t in) {
    for (int64_t k = 0; k < w.k; ++k) {
      const float* const filter = &w_values[(k * w.r * w.s + tap) * w.c];
      double sum = 0;
      for (int64_t c = 0; c < w.c; ++c) sum += double{x_values[in * w.c + c]} * filter[c];
      sums[out * w.k + k] += sum;
    }
  });
  return sums;
}

}  // namespace

size_t cudnnGetVersion() { return 90000; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
  }
  return "CUDNN_UNKNOWN_STATUS";
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return create(handle); }
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle); }
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) { return create(tensor); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) { return destroy(tensor); }
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  if (std::min({n, c, h, w}) < 1) return CUDNN_STATUS_BAD_PARAM;
  if (format != CUDNN_TENSOR_NHWC || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
  *tensor = {n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) { return create(filter); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) { return destroy(filter); }
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int r, int s) {
  if (std::min({k, c, r, s}) < 1) return CUDNN_STATUS_BAD_PARAM;
  if (format != CUDNN_TENSOR_NHWC || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
  *filter = {k, c, r, s};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* conv) { return create(conv); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t conv) { return destroy(conv); }
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h, int pad_w,
                                              int stride_h, int stride_w, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t type) {
  if (std::min(pad_h, pad_w) < 0 || std::min(stride_h, stride_w) < 1) return CUDNN_STATUS_BAD_PARAM;
  if (pad_h != pad_w || stride_h != stride_w || dilation_h != 1 || dilation_w != 1 ||
      mode != CUDNN_CROSS_CORRELATION || type != CUDNN_DATA_FLOAT) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  conv->pad = pad_h;
  conv->stride = stride_h;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t math) {
  conv->math = math;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* activation) {
  return create(activation);
}
cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t activation) {
  return destroy(activation);
}
cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activation, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t nan, double) {
  activation->rectifies = mode == CUDNN_ACTIVATION_RELU && nan == CUDNN_PROPAGATE_NAN;
  return activation->rectifies ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t x,
                                                     cudnnFilterDescriptor_t w,
                                                     cudnnConvolutionDescriptor_t conv,
                                                     cudnnTensorDescriptor_t y, int asked, int* returned,
                                                     cudnnConvolutionFwdAlgoPerf_t* choices) {
  if (!fit(*x, *w, *conv, *y)) return CUDNN_STATUS_BAD_PARAM;
  return offer(*conv, CUDNN_CONVOLUTION_FWD_ALGO_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
               CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
               asked, returned, choices);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t conv,
    cudnnTensorDescriptor_t dx, int asked, int* returned, cudnnConvolutionBwdDataAlgoPerf_t* choices) {
  if (!fit(*dx, *w, *conv, *dy)) return CUDNN_STATUS_BAD_PARAM;
  return offer(*conv, CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT,
               CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, asked, returned,
               choices);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t conv,
    cudnnFilterDescriptor_t dw, int asked, int* returned, cudnnConvolutionBwdFilterAlgoPerf_t* choices) {
  if (!fit(*x, *dw, *conv, *dy)) return CUDNN_STATUS_BAD_PARAM;
  return offer(*conv, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3,
               CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, asked, returned,
               choices);
}
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t,
                                                      cudnnFilterDescriptor_t, cudnnConvolutionDescriptor_t,
                                                      cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
  return workspace_size(algorithm, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, cudnnConvolutionDescriptor_t,
    cudnnTensorDescriptor_t, cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes) {
  return workspace_size(algorithm, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, cudnnConvolutionDescriptor_t,
    cudnnFilterDescriptor_t, cudnnConvolutionBwdFilterAlgo_t algorithm, size_t* bytes) {
  return workspace_size(algorithm, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha,
                                      cudnnTensorDescriptor_t x_descriptor, const void* x,
                                      cudnnFilterDescriptor_t w_descriptor, const void* w,
                                      cudnnConvolutionDescriptor_t conv, cudnnConvolutionFwdAlgo_t algorithm,
                                      void* workspace, size_t workspace_bytes, const void* beta,
                                      cudnnTensorDescriptor_t y_descriptor, void* y) {
  const auto status = prepare(*x_descriptor, *w_descriptor, *conv, *y_descriptor, x, w, y, algorithm,
                              CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace, workspace_bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return enqueue(handle, [=, of_x = *x_descriptor, of_w = *w_descriptor, of_conv = *conv,
                          of_y = *y_descriptor, scale = scales(alpha, beta)] {
    spoil(workspace, workspace_bytes);
    store(forward_sums(of_x, x, of_w, w, of_conv, of_y), scale, y);
    spoil(workspace, workspace_bytes);
  });
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void* alpha1, cudnnTensorDescriptor_t x_descriptor, const void* x,
    cudnnFilterDescriptor_t w_descriptor, const void* w, cudnnConvolutionDescriptor_t conv,
    cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t workspace_bytes, const void* alpha2,
    cudnnTensorDescriptor_t z_descriptor, const void* z, cudnnTensorDescriptor_t bias_descriptor,
    const void* bias, cudnnActivationDescriptor_t activation, cudnnTensorDescriptor_t y_descriptor, void* y) {
  const auto of_y = *y_descriptor;
  const auto of_bias = *bias_descriptor;
  if (z_descriptor->numel() != of_y.numel() || !on_device(z, of_y.numel()) || of_bias.c != of_y.c ||
      of_bias.numel() != of_y.c || !on_device(bias, of_y.c) || !activation->rectifies) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (*static_cast<const float*>(alpha2) != 0) return CUDNN_STATUS_NOT_SUPPORTED;
  const float none = 0;
  const auto status = cudnnConvolutionForward(handle, alpha1, x_descriptor, x, w_descriptor, w, conv,
                                              algorithm, workspace, workspace_bytes, &none, y_descriptor, y);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return enqueue(handle, [=] {
    auto* const values = static_cast<float*>(y);
    for (int64_t i = 0; i < of_y.numel(); ++i) {
      values[i] += static_cast<const float*>(bias)[i % of_y.c];
      if (values[i] < 0) values[i] = 0;
    }
  });
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                           cudnnFilterDescriptor_t w_descriptor, const void* w,
                                           cudnnTensorDescriptor_t dy_descriptor, const void* dy,
                                           cudnnConvolutionDescriptor_t conv,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace,
                                           size_t workspace_bytes, const void* beta,
                                           cudnnTensorDescriptor_t dx_descriptor, void* dx) {
  const auto of_x = *dx_descriptor, of_y = *dy_descriptor;
  const auto of_w = *w_descriptor;
  const auto status = prepare(of_x, of_w, *conv, of_y, dx, w, dy, algorithm,
                              CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, workspace, workspace_bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return enqueue(handle, [=, of_conv = *conv, scale = scales(alpha, beta)] {
    spoil(workspace, workspace_bytes);
    const auto w_values = operand(of_conv, w, of_w.numel()), dy_values = operand(of_conv, dy, of_y.numel());
    std::vector<double> sums(static_cast<size_t>(of_x.numel()));
    for_each_tap(of_x, of_w, of_conv, of_y, [&](int64_t out, int64_t tap, int64_t in) {
      for (int64_t k = 0; k < of_w.k; ++k) {
        const double gradient = dy_values[out * of_w.k + k];
        const float* const filter = &w_values[(k * of_w.r * of_w.s + tap) * of_w.c];
        for (int64_t c = 0; c < of_w.c; ++c) sums[in * of_w.c + c] += gradient * filter[c];
      }
    });
    store(sums, scale, dx);
    spoil(workspace, workspace_bytes);
  });
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             cudnnTensorDescriptor_t x_descriptor, const void* x,
                                             cudnnTensorDescriptor_t dy_descriptor, const void* dy,
                                             cudnnConvolutionDescriptor_t conv,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             size_t workspace_bytes, const void* beta,
                                             cudnnFilterDescriptor_t dw_descriptor, void* dw) {
  const auto of_x = *x_descriptor, of_y = *dy_descriptor;
  const auto of_w = *dw_descriptor;
  const auto status = prepare(of_x, of_w, *conv, of_y, x, dw, dy, algorithm,
                              CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, workspace, workspace_bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  return enqueue(handle, [=, of_conv = *conv, scale = scales(alpha, beta)] {
    spoil(workspace, workspace_bytes);
    const auto x_values = operand(of_conv, x, of_x.numel()), dy_values = operand(of_conv, dy, of_y.numel());
    std::vector<double> sums(static_cast<size_t>(of_w.numel()));
    for_each_tap(of_x, of_w, of_conv, of_y, [&](int64_t out, int64_t tap, int64_t in) {
      for (int64_t k = 0; k < of_w.k; ++k) {
        const double gradient = dy_values[out * of_w.k + k];
        double* const filter = &sums[(k * of_w.r * of_w.s + tap) * of_w.c];
        for (int64_t c = 0; c < of_w.c; ++c) filter[c] += gradient * x_values[in * of_w.c + c];
      }
    });
    store(sums, scale, dw);
    spoil(workspace, workspace_bytes);
  });
}
