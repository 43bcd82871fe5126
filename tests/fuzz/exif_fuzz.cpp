#include "nst/exif.h"

#include <cstdlib>

#include "tests/fuzz/fuzz.h"

using namespace nst;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int orientation = exif_orientation(fuzz::bytes_of(data, size));
  if (orientation < 1 || orientation > 8) std::abort();
  return 0;
}
