// How wgmma is told of an operand in shared memory (PTX ISA, "Asynchronous Warpgroup Level Matrix Shared
// Memory Layout" and "Matrix Descriptor Format"). 64 bits:
//    0-13  address / 16
//   16-29  leading dimension byte offset / 16: means nothing for swizzled rows along the depth
//   32-45  stride dimension byte offset / 16: from 8 rows to the next 8
//   49-51  base offset: 0 where the swizzle's pattern, which repeats every 1024 bytes, begins at a multiple
//          of them
//   62-63  swizzle: 0 none, 1 of 128 bytes, 2 of 64, 3 of 32
//
// The tiles here are "K-major": each row of A, and each column of B, is 128 bytes along the depth, eight of
// them an atom of 1024 bytes. The swizzle of 128 bytes exchanges the 16-byte pieces p of row r:
//   row 0   0 1 2 3 4 5 6 7      piece p of row r lies at p ^ r % 8, or: bits 4-6 of an address are XORed
//   row 1   1 0 3 2 5 4 7 6      with its bits 7-9. So the eight pieces that a tensor core wants at once,
//   row 2   2 3 0 1 6 7 4 5      the p-th of eight rows, come from eight different groups of four banks.
//   ...                          TMA writes them so, at no cost.
//   row 7   7 6 5 4 3 2 1 0
#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace nst::kernels::cuda {

// Of a tile with rows of 128 swizzled bytes at `address` in shared memory, a multiple of 1024. As the swizzle
// is done to the sum of all offsets, 16 bytes further along the depth are 1 more in the descriptor.
NST_HOST_DEVICE constexpr uint64_t matrix_descriptor(uint32_t address) {
  constexpr uint64_t kLeading = 1, kEightRows = 8 * 128 / 16, kSwizzle128 = 1;
  return (address & 0x3ffff) / 16 | kLeading << 16 | kEightRows << 32 | kSwizzle128 << 62;
}

}  // namespace nst::kernels::cuda
