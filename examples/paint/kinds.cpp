#include "examples/paint/kinds.h"

#include <array>
#include <stdexcept>
#include <string>

namespace nst::paint {

std::span<const Kind> kinds() {
  static constexpr std::array<Kind, 6> kAll{{
      {"swirls", "a night sky in turbulent motion over dark hills; blues and yellows", paint_swirls, {}},
      {"meadow", "a ripe field under a low sun in short dabs; golds, greens and violet", paint_meadow, {}},
      {"waves",
       "outlined curling waves like a woodblock print; prussian blue and cream",
       paint_waves,
       {0.7f, 0.5f}},
      {"mosaic",
       "a sun over hills in irregular glass tesserae; jewel colours and dark grout",
       paint_mosaic,
       {}},
      {"petals", "a crowded bouquet in thick layered strokes; reds and greens", paint_petals, {}},
      {"autumn", "a wet avenue of trees in palette-knife slabs; orange against blue", paint_autumn, {}},
  }};
  return kAll;
}

const Kind& find_kind(std::string_view name) {
  std::string known;
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw std::invalid_argument("unknown kind '" + std::string(name) + "', must be one of " + known);
}

}  // namespace nst::paint
