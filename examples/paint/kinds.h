// The pictures this program can paint.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "examples/paint/canvas.h"

namespace nst::paint {

struct Kind {
  std::string_view name;
  std::string_view description;
  void (*paint)(Canvas& canvas, std::uint32_t seed);  // covers the whole canvas
  Light light;
};

// Each paints its picture; the seed moves what a painter would decide on the day, never the subject.
void paint_swirls(Canvas& canvas, std::uint32_t seed);
void paint_meadow(Canvas& canvas, std::uint32_t seed);
void paint_waves(Canvas& canvas, std::uint32_t seed);
void paint_mosaic(Canvas& canvas, std::uint32_t seed);
void paint_petals(Canvas& canvas, std::uint32_t seed);
void paint_autumn(Canvas& canvas, std::uint32_t seed);

// All kinds, in the order of the list above.
std::span<const Kind> kinds();

// The kind called `name`; std::invalid_argument, naming the kinds there are, if there is none.
const Kind& find_kind(std::string_view name);

}  // namespace nst::paint
