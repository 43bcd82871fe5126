#include "nst/adain/bundled.h"

#include <cstddef>
#include <vector>

// The file's bytes, put into the program by the assembler: a C++ array of them would take minutes to compile.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".hidden nst_bundled_adain\n"
    ".global nst_bundled_adain\n"
    "nst_bundled_adain:\n"
    ".incbin \"" NST_BUNDLED_ADAIN
    "\"\n"
    ".hidden nst_bundled_adain_end\n"
    ".global nst_bundled_adain_end\n"
    "nst_bundled_adain_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" const std::byte nst_bundled_adain[];
extern "C" const std::byte nst_bundled_adain_end[];

namespace nst {

nn::WeightFile bundled_adain_weights() {
  return nn::open_weights(nn::FileBytes::from(
      std::vector<std::byte>(nst_bundled_adain, nst_bundled_adain_end), "the network that comes with nst"));
}

}  // namespace nst
