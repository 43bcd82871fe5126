#include "nn/onnx_file.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] { nn::open_onnx(fuzz::file_of(data, size)).read_all(); });
}
