# Whether films can be read and written: through FFmpeg's libraries, where they are found.
set(NST_FILM "AUTO" CACHE STRING "Read and write films with FFmpeg's libraries: ON, OFF, or AUTO where they are found")
set_property(CACHE NST_FILM PROPERTY STRINGS AUTO ON OFF)

set(NST_HAS_FILM OFF)
if(NST_FILM)
  find_package(PkgConfig REQUIRED)
  # FFmpeg 5.1 and later.
  pkg_check_modules(FFMPEG IMPORTED_TARGET libavformat>=59.27 libavcodec>=59.37 libavutil>=57.28 libswscale>=6.7)
  if(FFMPEG_FOUND)
    set(NST_HAS_FILM ON)
  elseif(NOT NST_FILM STREQUAL "AUTO")
    message(FATAL_ERROR "NST_FILM=${NST_FILM}: FFmpeg's libraries were not found; scripts/setup installs them")
  endif()
endif()
message(STATUS "Films: ${NST_FILM}, FFmpeg's libraries found: ${NST_HAS_FILM}")
