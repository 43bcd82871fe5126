// Compiled as the rest of the program is, so that the compiler's macros are the truth about it. It holds data
// and no code.
#include "tools/cpu_check.h"

constinit const unsigned cpu_extensions_needed = 0
#ifdef __AVX2__
                                                 | kAvx2
#endif
#ifdef __FMA__
                                                 | kFma
#endif
#ifdef __BMI2__
                                                 | kBmi2
#endif
#ifdef __F16C__
                                                 | kF16c
#endif
#ifdef __AVX512F__
                                                 | kAvx512f
#endif
#ifdef __AVX512BW__
                                                 | kAvx512bw
#endif
#ifdef __AVX512DQ__
                                                 | kAvx512dq
#endif
#ifdef __AVX512VL__
                                                 | kAvx512vl
#endif
    ;
