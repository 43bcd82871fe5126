# Language level, warnings, sanitizers and the processor to build for.

option(NST_TESTS "Build the tests" ON)
option(NST_BENCH "Build the benchmarks" OFF)
option(NST_FUZZ "Build the fuzz targets, with clang" OFF)
option(NST_WERROR "Treat warnings as errors" OFF)
option(NST_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
# The oldest processor the build must run on. x86-64-v3 is AVX2 + FMA (Haswell, Zen and later); the hot
# kernels use AVX-512 where they find it whatever is said here. `native` is whatever this machine has.
set(NST_CPU "x86-64-v3" CACHE STRING "Value for -march")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(NST_CCACHE ccache)
if(NST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${NST_CCACHE})
endif()

find_package(OpenMP REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)

# What every target of ours is compiled with. Contracted multiply-adds (ISO mode turns them off) and
# no errno or trap bookkeeping let loops vectorise; NaN and infinity keep their meaning.
add_library(nst_options INTERFACE)
target_include_directories(nst_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(nst_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-sign-compare;-ffp-contract=fast;-fno-math-errno;-fno-trapping-math>)
if(NST_WERROR)
  target_compile_options(nst_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(NST_SANITIZE)
  target_compile_options(nst_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                               -fno-omit-frame-pointer)
  target_link_options(nst_options INTERFACE -fsanitize=address,undefined)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(nst_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=${NST_CPU}>)
  set(NST_AVX512 ON)  # the hot kernels for AVX-512 as well: kernels/cpu_variant.h
endif()
