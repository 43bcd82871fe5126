// CUDA C++ for a plain C++ compiler: qualifiers, built-in variables, barriers, warp functions, atomics,
// arithmetic. Threads are fibers of one host thread (runner/engine.h), so that an atomic is simply done.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "runner/engine.h"
#include "vector_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __constant__
#define __grid_constant__

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

// --- barriers
// ------------------------------------------------------------------------------------------------------

#define CUDA_ON_CPU_HERE const std::source_location& site = std::source_location::current()

inline void __syncthreads(CUDA_ON_CPU_HERE) { cuda_on_cpu::block_barrier(0, site); }
inline int __syncthreads_count(int predicate, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::block_barrier(predicate != 0, site);
}
inline int __syncthreads_or(int predicate, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::block_barrier(predicate != 0, site) != 0;
}
inline int __syncthreads_and(int predicate, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::block_barrier(predicate == 0, site) == 0;
}
inline void __syncwarp(unsigned mask = 0xffffffff, CUDA_ON_CPU_HERE) {
  int nothing = 0;
  cuda_on_cpu::warp_meeting(
      mask, &nothing, [](void* const(&)[32], unsigned) {}, site);
}
inline void __threadfence() {}
inline void __threadfence_block() {}

// --- warp functions
// ------------------------------------------------------------------------------------------------

namespace cuda_on_cpu {

enum class Shuffle { index, up, down, exclusive_or };

template <class T, Shuffle kHow>
T shuffle(unsigned mask, T value, int argument, int width, const std::source_location& site) {
  static_assert(std::is_trivially_copyable_v<T>);
  struct Lane {
    T value, result;
    int argument, width;
  } mine{value, value, argument, width};
  const auto combine = [](void* const(&payloads)[32], unsigned) {
    for (int l = 0; l < 32; ++l) {
      if (!payloads[l]) continue;
      Lane& lane = *static_cast<Lane*>(payloads[l]);
      const int first = l / lane.width * lane.width, last = first + lane.width - 1;
      int from = kHow == Shuffle::index  ? first + (lane.argument & (lane.width - 1))
                 : kHow == Shuffle::up   ? l - lane.argument
                 : kHow == Shuffle::down ? l + lane.argument
                                         : l ^ lane.argument;
      if (from < first || from > last) from = l;
      // Another lane's value is undefined where it did not take part; a NaN, so that it shows.
      if (payloads[from]) {
        lane.result = static_cast<Lane*>(payloads[from])->value;
      } else {
        std::memset(static_cast<void*>(&lane.result), 0xff, sizeof(T));
      }
    }
  };
  warp_meeting(mask, &mine, combine, site);
  return mine.result;
}

// Gives every lane fold(accumulated, value, lane), from `start` over the lanes of the mask.
template <class R, class T, class Fold>
R warp_fold(unsigned mask, T value, R start, Fold, const std::source_location& site) {
  struct Lane {
    T value;
    R result;
  } mine{value, start};
  const auto combine = [](void* const(&payloads)[32], unsigned) {
    R result{};
    bool first = true;
    for (int l = 0; l < 32; ++l) {
      if (!payloads[l]) continue;
      const Lane& lane = *static_cast<Lane*>(payloads[l]);
      result = Fold{}(first ? lane.result : result, lane.value, l);
      first = false;
    }
    for (void* payload : payloads) {
      if (payload) static_cast<Lane*>(payload)->result = result;
    }
  };
  warp_meeting(mask, &mine, combine, site);
  return mine.result;
}

}  // namespace cuda_on_cpu

template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::shuffle<T, cuda_on_cpu::Shuffle::index>(mask, value, from, width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::shuffle<T, cuda_on_cpu::Shuffle::up>(mask, value, static_cast<int>(delta), width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::shuffle<T, cuda_on_cpu::Shuffle::down>(mask, value, static_cast<int>(delta), width,
                                                             site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::shuffle<T, cuda_on_cpu::Shuffle::exclusive_or>(mask, value, bits, width, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, CUDA_ON_CPU_HERE) {
  return cuda_on_cpu::warp_fold(
      mask, predicate, 0u, [](unsigned bits, int p, int lane) { return p ? bits | 1u << lane : bits; }, site);
}
inline int __any_sync(unsigned mask, int predicate, CUDA_ON_CPU_HERE) {
  return __ballot_sync(mask, predicate, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, CUDA_ON_CPU_HERE) {
  return __ballot_sync(mask, predicate, site) == mask;
}
#define CUDA_ON_CPU_WARP_REDUCE(T, name, start, expression)                        \
  inline T __reduce_##name##_sync(unsigned mask, T value, CUDA_ON_CPU_HERE) {      \
    return cuda_on_cpu::warp_fold(                                                 \
        mask, value, T(start), [](T a, T b, int) { return T(expression); }, site); \
  }
CUDA_ON_CPU_WARP_REDUCE(unsigned, add, 0, a + b)
CUDA_ON_CPU_WARP_REDUCE(unsigned, min, 0xffffffff, a < b ? a : b)
CUDA_ON_CPU_WARP_REDUCE(unsigned, max, 0, a > b ? a : b)
CUDA_ON_CPU_WARP_REDUCE(unsigned, and, 0xffffffff, a& b)
CUDA_ON_CPU_WARP_REDUCE(unsigned, or, 0, a | b)
CUDA_ON_CPU_WARP_REDUCE(unsigned, xor, 0, a ^ b)
CUDA_ON_CPU_WARP_REDUCE(int, add, 0, a + b)
CUDA_ON_CPU_WARP_REDUCE(int, min, 0x7fffffff, a < b ? a : b)
CUDA_ON_CPU_WARP_REDUCE(int, max, -0x7fffffff - 1, a > b ? a : b)
#undef CUDA_ON_CPU_WARP_REDUCE

// --- atomics
// -------------------------------------------------------------------------------------------------------

#define CUDA_ON_CPU_ATOMIC(name, expression)     \
  template <class T>                             \
  T name(T* at, std::type_identity_t<T> value) { \
    const T old = *at;                           \
    *at = static_cast<T>(expression);            \
    return old;                                  \
  }
CUDA_ON_CPU_ATOMIC(atomicAdd, old + value)
CUDA_ON_CPU_ATOMIC(atomicSub, old - value)
CUDA_ON_CPU_ATOMIC(atomicExch, value)
CUDA_ON_CPU_ATOMIC(atomicMin, value < old ? value : old)
CUDA_ON_CPU_ATOMIC(atomicMax, value > old ? value : old)
CUDA_ON_CPU_ATOMIC(atomicAnd, old& value)
CUDA_ON_CPU_ATOMIC(atomicOr, old | value)
CUDA_ON_CPU_ATOMIC(atomicXor, old ^ value)
#undef CUDA_ON_CPU_ATOMIC
inline unsigned atomicInc(unsigned* at, unsigned limit) {
  const unsigned old = *at;
  *at = old >= limit ? 0 : old + 1;
  return old;
}
template <class T>
T atomicCAS(T* at, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  const T old = *at;
  if (old == compare) *at = value;
  return old;
}

// --- memory, bits and arithmetic
// -----------------------------------------------------------------------------------

template <class T>
T __ldg(const T* at) {
  return *at;
}
template <class T>
T __ldcs(const T* at) {
  return *at;
}
template <class T>
T __ldcg(const T* at) {
  return *at;
}
template <class T>
void __stcs(T* at, std::type_identity_t<T> value) {
  *at = value;
}

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }

template <class A, class B>
requires(std::is_arithmetic_v<A>&& std::is_arithmetic_v<B>) std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmin(static_cast<T>(a), static_cast<T>(b));
  return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(b) : static_cast<T>(a);
}
template <class A, class B>
requires(std::is_arithmetic_v<A>&& std::is_arithmetic_v<B>) std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmax(static_cast<T>(a), static_cast<T>(b));
  return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(b) : static_cast<T>(a);
}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float __saturatef(float x) { return !(x > 0) ? 0 : x > 1 ? 1 : x; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __powf(float x, float y) { return std::pow(x, y); }
