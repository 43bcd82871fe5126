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
set(NST_CUDNN "AUTO" CACHE STRING "Compile the cuDNN back-end of conv2d: ON, OFF, or AUTO where cudnn.h is found")
set_property(CACHE NST_CUDNN PROPERTY STRINGS AUTO ON OFF)
set(NST_NVTX "AUTO" CACHE STRING "Name the ops for NVIDIA's profilers: ON, OFF, or AUTO where NVTX's headers are found")
set_property(CACHE NST_NVTX PROPERTY STRINGS AUTO ON OFF)

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
# cuBLAS and cuDNN are loaded at run time (kernels/cuda/shared_library.h): only their headers are needed here, and
# programs look for them where the headers' own libraries are.
set(NST_HAS_CUDNN OFF)
if(NST_HAS_NVCC)
  set(NST_CUDA_LIBRARY_FOLDERS ${CUDAToolkit_LIBRARY_DIR})
  if(NST_CUDNN)
    find_path(NST_CUDNN_INCLUDE cudnn.h HINTS ENV CUDNN_PATH PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
    if(NST_CUDNN_INCLUDE)
      file(STRINGS ${NST_CUDNN_INCLUDE}/cudnn_version.h NST_CUDNN_MAJOR REGEX "define CUDNN_MAJOR")
      string(REGEX MATCH "[0-9]+$" NST_CUDNN_MAJOR "${NST_CUDNN_MAJOR}")
    endif()
    if(NST_CUDNN_INCLUDE AND NST_CUDNN_MAJOR GREATER_EQUAL 9)
      set(NST_HAS_CUDNN ON)
      find_library(NST_CUDNN_LIBRARY NAMES cudnn libcudnn.so.${NST_CUDNN_MAJOR} HINTS ENV CUDNN_PATH
                   PATHS ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib lib64)
      if(NST_CUDNN_LIBRARY)
        cmake_path(GET NST_CUDNN_LIBRARY PARENT_PATH cudnn_folder)
        list(APPEND NST_CUDA_LIBRARY_FOLDERS ${cudnn_folder})
      endif()
    elseif(NOT NST_CUDNN STREQUAL "AUTO")
      message(FATAL_ERROR "NST_CUDNN=${NST_CUDNN}: no cudnn.h of version 9 or later found; set CUDNN_PATH to its folder")
    endif()
  endif()
  list(REMOVE_DUPLICATES NST_CUDA_LIBRARY_FOLDERS)
endif()
set(NST_HAS_NVTX OFF)
if(NST_HAS_NVCC AND NST_NVTX)
  find_path(NST_NVTX_INCLUDE nvtx3/nvToolsExt.h PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
  if(NST_NVTX_INCLUDE)
    set(NST_HAS_NVTX ON)
  elseif(NOT NST_NVTX STREQUAL "AUTO")
    message(FATAL_ERROR "NST_NVTX=${NST_NVTX}: no nvtx3/nvToolsExt.h found; it comes with the CUDA toolkit")
  endif()
endif()
message(STATUS "CUDA: ${NST_CUDA}, nvcc ${NST_NVCC}, compiled in: ${NST_HAS_NVCC}; cuDNN: ${NST_HAS_CUDNN}; NVTX: ${NST_HAS_NVTX}; "
               "in tests: ${NST_TEST_CUDA}")

# add_cuda_sources(conv2d_winograd_cuda.cu): sources of this folder for both compilers.
function(add_cuda_sources)
  foreach(file IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY NST_CUDA_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
endfunction()

# The same for sources that use kernels/cuda/hopper.cuh, whose instructions nothing but sm_90a has: nvcc compiles them
# for it alone, so that none of them asks for the architecture; the host asks before it launches one.
function(add_hopper_sources)
  foreach(file IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY NST_HOPPER_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
endfunction()
