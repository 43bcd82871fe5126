#include "nst/exif.h"

#include <libexif/exif-data.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace nst {
namespace {

using Bytes = std::span<const std::byte>;

// The APP1 segment that begins with "Exif"; there may be others, of XMP. Empty when there is none.
// A segment is FF, its marker, a length of two bytes that counts itself, and the rest.
Bytes exif_segment(Bytes jpeg) {
  constexpr std::string_view kMagic("Exif\0\0", 6);
  constexpr std::byte kPrefix{0xff}, kApp1{0xe1}, kStartOfScan{0xda};
  size_t at = 2;  // behind the marker that starts the file
  while (at + 4 <= jpeg.size() && jpeg[at] == kPrefix) {
    const std::byte marker = jpeg[at + 1];
    if (marker == kStartOfScan) break;
    if (marker == kPrefix) {  // padding
      ++at;
      continue;
    }
    const size_t length = std::to_integer<size_t>(jpeg[at + 2]) << 8 | std::to_integer<size_t>(jpeg[at + 3]);
    if (length < 2 || at + 2 + length > jpeg.size()) break;
    const Bytes body = jpeg.subspan(at + 4, length - 2);
    if (marker == kApp1 && body.size() > kMagic.size() &&
        std::ranges::equal(body.first(kMagic.size()), std::as_bytes(std::span(kMagic)))) {
      return body;
    }
    at += 2 + length;
  }
  return {};
}

struct Unref {
  void operator()(ExifData* data) const { exif_data_unref(data); }
};

}  // namespace

int exif_orientation(Bytes jpeg) {
  const Bytes segment = exif_segment(jpeg);
  if (segment.empty()) return 1;
  const std::unique_ptr<ExifData, Unref> data(exif_data_new());
  if (!data) return 1;
  // As found: by default libexif mends what the standard would have otherwise.
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  exif_data_load_data(data.get(), reinterpret_cast<const unsigned char*>(segment.data()),
                      static_cast<unsigned>(segment.size()));
  // IFD 0 describes the picture, IFD 1 its thumbnail.
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (!entry || entry->format != EXIF_FORMAT_SHORT || entry->components != 1 || entry->size < 2) return 1;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

UprightWalk upright_walk(PictureSize upright, int orientation) {
  const int o = orientation;
  const bool flip_rows = o == 3 || o == 4 || o == 6 || o == 7;     // of the stored picture
  const bool flip_columns = o == 2 || o == 3 || o == 7 || o == 8;  // likewise
  const auto [h, w] = upright;
  const int64_t stored_h = lies_sideways(o) ? w : h, stored_w = lies_sideways(o) ? h : w;
  const int64_t row = flip_rows ? -stored_w : stored_w, column = flip_columns ? -1 : 1;
  const int64_t start = (flip_rows ? (stored_h - 1) * stored_w : 0) + (flip_columns ? stored_w - 1 : 0);
  return lies_sideways(o) ? UprightWalk{start, column, row} : UprightWalk{start, row, column};
}

}  // namespace nst
