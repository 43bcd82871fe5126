// Runs before every other initialiser of the program, and is compiled for the oldest x86-64 (CMakeLists.txt):
// whatever it calls must not be compiled for a newer one, so it calls nothing but the C library.
#include "tools/cpu_check.h"

#include <unistd.h>

#include <cstring>

#if defined(__x86_64__)
namespace {

void print(const char* text) {
  // There is nobody to tell if this fails.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

// Priorities up to 100 are the compiler's own; static objects are constructed after all numbered ones.
__attribute__((constructor(101))) void check_cpu() {
  __builtin_cpu_init();
  bool missing = false;
  const auto check = [&](unsigned extension, bool there, const char* name) {
    if (!(cpu_extensions_needed & extension) || there) return;
    print(missing ? ", " : "nst: this program was built for a newer processor than this one, which lacks ");
    print(name);
    missing = true;
  };
  check(kAvx2, __builtin_cpu_supports("avx2"), "AVX2");
  check(kFma, __builtin_cpu_supports("fma"), "FMA");
  check(kBmi2, __builtin_cpu_supports("bmi2"), "BMI2");
  check(kF16c, __builtin_cpu_supports("f16c"), "F16C");
  check(kAvx512f, __builtin_cpu_supports("avx512f"), "AVX-512F");
  check(kAvx512bw, __builtin_cpu_supports("avx512bw"), "AVX-512BW");
  check(kAvx512dq, __builtin_cpu_supports("avx512dq"), "AVX-512DQ");
  check(kAvx512vl, __builtin_cpu_supports("avx512vl"), "AVX-512VL");
  if (!missing) return;
  print("; build it with cmake -DNST_CPU=x86-64, which is slower\n");
  ::_exit(1);
}

}  // namespace
#endif
