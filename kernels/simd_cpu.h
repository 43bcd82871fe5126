// Short vectors of float or double: GCC vector extensions, so that + - * on them are plain operators and
// the compiler contracts a * b + c into one instruction. As wide as the instruction set that the file is
// compiled for; cpu_variant.h tells how one source becomes code for several.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX__
#include <immintrin.h>
#endif

#include "kernels/cpu_variant.h"

namespace nst::kernels {
inline namespace NST_CPU_VARIANT {

#ifdef __AVX512F__
inline constexpr int64_t kSimdBytes = 64;
#else
inline constexpr int64_t kSimdBytes = 32;  // AVX2's registers
#endif

template <class T>
struct SimdOf {
  typedef T type __attribute__((vector_size(kSimdBytes)));
};
template <class T>
using Simd = typename SimdOf<T>::type;
// Elements of a Simd<T>.
template <class T>
inline constexpr int64_t kLanes = kSimdBytes / static_cast<int64_t>(sizeof(T));

template <class T>
inline Simd<T> load(const T* from) {
  Simd<T> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class T>
inline void store(T* to, Simd<T> v) {
  std::memcpy(to, &v, sizeof v);
}

// The elements of one cache line, in one register or two. What writes memory in whole lines touches each of
// them once.
#ifdef __AVX512F__
template <class T>
struct Line {
  static constexpr int64_t kElements = kLanes<T>;
  Simd<T> whole;
};

template <class T>
inline Line<T> load_line(const T* from) {
  return {load(from)};
}
template <class T>
inline void store_line(T* to, Line<T> line) {
  store(to, line.whole);
}
// The line of f(a, b...) for its register.
template <class T, class F, class... Lines>
[[gnu::always_inline]] inline Line<T> map_lines(F f, Line<T> a, Lines... b) {
  return {f(a.whole, b.whole...)};
}
#else
template <class T>
struct Line {
  static constexpr int64_t kElements = 2 * kLanes<T>;
  Simd<T> low, high;
};

template <class T>
inline Line<T> load_line(const T* from) {
  return {load(from), load(from + kLanes<T>)};
}
template <class T>
inline void store_line(T* to, Line<T> line) {
  store(to, line.low);
  store(to + kLanes<T>, line.high);
}
// The line of f(a, b...) for each of its registers.
template <class T, class F, class... Lines>
[[gnu::always_inline]] inline Line<T> map_lines(F f, Line<T> a, Lines... b) {
  return {f(a.low, b.low...), f(a.high, b.high...)};
}
#endif

template <class T>
inline Line<T> operator+(Line<T> a, Line<T> b) {
  return map_lines([](Simd<T> x, Simd<T> y) { return x + y; }, a, b);
}
template <class T>
inline Line<T> operator-(Line<T> a, Line<T> b) {
  return map_lines([](Simd<T> x, Simd<T> y) { return x - y; }, a, b);
}
template <class T>
inline Line<T> operator*(double a, Line<T> b) {
  return map_lines([factor = static_cast<T>(a)](Simd<T> x) { return factor * x; }, b);
}
// a + factor * b
template <class T>
inline Line<T> add_product(Line<T> a, T factor, Line<T> b) {
  return map_lines([factor](Simd<T> x, Simd<T> y) { return x + factor * y; }, a, b);
}

// The same for the first `count` elements; those missing are zero.
template <class T>
inline Line<T> load_first(const T* from, int64_t count) {
  if (count >= Line<T>::kElements) return load_line(from);
  T elements[Line<T>::kElements] = {};
  for (int64_t i = 0; i < count; ++i) elements[i] = from[i];
  return load_line<T>(elements);
}
template <class T>
inline void store_first(T* to, Line<T> line, int64_t count) {
  if (count >= Line<T>::kElements) return store_line(to, line);
  T elements[Line<T>::kElements];
  store_line(elements, line);
  for (int64_t i = 0; i < count; ++i) to[i] = elements[i];
}

// Writes past the caches, for data too large to be found there again: saves reading each line first.
// `to` must be aligned to kSimdBytes. finish_streaming() makes such writes visible to other threads.
template <class T>
inline void stream_line(T* to, Line<T> line) {
#if defined(__AVX512F__)
  _mm512_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<__m512>(line.whole));
#elif defined(__AVX__)
  _mm256_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<__m256>(line.low));
  _mm256_stream_ps(reinterpret_cast<float*>(to + kLanes<T>), reinterpret_cast<__m256>(line.high));
#else
  store_line(to, line);
#endif
}
inline void finish_streaming() {
#ifdef __AVX__
  _mm_sfence();
#endif
}

// value where gate > 0, else 0: what passes back through y = max(0, z), gate being y.
template <class T>
inline Line<T> gated(Line<T> value, Line<T> gate) {
  return map_lines([](Simd<T> v, Simd<T> g) { return g > 0 ? v : Simd<T>{}; }, value, gate);
}
// max(0, value); NaN stays NaN.
template <class T>
inline Line<T> rectified(Line<T> value) {
  return map_lines([](Simd<T> v) { return v < 0 ? Simd<T>{} : v; }, value);
}

inline int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels
