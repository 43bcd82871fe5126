// Runs the threads of a grid one after another on the calling thread, each as a fiber that steps aside where
// a kernel waits for others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <vector>

namespace cuda_on_cpu {

// In which order the blocks, and the threads between two barriers, take their turns.
enum class Order { forward, reverse, random };

struct Dim {
  unsigned x, y, z;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

struct Grid {
  Dim grid, block;
  size_t dynamic_shared_bytes;
  const void* kernel = nullptr;  // its function, for the log
};

// Runs `thread` once for every thread of every block, in every order of orders(), each time from the same
// contents of device memory. Throws std::runtime_error
// - when the launch is impossible on a GPU (too many threads, too much shared memory),
// - when a barrier is missed or divergent, naming the block, the threads and the source lines,
// - when a thread has written outside of device memory, close to a block,
// - when what is in device memory afterwards depends on the order: a race.
// Where the environment variable NST_CUDA_ON_CPU_LOG names a file, a line for each kernel and shape that was
// run is appended to it when the process ends; scripts/runner-cases adds them up.
void run(const Grid& grid, const std::function<void()>& thread);

// The orders that run() compares; all three unless set.
const std::vector<Order>& orders();
void set_orders(std::vector<Order> orders);

struct Statistics {
  uint64_t launches = 0;    // calls of run()
  uint64_t grids = 0;       // grids executed: launches times orders
  uint64_t threads = 0;     // threads executed
  uint64_t mma = 0;         // tensor-core instructions, per warp
  uint64_t waits = 0;       // how often the host asked to wait for the device
  uint64_t graphs = 0;      // launches of captured graphs
  size_t largest_grid = 0;  // blocks
};
// What the device says of itself: 8.0 unless set, so that no path that only Hopper has is taken.
void set_compute_capability(int major, int minor);

const Statistics& statistics();
void count_mma();
void count_wait();
void count_graph();

// --- what the device functions are made of; only within a kernel
// --------------------------------------------------

using Site = std::source_location;

// A barrier of the whole block. `value` of all threads is summed (what __syncthreads_count needs).
int block_barrier(int value, const Site& site);

// The lanes in `mask` meet at `site`; the last to come runs combine(payloads, mask) on what each brought, a
// null payload standing for a lane outside the mask; then all go on.
using Combine = void (*)(void* const (&payloads)[32], unsigned mask);
void warp_meeting(unsigned mask, void* payload, Combine combine, const Site& site);

// The block's static shared array that belongs to `declaration`; the same for all threads of the block.
void* static_shared(const void* declaration, size_t bytes);
void* dynamic_shared();

// Runs later(thread's own queue): see cp_async.
struct AsyncCopy {
  void* to;
  unsigned char data[16];
  int bytes;
};
void async_copy(const AsyncCopy& copy);
void async_commit();
void async_wait(int pending);

// Steps aside until `ready`, which is asked between the turns of other threads and must not throw.
void wait_until(const std::function<bool()>& ready, const Site& site);
// Calls arrive() when all threads wait for something: as late as it can be. In Order::reverse the latest
// comes first, in Order::random any.
void later(std::function<void()> arrive);

// Addresses in the block's shared memory, as instructions know them: from 0, where its dynamic part begins.
uint32_t shared_offset(const void* memory);
void* shared_at(uint32_t offset);

// The products of the calling warp; wgmma_issue() also asks that the warps of a warpgroup issue the same.
class WgmmaQueue;
struct WgmmaOperands;
WgmmaQueue& wgmma_queue();
void wgmma_issue(const WgmmaOperands& operands);
// Whether the block's barriers have been fenced since one was made.
bool& barriers_shown();

int lane();
// Stops the kernel and makes run() throw this message.
[[noreturn]] void fail(const std::string& message);

}  // namespace cuda_on_cpu
