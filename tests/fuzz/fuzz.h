// Fuzzing: libFuzzer calls LLVMFuzzerTestOneInput with inputs that it grows, by the code they reach, from
// those in tests/data. A target reads the input as a file that a user was given by somebody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "nn/file_bytes.h"

namespace nst::fuzz {

// Reads the input. A std::runtime_error is how readers refuse a file; any other exception ends the fuzzer, as
// a crash, a sanitizer's finding, a leak, ten seconds or two gigabytes do (scripts/fuzz sets those limits).
template <class Read>
int read_untrusted(Read&& read) {
  try {
    read();
  } catch (const std::runtime_error&) {
  }
  return 0;
}

inline std::span<const std::byte> bytes_of(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}
inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
// A copy of its own, so that AddressSanitizer knows where it ends.
inline nn::FileBytes file_of(const uint8_t* data, size_t size) {
  const auto bytes = bytes_of(data, size);
  return nn::FileBytes::from({bytes.begin(), bytes.end()}, "input");
}

}  // namespace nst::fuzz
