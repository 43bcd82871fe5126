// A file in any format, as the weights of a VGG.
#include "nn/vgg_weights.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] { nn::read_vgg(nn::open_weights(fuzz::file_of(data, size))); });
}
