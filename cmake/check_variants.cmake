# Fails when code compiled for a better processor could end up where any processor runs it: the linker keeps one
# copy of an inline function or template, so in OBJECTS every such symbol must be in the namespace VARIANT.
#   cmake -DNM=nm -DVARIANT=avx512 "-DOBJECTS=a.o;b.o" -P check_variants.cmake
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --demangle --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${symbols}")
  set(checked 0)
  foreach(line IN LISTS lines)
    # W, V, u: what the linker may merge. The reference to the exception handler is a pointer, not code.
    if(NOT line MATCHES "^[0-9a-f]+ [WVu] " OR line MATCHES "DW.ref.__gxx_personality_v0")
      continue()
    endif()
    math(EXPR checked "${checked} + 1")
    if(NOT line MATCHES "::${VARIANT}::")
      message(SEND_ERROR "${object}: shared with the rest of the program:\n  ${line}")
    endif()
  endforeach()
  if(checked EQUAL 0)
    message(SEND_ERROR "${object}: nothing to check; are the kernels in namespace ${VARIANT}?")
  endif()
endforeach()
