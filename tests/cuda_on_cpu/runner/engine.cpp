#include "runner/engine.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "cuda_runtime.h"
#include "runner/block.h"
#include "runner/case_log.h"
#include "runner/device_memory.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_on_cpu {
namespace {

Statistics counters;
std::recursive_mutex one_launch_at_a_time;

Block& the_block() {
  static Block block;
  return block;
}

std::vector<Order>& chosen_orders() {
  static std::vector<Order> orders{Order::forward, Order::reverse, Order::random};
  return orders;
}

const char* name(Order order) {
  return order == Order::forward ? "forward" : order == Order::reverse ? "reverse" : "random";
}

void check_possible(const Grid& g) {
  const auto refuse = [](const std::string& why) { throw std::runtime_error("launch: " + why); };
  if (g.block.count() == 0 || g.grid.count() == 0) refuse("an empty grid or block");
  if (g.block.count() > 1024 || g.block.z > 64)
    refuse("a block of " + std::to_string(g.block.count()) + " threads");
  if (g.grid.x > 0x7fffffff || g.grid.y > 65535 || g.grid.z > 65535) refuse("too many blocks along an axis");
}

void run_grid(const Grid& g, Order order, const std::function<void()>& thread) {
  const uint64_t count = g.grid.count();
  std::vector<uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  if (order == Order::reverse) std::reverse(indices.begin(), indices.end());
  if (order == Order::random) std::shuffle(indices.begin(), indices.end(), std::mt19937(1));
  for (const uint32_t i : indices) {
    the_block().run(g, {i % g.grid.x, i / g.grid.x % g.grid.y, i / g.grid.x / g.grid.y}, order, thread);
  }
  ++counters.grids;
  counters.threads += count * g.block.count();
  if (const std::string where = stray_write(); !where.empty())
    throw std::runtime_error("kernel: out of bounds: a thread has written " + where);
}

}  // namespace

void run(const Grid& grid, const std::function<void()>& thread) {
  const std::lock_guard lock(one_launch_at_a_time);
  check_possible(grid);
  ++counters.launches;
  counters.largest_grid = std::max(counters.largest_grid, static_cast<size_t>(grid.grid.count()));
  const auto& all = chosen_orders();
  log_case(grid, all.size());
  if (all.size() == 1) return run_grid(grid, all[0], thread);
  const Snapshot before;
  std::optional<Snapshot> after;
  for (const Order order : all) {
    if (after) before.restore();
    run_grid(grid, order, thread);
    if (!after) {
      after.emplace();
    } else if (const std::string difference = after->difference(); !difference.empty()) {
      throw std::runtime_error(std::string("kernel: race: threads in ") + name(all[0]) + " and in " +
                               name(order) + " order leave different values in " + difference);
    }
  }
}

const std::vector<Order>& orders() { return chosen_orders(); }
void set_orders(std::vector<Order> orders) { chosen_orders() = std::move(orders); }
const Statistics& statistics() { return counters; }
void count_mma() { ++counters.mma; }
void count_wait() { ++counters.waits; }
void count_graph() { ++counters.graphs; }

int block_barrier(int value, const Site& site) { return the_block().barrier(value, site); }
void warp_meeting(unsigned mask, void* payload, Combine combine, const Site& site) {
  the_block().meeting(mask, payload, combine, site);
}
void* static_shared(const void* declaration, size_t bytes) {
  void* const array = the_block().shared().static_array(declaration, bytes);
  if (!array) fail("more than 48 KiB of static shared memory");
  return array;
}
void* dynamic_shared() { return the_block().shared().dynamic(); }
void async_copy(const AsyncCopy& copy) { the_block().async_copy(copy); }
void async_commit() { the_block().async_commit(); }
void async_wait(int pending) { the_block().async_wait(static_cast<size_t>(pending)); }
void wait_until(const std::function<bool()>& ready, const Site& site) { the_block().wait_until(ready, site); }
void later(std::function<void()> arrive) { the_block().later(std::move(arrive)); }
uint32_t shared_offset(const void* memory) { return the_block().shared().offset(memory); }
void* shared_at(uint32_t offset) { return the_block().shared().at(offset); }
WgmmaQueue& wgmma_queue() { return the_block().wgmma_queue(); }
void wgmma_issue(const WgmmaOperands& operands) { the_block().wgmma_issue(operands); }
bool& barriers_shown() { return the_block().barriers_shown(); }
int lane() { return the_block().lane(); }
void fail(const std::string& message) { throw std::runtime_error(message); }

}  // namespace cuda_on_cpu
