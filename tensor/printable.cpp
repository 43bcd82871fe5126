#include "tensor/printable.h"

#include <algorithm>

namespace nst {
namespace {

unsigned char at(std::string_view text, size_t i) { return static_cast<unsigned char>(text[i]); }

// Bytes of the printable character that `text` begins with; 0 when it begins with none.
size_t character_size(std::string_view text) {
  const unsigned char first = at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t size = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at(text, i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = at(text, 1);
  const bool control = first == 0xc2 && second < 0xa0;  // U+0080 to U+009F; U+009B begins terminal commands
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool beyond = first == 0xf4 && second >= 0x90;
  return control || overlong || surrogate || beyond ? 0 : size;
}

}  // namespace

std::string printable(std::string_view text, size_t max_bytes) {
  std::string shown;
  while (!text.empty()) {
    const size_t size = character_size(text);
    if (shown.size() + std::max<size_t>(size, 1) > max_bytes) return shown + "...";
    shown += size > 0 ? text.substr(0, size) : "?";
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return shown;
}

}  // namespace nst
