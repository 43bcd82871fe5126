# One library per folder. A layer's sources see only the layers below it; include_order_test proves it.

# nst_layer(kernels) makes nst_kernels; nst_layer(tensor BELOW kernels) links it on top.
function(nst_layer name)
  cmake_parse_arguments(ARG "" "BELOW" "SOURCES" ${ARGN})
  add_library(nst_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(nst_${name} PUBLIC nst_options)
  if(ARG_BELOW STREQUAL "tensor")
    # Which of the two a program gets is the program's own property: see cmake/cuda.cmake.
    target_link_libraries(nst_${name} PUBLIC
      $<IF:$<BOOL:$<TARGET_PROPERTY:NST_CUDA_ON_CPU>>,nst_tensor_cuda_on_cpu,nst_tensor>)
  elseif(ARG_BELOW)
    target_link_libraries(nst_${name} PUBLIC nst_${ARG_BELOW})
  endif()
endfunction()

# add_cpu_variants(conv2d_winograd_cpu.cpp): files of kernels/ that are compiled once for every instruction set
# of kernels/cpu_variant.h.
function(add_cpu_variants)
  target_sources(nst_kernels PRIVATE ${ARGN})
  if(NST_AVX512)
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    target_sources(nst_kernels_avx512 PRIVATE ${ARGN})
  endif()
endfunction()

# add_op(gram): the op's file(s) in this folder join this folder's library. Every layer that has the op
# repeats the call, and configuring fails when a file is missing.
#   kernels/   gram.h, gram_cpu.cpp, and gram_cuda.cu once the op has one (until then gram.h says NST_CPU_KERNEL)
#   tensor/    ops/gram.h, ops/gram.cpp
#   autograd/  ops/gram.h, ops/gram.cpp
function(add_op)
  get_filename_component(layer ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  foreach(op IN LISTS ARGN)
    if(layer STREQUAL "kernels")
      set(files ${op}.h ${op}_cpu.cpp)
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${op}_cuda.cu)
        add_cuda_sources(${op}_cuda.cu)
      endif()
    else()
      set(files ops/${op}.h ops/${op}.cpp)
    endif()
    foreach(file IN LISTS files)
      if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
        message(FATAL_ERROR "add_op(${op}): ${layer}/${file} is missing")
      endif()
    endforeach()
    target_sources(nst_${layer} PRIVATE ${files})
  endforeach()
endfunction()
