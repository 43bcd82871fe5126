#include "nst/film_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "nst/image.h"

namespace nst {
namespace {

constexpr size_t kHead = 1024;
constexpr size_t kTransportPacket = 188;  // each begins with 'G'

constexpr std::array<std::string_view, 14> kSuffixes{".mp4", ".m4v", ".mov", ".mkv", ".webm",
                                                     ".avi", ".ts",  ".mts", ".mpg", ".mpeg",
                                                     ".flv", ".wmv", ".ogv", ".3gp"};

struct Signature {
  std::string_view container;
  size_t offset;
  std::string_view bytes;
};

constexpr std::array kSignatures{
    Signature{"MP4", 4, "ftyp"},
    Signature{"MP4", 4, "moov"},  // QuickTime's before there was ftyp
    Signature{"MP4", 4, "mdat"},
    Signature{"MP4", 4, "wide"},
    Signature{"Matroska", 0, "\x1a\x45\xdf\xa3"},
    Signature{"AVI", 8, "AVI "},
    Signature{"MPEG-PS", 0, {"\0\0\1\xba", 4}},
    Signature{"FLV", 0, "FLV\1"},
    Signature{"ASF", 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"},
    Signature{"Ogg", 0, "OggS"},
};

}  // namespace

std::string_view film_container(std::span<const std::byte> head) {
  const auto has = [&](size_t offset, std::string_view bytes) {
    return head.size() >= offset + bytes.size() &&
           std::ranges::equal(head.subspan(offset, bytes.size()), std::as_bytes(std::span(bytes)));
  };
  if (!announced_image_format(head).empty()) return {};
  for (const auto& [container, offset, bytes] : kSignatures) {
    if (has(offset, bytes)) return container;
  }
  if (has(0, "G") && has(kTransportPacket, "G") && has(2 * kTransportPacket, "G")) return "MPEG-TS";
  return {};
}

bool is_named_as_film(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::count(kSuffixes, suffix) > 0;
}

bool is_film(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;  // reading a pipe would take from it
  std::array<char, kHead> head;
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), kHead);
  const auto bytes = std::as_bytes(std::span(head)).first(static_cast<size_t>(file.gcount()));
  if (!film_container(bytes).empty()) return true;
  return announced_image_format(bytes).empty() && is_named_as_film(path);
}

}  // namespace nst
