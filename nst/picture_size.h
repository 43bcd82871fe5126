// How large a picture is.
#pragma once

#include <cstdint>

namespace nst {

struct PictureSize {
  int64_t height, width;
};

}  // namespace nst
