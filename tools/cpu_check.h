// Says so, instead of ending in "Illegal instruction", where the processor lacks what the program was built
// for.
#pragma once

// A bit per x86-64 extension that the program was compiled to use.
enum CpuExtension : unsigned {
  kAvx2 = 1,
  kFma = 2,
  kBmi2 = 4,
  kF16c = 8,
  kAvx512f = 16,
  kAvx512bw = 32,
  kAvx512dq = 64,
  kAvx512vl = 128,
};
extern const unsigned cpu_extensions_needed;
