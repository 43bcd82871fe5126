#include "runner/mbarrier.h"

#include <bit>

namespace cuda_on_cpu {
namespace {

// The 64 bits of a barrier, whose layout is the hardware's own affair. Shared memory begins as ones, which
// is not the tag.
struct Bits {
  uint64_t tag : 2, phase : 1, expected : 20, missing : 20;
  int64_t bytes : 21;
};
static_assert(sizeof(Bits) == sizeof(uint64_t));
constexpr uint64_t kTag = 1;
constexpr unsigned kMost = (1 << 20) - 1;  // arrivals and bytes

Bits read(const uint64_t* barrier) {
  if (reinterpret_cast<uintptr_t>(barrier) % 8 != 0) fail("mbarrier: not aligned to 8 bytes");
  const Bits bits = std::bit_cast<Bits>(*barrier);
  if (bits.tag != kTag) fail("mbarrier: used before mbarrier_init");
  return bits;
}

void write(uint64_t* barrier, Bits bits) {
  if (bits.missing == 0 && bits.bytes == 0) {
    bits.phase ^= 1;
    bits.missing = bits.expected;
  }
  *barrier = std::bit_cast<uint64_t>(bits);
}

}  // namespace

void mbarrier_init(uint64_t* barrier, unsigned count) {
  if (count < 1 || count > kMost) fail("mbarrier_init: a count that is not in [1, 2^20)");
  write(barrier, {kTag, 0, count, count, 0});
}

void mbarrier_arrive(uint64_t* barrier) {
  Bits bits = read(barrier);
  if (bits.missing == 0) fail("mbarrier: more arrivals in a phase than it counts");
  --bits.missing;
  write(barrier, bits);
}

void mbarrier_expect(uint64_t* barrier, unsigned bytes) {
  Bits bits = read(barrier);
  if (bits.bytes + int64_t{bytes} > kMost) fail("mbarrier: more bytes than it can count");
  bits.bytes += bytes;
  *barrier = std::bit_cast<uint64_t>(bits);  // the phase goes on even with as many bytes as were missing
}

void mbarrier_complete(uint64_t* barrier, unsigned bytes) {
  Bits bits = read(barrier);
  if (bits.bytes - int64_t{bytes} < -int64_t{kMost}) fail("mbarrier: more bytes than were announced");
  bits.bytes -= bytes;
  write(barrier, bits);
}

void mbarrier_wait(uint64_t* barrier, unsigned parity, const Site& site) {
  read(barrier);  // fails here, and not where another thread asks
  wait_until([=] { return std::bit_cast<Bits>(*barrier).phase != (parity & 1); }, site);
}

}  // namespace cuda_on_cpu
