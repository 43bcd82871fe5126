# The CUDA half of the build. The same kernels/*_cuda.cu are compiled up to twice:
# - by nvcc, into nst_kernels_cuda, wherever it is found: what the `nst` command and the benchmarks link;
# - by the C++ compiler against tests/cuda_on_cpu/include, into nst_kernels_cuda_on_cpu: what the tests link, so that
#   "cuda" in a test is the CUDA-on-CPU runner and needs neither a GPU nor CUDA.
# tensor/ is the layer that dispatches to kernels, so it exists twice too: nst_tensor and nst_tensor_cuda_on_cpu.
# A program chooses with its target property NST_CUDA_ON_CPU.

set(NST_CUDA "AUTO" CACHE STRING "Compile the CUDA kernels with nvcc: ON, OFF, or AUTO where it is found")
set_property(CACHE NST_CUDA PROPERTY STRINGS AUTO ON OFF)
set(NST_TEST_CUDA "on_cpu" CACHE STRING "What `cuda` is in the tests: on_cpu (the runner) or gpu")
set_property(CACHE NST_TEST_CUDA PROPERTY STRINGS on_cpu gpu)

# 80 is Ampere, 90 Hopper, 90a Hopper with wgmma and TMA; the PTX of 90 runs on what comes later.
set(CMAKE_CUDA_ARCHITECTURES "80-real;90;90a-real" CACHE STRING "CUDA architectures")

set(NST_HAS_NVCC OFF)
if(NST_CUDA)
  if(NST_CUDA STREQUAL "AUTO")
    find_program(NST_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_PATH PATHS /usr/local/cuda/bin PATH_SUFFIXES bin)
    if(NST_NVCC)
      set(NST_HAS_NVCC ON)
    endif()
  else()
    set(NST_HAS_NVCC ON)
  endif()
endif()
if(NST_HAS_NVCC)
  if(NST_NVCC AND NOT CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_COMPILER ${NST_NVCC})
  endif()
  if(NST_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${NST_CCACHE})
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  # What Debian 12's CMake does not know of nvcc yet.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  # Lambdas marked __device__ let a kernel take the formula as its CPU twin does.
  target_compile_options(nst_options INTERFACE
    $<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda;-lineinfo;-Xcompiler=-Wall,-Wextra,-Wno-sign-compare>)
  if(NST_WERROR)
    target_compile_options(nst_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Werror>)
  endif()
endif()
message(STATUS "CUDA: ${NST_CUDA}, nvcc ${NST_NVCC}, compiled in: ${NST_HAS_NVCC}; in tests: ${NST_TEST_CUDA}")

# add_cuda_sources(conv2d_winograd_cuda.cu): sources of this folder for both compilers.
function(add_cuda_sources)
  foreach(file IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY NST_CUDA_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
endfunction()
