// One source, code for several instruction sets, chosen when the program runs.
//
// The hot kernels' files are compiled once for every variant (add_cpu_variants() in kernels/CMakeLists.txt),
// with NST_CPU_VARIANT set to its name. All they are made of sits in a namespace of that name, so that the
// linker can never put code for one processor where another's is meant. NST_VARIANT_KERNEL() declares such a
// kernel for its callers, who see one function; it goes in a namespace of its own, as those of the same names
// inside nst::kernels are inline.
#pragma once

#include <utility>

// What is compiled only once is baseline.
#ifndef NST_CPU_VARIANT
#define NST_CPU_VARIANT baseline
#endif

namespace nst::kernels {

//   baseline   what the whole program is compiled for: CMake's NST_CPU, by default AVX2 and FMA
//   avx512     AVX-512 F, BW, CD, DQ and VL: Skylake-SP, Zen 4 and later
enum class CpuVariant { baseline, avx512 };

// Whether this build contains it and this processor can run it.
bool has_cpu_variant(CpuVariant variant);
// The one in use: the last there is, or what the environment variable NST_CPU_VARIANT names at the first
// call. Throws std::runtime_error when that is unknown or cannot run here.
CpuVariant cpu_variant();
// Changes it, while no kernel runs; throws std::runtime_error when it cannot run here.
void set_cpu_variant(CpuVariant variant);

}  // namespace nst::kernels

// Declares a kernel template on float or double that every variant defines in its namespace, and the function
// of the same name that calls the one in use. (NST_HAS_AVX512 is set by the build; only here and in
// cpu_variant.cpp is it asked for.)
#if NST_HAS_AVX512
#define NST_VARIANT_KERNEL(name, ...)                                        \
  namespace baseline {                                                       \
  template <class T>                                                         \
  void name(__VA_ARGS__);                                                    \
  }                                                                          \
  namespace avx512 {                                                         \
  template <class T>                                                         \
  void name(__VA_ARGS__);                                                    \
  }                                                                          \
  template <class T, class... Arguments>                                     \
  void name(Arguments&&... arguments) {                                      \
    if (::nst::kernels::cpu_variant() == ::nst::kernels::CpuVariant::avx512) \
      return avx512::name<T>(std::forward<Arguments>(arguments)...);         \
    baseline::name<T>(std::forward<Arguments>(arguments)...);                \
  }                                                                          \
  static_assert(true)
#else
#define NST_VARIANT_KERNEL(name, ...)                         \
  namespace baseline {                                        \
  template <class T>                                          \
  void name(__VA_ARGS__);                                     \
  }                                                           \
  template <class T, class... Arguments>                      \
  void name(Arguments&&... arguments) {                       \
    baseline::name<T>(std::forward<Arguments>(arguments)...); \
  }                                                           \
  static_assert(true)
#endif
