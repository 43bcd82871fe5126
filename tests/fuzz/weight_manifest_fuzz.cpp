#include "nst/weight_manifest.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] { parse_weight_manifest(fuzz::text_of(data, size), "input"); });
}
