# Fails when clang-format would change a source:  cmake -DROOT=... -DCLANG_FORMAT=... -P check_format.cmake
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/*.h ${ROOT}/*.cpp ${ROOT}/*.cu ${ROOT}/*.cuh)
list(FILTER sources EXCLUDE REGEX "^(build|out|\\.venv)/")
execute_process(COMMAND ${CLANG_FORMAT} --dry-run -Werror ${sources} WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "run clang-format -i on the files above")
endif()
