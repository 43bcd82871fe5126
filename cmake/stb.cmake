# STB_INCLUDE_DIRS: the system's stb, before it a copy of stb_image that is fit for files from elsewhere.
# STB_COMPILE_OPTIONS: for the source that holds its implementation.
find_path(STB_INCLUDE_DIR stb/stb_image.h REQUIRED)
set(STB_INCLUDE_DIRS ${STB_INCLUDE_DIR})
file(STRINGS ${STB_INCLUDE_DIR}/stb/stb_image.h stb_version REGEX "stb_image - v[0-9.]+" LIMIT_COUNT 1)
string(REGEX REPLACE ".*stb_image - v([0-9.]+).*" "\\1" stb_version "${stb_version}")
if(stb_version VERSION_LESS 2.28)
  find_program(PATCH_PROGRAM patch REQUIRED)
  set(stb_patch ${CMAKE_SOURCE_DIR}/nst/stb_image.patch)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${stb_patch})
  set(stb_copy ${CMAKE_BINARY_DIR}/generated/patched/stb/stb_image.h)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/patched/stb)
  execute_process(
    COMMAND ${PATCH_PROGRAM} --quiet --force --output=${stb_copy}.new ${STB_INCLUDE_DIR}/stb/stb_image.h ${stb_patch}
    RESULT_VARIABLE stb_patch_failed)
  if(stb_patch_failed)
    file(REMOVE ${stb_copy} ${stb_copy}.new)
    message(WARNING "stb_image ${stb_version} is not the one that nst/stb_image.patch mends; it is used as it is")
  else()
    # Left alone when nothing has changed, lest configuring again compiles again.
    configure_file(${stb_copy}.new ${stb_copy} COPYONLY)
    list(PREPEND STB_INCLUDE_DIRS ${CMAKE_BINARY_DIR}/generated/patched)
  endif()
endif()

# stb copies nothing to nowhere, shifts sign bits and lets integers overflow where it does not matter; an array's
# bounds do.
set(STB_COMPILE_OPTIONS -w)
if(NST_SANITIZE)
  list(APPEND STB_COMPILE_OPTIONS -fno-sanitize=undefined -fsanitize=bounds)
endif()
