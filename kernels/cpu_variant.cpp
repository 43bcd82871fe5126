#include "kernels/cpu_variant.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace nst::kernels {
namespace {

constexpr std::array<std::string_view, 2> kNames{"baseline", "avx512"};

CpuVariant initial_variant() {
  const char* wanted = std::getenv("NST_CPU_VARIANT");
  if (!wanted) return has_cpu_variant(CpuVariant::avx512) ? CpuVariant::avx512 : CpuVariant::baseline;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const auto variant = static_cast<CpuVariant>(i);
    if (kNames[i] == wanted && has_cpu_variant(variant)) return variant;
  }
  throw std::runtime_error(std::string("NST_CPU_VARIANT: '") + wanted + "' is not among what can run here");
}

std::atomic<CpuVariant>& variant_in_use() {
  static std::atomic<CpuVariant> variant = initial_variant();
  return variant;
}

}  // namespace

bool has_cpu_variant(CpuVariant variant) {
  if (variant == CpuVariant::baseline) return true;
#if NST_HAS_AVX512
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

CpuVariant cpu_variant() { return variant_in_use().load(std::memory_order_relaxed); }

void set_cpu_variant(CpuVariant variant) {
  if (!has_cpu_variant(variant)) {
    throw std::runtime_error("cpu: the " + std::string(kNames[static_cast<size_t>(variant)]) +
                             " kernels cannot run here");
  }
  variant_in_use() = variant;
}

}  // namespace nst::kernels
