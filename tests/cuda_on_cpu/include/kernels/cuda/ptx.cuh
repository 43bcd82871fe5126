// The runner's version of kernels/cuda/ptx.cuh, whose comments hold here too: what each instruction computes,
// in plain C++. The layouts of the fragments are written down there.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "runner/engine.h"

namespace nst::kernels::cuda {

inline uint32_t to_tf32(float x) {
  const uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7f800000) == 0x7f800000) return bits;  // infinity and NaN
  return (bits + 0x1000) & 0xffffe000;
}

inline uint32_t pack_bf16(float low, float high) {
  return uint32_t{__bfloat16_as_ushort(__float2bfloat16_rn(high))} << 16 |
         __bfloat16_as_ushort(__float2bfloat16_rn(low));
}

inline uint32_t pack_f16(float low, float high) {
  return uint32_t{__half_as_ushort(__float2half_rn(high))} << 16 | __half_as_ushort(__float2half_rn(low));
}

namespace emulated {

// What a lane brings to a product: its fragments.
struct Fragments {
  float (&d)[4];
  const uint32_t (&a)[4];
  const uint32_t (&b)[2];
};

// D (16x8) += A (16xK) B (Kx8); element(word, half) unpacks a value of an operand. kPack values fill one
// word.
template <int kPack, float (*element)(uint32_t word, int half)>
void multiply(void* const (&lanes)[32], unsigned) {
  constexpr int kDepth = 8 * kPack;
  float a[16][kDepth], b[kDepth][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Fragments& f = *static_cast<const Fragments*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int half = 0; half < kPack; ++half) {
      for (int r = 0; r < 4; ++r)
        a[g + 8 * (r % 2)][(t + 4 * (r / 2)) * kPack + half] = element(f.a[r], half);
      for (int r = 0; r < 2; ++r) b[(t + 4 * r) * kPack + half][g] = element(f.b[r], half);
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    const Fragments& f = *static_cast<const Fragments*>(lanes[lane]);
    for (int r = 0; r < 4; ++r) {
      const int row = lane / 4 + 8 * (r / 2), column = lane % 4 * 2 + r % 2;
      double sum = f.d[r];
      for (int k = 0; k < kDepth; ++k) sum += static_cast<double>(a[row][k]) * b[k][column];
      f.d[r] = static_cast<float>(sum);
    }
  }
  cuda_on_cpu::count_mma();
}

inline float tf32(uint32_t word, int) { return __uint_as_float(word & 0xffffe000); }
inline float bf16(uint32_t word, int half) { return __uint_as_float(half ? word & 0xffff0000 : word << 16); }
inline float f16(uint32_t word, int half) {
  const uint16_t bits = static_cast<uint16_t>(half ? word >> 16 : word);
  return __half2float(__ushort_as_half(bits));
}

template <int kPack, float (*element)(uint32_t, int)>
void mma(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const cuda_on_cpu::Site& site) {
  Fragments mine{d, a, b};
  cuda_on_cpu::warp_meeting(0xffffffff, &mine, multiply<kPack, element>, site);
}

template <int kMatrices, bool kTransposed>
void ldmatrix(uint32_t (&r)[kMatrices], const void* row, const cuda_on_cpu::Site& site) {
  struct Lane {
    const uint16_t* row;
    uint32_t* r;
  } mine{static_cast<const uint16_t*>(row), r};
  if (cuda_on_cpu::lane() < 8 * kMatrices && reinterpret_cast<uintptr_t>(row) % 16 != 0) {
    cuda_on_cpu::fail("ldmatrix: a row that is not aligned to 16 bytes");
  }
  const auto combine = [](void* const(&lanes)[32], unsigned) {
    for (int lane = 0; lane < 32; ++lane) {
      const int g = lane / 4, t = lane % 4;
      for (int m = 0; m < kMatrices; ++m) {
        const auto at = [&](int i, int j) -> uint32_t {
          return static_cast<Lane*>(lanes[8 * m + i])->row[j];
        };
        const uint32_t low = kTransposed ? at(2 * t, g) : at(g, 2 * t);
        const uint32_t high = kTransposed ? at(2 * t + 1, g) : at(g, 2 * t + 1);
        static_cast<Lane*>(lanes[lane])->r[m] = high << 16 | low;
      }
    }
  };
  cuda_on_cpu::warp_meeting(0xffffffff, &mine, combine, site);
}

}  // namespace emulated

inline void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                             CUDA_ON_CPU_HERE) {
  emulated::mma<1, emulated::tf32>(d, a, b, site);
}
inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                              CUDA_ON_CPU_HERE) {
  emulated::mma<2, emulated::bf16>(d, a, b, site);
}
inline void mma_m16n8k16_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                             CUDA_ON_CPU_HERE) {
  emulated::mma<2, emulated::f16>(d, a, b, site);
}

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, CUDA_ON_CPU_HERE) {
  emulated::ldmatrix<4, false>(r, row, site);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, CUDA_ON_CPU_HERE) {
  emulated::ldmatrix<2, false>(r, row, site);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, CUDA_ON_CPU_HERE) {
  emulated::ldmatrix<4, true>(r, row, site);
}
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, CUDA_ON_CPU_HERE) {
  emulated::ldmatrix<2, true>(r, row, site);
}

// The bytes are read now and written when they are waited for, so that a missing wait leaves NaN behind.
template <int kBytes>
void cp_async(void* shared, const void* global, bool valid = true) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  if (reinterpret_cast<uintptr_t>(shared) % kBytes != 0 ||
      (valid && reinterpret_cast<uintptr_t>(global) % kBytes != 0)) {
    cuda_on_cpu::fail("cp_async: an address that is not aligned to what is copied");
  }
  cuda_on_cpu::AsyncCopy copy{shared, {}, kBytes};
  if (valid) std::memcpy(copy.data, global, kBytes);
  cuda_on_cpu::async_copy(copy);
}
inline void cp_async_commit() { cuda_on_cpu::async_commit(); }
template <int kPending>
void cp_async_wait() {
  cuda_on_cpu::async_wait(kPending);
}

}  // namespace nst::kernels::cuda
