// Hopper's barriers in shared memory (PTX ISA, "mbarrier"): a phase is over when all arrivals have come and
// all announced bytes have been written. Only within a kernel.
#pragma once

#include <cstdint>

#include "runner/engine.h"

namespace cuda_on_cpu {

void mbarrier_init(uint64_t* barrier, unsigned count);
void mbarrier_arrive(uint64_t* barrier);
// More bytes are going to be written in this phase, or have been.
void mbarrier_expect(uint64_t* barrier, unsigned bytes);
void mbarrier_complete(uint64_t* barrier, unsigned bytes);
// Waits for the end of the current phase if it has this parity, else not at all.
void mbarrier_wait(uint64_t* barrier, unsigned parity, const Site& site);

}  // namespace cuda_on_cpu
