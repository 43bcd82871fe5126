// The pickles within zip containers, whose checksum keeps a fuzzer of whole files from them.
#include "nn/pickle.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] {
    const auto file = fuzz::file_of(data, size);
    nn::ByteReader reader(file, file.bytes());
    nn::read_pickle(file, reader);
  });
}
