// Which files are films.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace nst {

// The container that a file's first kilobyte announces: "MP4" (and QuickTime), "Matroska" (and WebM), "AVI",
// "MPEG-TS", "MPEG-PS", "FLV", "ASF" or "Ogg"; empty for none. Pictures in MP4's container are none.
std::string_view film_container(std::span<const std::byte> head);

// True when the file's content says so; where it says nothing, when its name does. False for folders and
// files that cannot be read.
bool is_film(const std::filesystem::path& path);
// By its extension, in any case.
bool is_named_as_film(const std::filesystem::path& path);

// The libraries that films are read and written with, "libavcodec 59.37.100"; empty for a build without them,
// whose FilmReader and FilmWriter throw std::runtime_error.
std::string film_libraries();

}  // namespace nst
