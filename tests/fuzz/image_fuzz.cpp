#include "nst/image.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

constexpr int64_t kMaxPixels = 1 << 20;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] {
    const auto file = fuzz::bytes_of(data, size);
    const ImageInfo info = describe_image(file, "input");
    // A few bytes may announce a picture that takes long to fill with grey.
    if (info.width * info.height <= kMaxPixels) decode_image(file, "input");
  });
}
