// Idea        cuDNN is told the layout that we have (NHWC; the weight as (K, R, S, C)) and asked once for
// each
//             shape, direction and math mode which of its algorithms it would take. We take its first that
//             gives the same bits every time, and remember it. It is asked, not timed: a measurement would
//             choose otherwise on another day, and with another algorithm come other bits.
// Tiling      cuDNN's own.
// Bytes       bias and ReLU together are part of cuDNN's kernel; either alone is one more pass over y. The
// gradient
//             of the weight is computed as (K, R, S, C) in scratch and turned into (K, C, R, S).
// Bottleneck  as the algorithm that cuDNN takes.
// Constraints float32; at most kMostWorkspace bytes of working memory, in scratch.
#include "kernels/conv2d_cudnn_cuda.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/cudnn.h"
#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels::conv2d_cudnn {
namespace {

using cuda::cudnn;
using cuda::CudnnFunctions;

constexpr size_t kMostWorkspace = size_t{1} << 30;
// For alpha and beta: y = alpha * conv(x, w) + beta * y, where beta = 0 means that y is not read.
constexpr float kOne = 1, kZero = 0;

// What cuDNN wants to know of a convolution.
struct Descriptors {
  explicit Descriptors(const Conv2dShape& shape);

  cuda::CudnnHandle<cudnnTensorDescriptor_t, &CudnnFunctions::cudnnDestroyTensorDescriptor> x, y, bias;
  cuda::CudnnHandle<cudnnFilterDescriptor_t, &CudnnFunctions::cudnnDestroyFilterDescriptor> w;
  cuda::CudnnHandle<cudnnConvolutionDescriptor_t, &CudnnFunctions::cudnnDestroyConvolutionDescriptor> conv;
  cuda::CudnnHandle<cudnnActivationDescriptor_t, &CudnnFunctions::cudnnDestroyActivationDescriptor> relu;
};

Descriptors::Descriptors(const Conv2dShape& shape) {
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  const auto tensor = [&](auto& handle, int64_t n, int64_t h, int64_t w, int64_t c) {
    CUDA_CHECK(cudnn().cudnnCreateTensorDescriptor(handle.out()));
    // Whatever the layout, cuDNN takes the sizes in the order N, C, H, W.
    CUDA_CHECK(cudnn().cudnnSetTensor4dDescriptor(handle.get(), CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, i(n),
                                                  i(c), i(h), i(w)));
  };
  tensor(x, shape.n, shape.h, shape.w, shape.c);
  tensor(y, shape.n, shape.out_h(), shape.out_w(), shape.k);
  tensor(bias, 1, 1, 1, shape.k);
  CUDA_CHECK(cudnn().cudnnCreateFilterDescriptor(w.out()));
  CUDA_CHECK(cudnn().cudnnSetFilter4dDescriptor(w.get(), CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, i(shape.k),
                                                i(shape.c), i(shape.r), i(shape.s)));
  CUDA_CHECK(cudnn().cudnnCreateConvolutionDescriptor(conv.out()));
  constexpr int kDilation = 1;
  CUDA_CHECK(cudnn().cudnnSetConvolution2dDescriptor(conv.get(), i(shape.pad), i(shape.pad), i(shape.stride),
                                                     i(shape.stride), kDilation, kDilation,
                                                     CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  CUDA_CHECK(cudnn().cudnnCreateActivationDescriptor(relu.out()));
  CUDA_CHECK(cudnn().cudnnSetActivationDescriptor(relu.get(), CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0));
}

// The three directions as cuDNN knows them: each has algorithms and functions of its own.
struct Forward {
  using Choice = cudnnConvolutionFwdAlgoPerf_t;
  static constexpr const char* kName = "forward";
  static constexpr int kChoices = CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
  static cudnnStatus_t choices(cudnnHandle_t handle, const Descriptors& d, int* count, Choice* choices) {
    return cudnn().cudnnGetConvolutionForwardAlgorithm_v7(handle, d.x.get(), d.w.get(), d.conv.get(),
                                                          d.y.get(), kChoices, count, choices);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Descriptors& d, const Choice& choice,
                                 size_t* bytes) {
    return cudnn().cudnnGetConvolutionForwardWorkspaceSize(handle, d.x.get(), d.w.get(), d.conv.get(),
                                                           d.y.get(), choice.algo, bytes);
  }
};

struct BackwardInput {
  using Choice = cudnnConvolutionBwdDataAlgoPerf_t;
  static constexpr const char* kName = "backward to the input";
  static constexpr int kChoices = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
  static cudnnStatus_t choices(cudnnHandle_t handle, const Descriptors& d, int* count, Choice* choices) {
    return cudnn().cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, d.w.get(), d.y.get(), d.conv.get(),
                                                               d.x.get(), kChoices, count, choices);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Descriptors& d, const Choice& choice,
                                 size_t* bytes) {
    return cudnn().cudnnGetConvolutionBackwardDataWorkspaceSize(handle, d.w.get(), d.y.get(), d.conv.get(),
                                                                d.x.get(), choice.algo, bytes);
  }
};

struct BackwardWeight {
  using Choice = cudnnConvolutionBwdFilterAlgoPerf_t;
  static constexpr const char* kName = "backward to the weight";
  static constexpr int kChoices = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
  static cudnnStatus_t choices(cudnnHandle_t handle, const Descriptors& d, int* count, Choice* choices) {
    return cudnn().cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, d.x.get(), d.y.get(), d.conv.get(),
                                                                 d.w.get(), kChoices, count, choices);
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Descriptors& d, const Choice& choice,
                                 size_t* bytes) {
    return cudnn().cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, d.x.get(), d.y.get(), d.conv.get(),
                                                                  d.w.get(), choice.algo, bytes);
  }
};

// FMA_MATH never leaves float32. DEFAULT_MATH lets float32 tensors be rounded to TF32 where there are tensor
// cores.
cudnnMathType_t math_type(MathMode mode) {
  return mode == MathMode::fp32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
}

// How one direction of a shape is computed.
template <class Direction>
struct Plan {
  Descriptors descriptors;
  typename Direction::Choice choice{};
  size_t workspace = 0;

  Plan(cudnnHandle_t handle, const Conv2dShape& shape, MathMode mode);
};

template <class Direction>
Plan<Direction>::Plan(cudnnHandle_t handle, const Conv2dShape& shape, MathMode mode) : descriptors(shape) {
  CUDA_CHECK(cudnn().cudnnSetConvolutionMathType(descriptors.conv.get(), math_type(mode)));
  std::array<typename Direction::Choice, Direction::kChoices>
      choices{};  // the fastest, as cuDNN thinks, first
  int count = 0;
  CUDA_CHECK(Direction::choices(handle, descriptors, &count, choices.data()));
  const auto end = choices.begin() + count;
  const auto chosen = std::find_if(choices.begin(), end, [&](const auto& c) {
    const bool exact = mode == MathMode::fp32 ? c.mathType == CUDNN_FMA_MATH
                                              : c.mathType != CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
    return c.status == CUDNN_STATUS_SUCCESS && c.determinism == CUDNN_DETERMINISTIC && exact &&
           c.memory <= kMostWorkspace;
  });
  if (chosen == end) {
    throw std::runtime_error(std::string("conv2d: cuDNN has no algorithm that repeats to the bit for ") +
                             Direction::kName + ", " + std::to_string(shape.c) + " to " +
                             std::to_string(shape.k) + " channels by " + std::to_string(shape.r) + "x" +
                             std::to_string(shape.s));
  }
  choice = *chosen;
  // An algorithm is one together with its math type.
  CUDA_CHECK(cudnn().cudnnSetConvolutionMathType(descriptors.conv.get(), choice.mathType));
  CUDA_CHECK(Direction::workspace(handle, descriptors, choice, &workspace));
}

}  // namespace

// cuDNN bound to a context's stream, and every plan made so far.
class Plans {
 public:
  explicit Plans(cudaStream_t stream) {
    CUDA_CHECK(cudnn().cudnnCreate(handle_.out()));
    CUDA_CHECK(cudnn().cudnnSetStream(handle_.get(), stream));
  }

  cudnnHandle_t handle() const { return handle_.get(); }

  template <class Direction>
  const Plan<Direction>& get(const Conv2dShape& shape, MathMode mode) {
    auto& plans = std::get<Table<Direction>>(tables_);
    return plans.try_emplace({shape, math_type(mode)}, handle(), shape, mode).first->second;
  }

 private:
  template <class Direction>
  using Table = std::map<std::pair<Conv2dShape, cudnnMathType_t>, Plan<Direction>>;
  cuda::CudnnHandle<cudnnHandle_t, &CudnnFunctions::cudnnDestroy> handle_;
  std::tuple<Table<Forward>, Table<BackwardInput>, Table<BackwardWeight>> tables_;
};

namespace {

Plans& plans(const CudaContext& context) {
  auto& plans = context.cudnn_plans();
  if (!plans) plans = std::make_shared<Plans>(context.stream());
  return *plans;
}

}  // namespace

std::string version() {
  const size_t number = cudnn().cudnnGetVersion();  // 91900
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

bool can_do(const Conv2dShape& shape) {
  const auto counts = [](int64_t numel) { return numel > 0 && numel <= std::numeric_limits<int>::max(); };
  return !shape.reflects() && counts(shape.in_numel()) && counts(shape.out_numel()) &&
         counts(shape.k * shape.c * shape.r * shape.s);
}

void pack(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const float* w,
          float* packed) {
  const int64_t c = shape.c, r = shape.r, s = shape.s;
  cuda::map_nhwc(context, shape.k, r, s, c, packed, [=] __device__(const cuda::Position& at) {
    return w[((at.image * c + at.channel) * r + at.row) * s + at.column];
  });
}

void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const float* x,
             const float* packed, const float* bias, bool relu, float* y) {
  Plans& all = plans(context);
  const auto& [d, choice, bytes] = all.get<Forward>(shape, context.math_mode());
  auto* const workspace = context.scratch<unsigned char>(static_cast<int64_t>(bytes));
  if (bias && relu) {
    CUDA_CHECK(cudnn().cudnnConvolutionBiasActivationForward(
        all.handle(), &kOne, d.x.get(), x, d.w.get(), packed, d.conv.get(), choice.algo, workspace, bytes,
        &kZero, d.y.get(), y, d.bias.get(), bias, d.relu.get(), d.y.get(), y));
    return;
  }
  CUDA_CHECK(cudnn().cudnnConvolutionForward(all.handle(), &kOne, d.x.get(), x, d.w.get(), packed,
                                             d.conv.get(), choice.algo, workspace, bytes, &kZero, d.y.get(),
                                             y));
  if (!bias && !relu) return;
  const int64_t k = shape.k;
  cuda::map_rows(context, shape.out_numel() / k, k, k, y, [=] __device__(int pixel, int channel) {
    return cuda::activated(y[pixel * k + channel] + (bias ? bias[channel] : 0), relu);
  });
}

void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm,
                    const float* grad_y, const float* packed, float* grad_x) {
  Plans& all = plans(context);
  const auto& [d, choice, bytes] = all.get<BackwardInput>(shape, context.math_mode());
  auto* const workspace = context.scratch<unsigned char>(static_cast<int64_t>(bytes));
  CUDA_CHECK(cudnn().cudnnConvolutionBackwardData(all.handle(), &kOne, d.w.get(), packed, d.y.get(), grad_y,
                                                  d.conv.get(), choice.algo, workspace, bytes, &kZero,
                                                  d.x.get(), grad_x));
}

void backward_weight(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const float* x,
                     const float* grad_y, float* grad_w) {
  Plans& all = plans(context);
  const auto& [d, choice, bytes] = all.get<BackwardWeight>(shape, context.math_mode());
  const int64_t k = shape.k, c = shape.c, r = shape.r, s = shape.s;
  // Scratch holds the gradient as cuDNN lays it out, then cuDNN's working memory, aligned as any allocation.
  constexpr int64_t kAlignment = 256;
  const int64_t packed_bytes =
      (k * c * r * s * int64_t{sizeof(float)} + kAlignment - 1) / kAlignment * kAlignment;
  auto* const scratch = context.scratch<unsigned char>(packed_bytes + static_cast<int64_t>(bytes));
  auto* const packed = reinterpret_cast<float*>(scratch);
  CUDA_CHECK(cudnn().cudnnConvolutionBackwardFilter(all.handle(), &kOne, d.x.get(), x, d.y.get(), grad_y,
                                                    d.conv.get(), choice.algo, scratch + packed_bytes, bytes,
                                                    &kZero, d.w.get(), packed));
  // grad_w (K, C, R, S), whose axes map_nhwc() calls image, row, column and channel.
  cuda::map_nhwc(context, k, c, r, s, grad_w, [=] __device__(const cuda::Position& at) {
    return packed[((at.image * r + at.column) * s + at.channel) * c + at.row];
  });
}

}  // namespace nst::kernels::conv2d_cudnn
