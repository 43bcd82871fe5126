// From a tensor's device and element type, known at run time, to a kernel's context and T.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "kernels/context.h"
#include "tensor/cuda_backend.h"
#include "tensor/profile.h"
#include "tensor/tensor.h"

namespace nst {

// Calls f(context) for the device of `like`. A profile knows the call by the op's name.
template <class F>
void dispatch_device(std::string_view op, const Tensor& like, F&& f) {
  if (!like.defined()) throw std::invalid_argument(std::string(op) + ": a tensor is undefined");
  const OpScope scope(op, like.shape(), like.device());
  if (like.device().type == DeviceType::cpu) return f(kernels::CpuContext{});
  return f(cuda_context(like.device()));
}

// Calls f(context, std::type_identity<T>{}) for the device and type of `like`, float or double:
//   dispatch("relu", x, [&]<class T>(const auto& context, std::type_identity<T>) {
//     kernels::relu_forward<T>(context, x.numel(), x.data<T>(), y.mutable_data<T>());
//   });
template <class F>
void dispatch(std::string_view op, const Tensor& like, F&& f) {
  dispatch_device(op, like, [&](const auto& context) {
    switch (like.dtype()) {
      case DType::float32:
        return f(context, std::type_identity<float>{});
      case DType::float64:
        return f(context, std::type_identity<double>{});
      case DType::uint8:
        break;
    }
    throw std::invalid_argument(std::string(op) + ": nothing computes with " + like.describe());
  });
}

}  // namespace nst
