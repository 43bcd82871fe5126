#include "runner/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "cuda_runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace cuda_on_cpu {
namespace {

constexpr size_t kSharedBytes = 227 << 10;       // what a block can have on Hopper
constexpr size_t kStaticSharedBytes = 48 << 10;  // of them declared with a fixed size
constexpr size_t kArena = 1 << 20;               // room for red zones too
constexpr size_t kAlignment = 1024;

bool same(const Site& a, const Site& b) {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

std::string words(const Site& site) {
  const std::string_view file = site.file_name();
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), site.line());
}

std::string words(const Dim& d) { return fmt::format("({}, {}, {})", d.x, d.y, d.z); }

Dim position(uint64_t linear, const Dim& size) {
  return {static_cast<unsigned>(linear % size.x), static_cast<unsigned>(linear / size.x % size.y),
          static_cast<unsigned>(linear / size.x / size.y)};
}

}  // namespace

SharedMemory::SharedMemory() : memory_(static_cast<unsigned char*>(std::aligned_alloc(kAlignment, kArena))) {}
SharedMemory::~SharedMemory() {
  ASAN_UNPOISON_MEMORY_REGION(memory_, kArena);
  std::free(memory_);
}

void SharedMemory::begin_block(size_t dynamic_bytes) {
  if (dynamic_bytes > kSharedBytes) throw std::runtime_error("launch: too much dynamic shared memory");
  ASAN_POISON_MEMORY_REGION(memory_, kArena);
  used_ = static_bytes_ = 0;
  arrays_.clear();
  dynamic_ = take(dynamic_bytes);
}

void* SharedMemory::take(size_t bytes) {
  unsigned char* const taken = memory_ + used_;
  // At least a few bytes behind it stay poisoned; without AddressSanitizer they are NaN.
  size_t with_guard = (bytes + 2 * kAlignment - 1) / kAlignment * kAlignment;
  if (bytes % kAlignment == 0) with_guard += kAlignment;
  ASAN_UNPOISON_MEMORY_REGION(taken, with_guard);
  std::memset(taken, 0xff, with_guard);
  ASAN_POISON_MEMORY_REGION(taken + bytes, with_guard - bytes);
  used_ += with_guard;
  return taken;
}

void* SharedMemory::static_array(const void* declaration, size_t bytes) {
  if (const auto known = arrays_.find(declaration); known != arrays_.end()) return known->second;
  static_bytes_ += bytes;
  if (static_bytes_ > kStaticSharedBytes) return nullptr;
  return arrays_[declaration] = take(bytes);
}

uint32_t SharedMemory::offset(const void* memory) const {
  const auto offset = static_cast<const unsigned char*>(memory) - memory_;
  if (offset < 0 || offset >= static_cast<ptrdiff_t>(kArena)) fail("an address that is not in shared memory");
  return static_cast<uint32_t>(offset);
}

void Block::run(const Grid& grid, const Dim& index, Order order, const std::function<void()>& thread_body) {
  const int count = static_cast<int>(grid.block.count());
  grid_ = grid.grid;
  size_ = grid.block;
  index_ = index;
  body_ = &thread_body;
  threads_.resize(count);
  for (Thread& t : threads_) {
    t.state = State::fresh;
    t.copies.clear();
  }
  meetings_.assign((count + 31) / 32, {});
  products_.assign(meetings_.size(), {});
  arrivals_.clear();
  barriers_shown_ = true;
  order_.resize(count);
  waiting_ = barrier_sum_ = finished_ = 0;
  failed_ = false;
  shared_.begin_block(grid.dynamic_shared_bytes);
  random_.seed(index.x * 73856093u ^ index.y * 19349663u ^ index.z * 83492791u);
  gridDim = {grid_.x, grid_.y, grid_.z};
  blockDim = {size_.x, size_.y, size_.z};
  blockIdx = {index_.x, index_.y, index_.z};
  while (finished_ < count && !failed_) {
    arrange(order);
    bool progress = false;
    for (cursor_ = 0; cursor_ < order_.size() && !failed_; ++cursor_) {
      const int t = order_[cursor_];
      Thread& thread = threads_[t];
      if (!can_go_on(thread)) continue;
      if (thread.state == State::fresh) {
        thread.fiber = idle_fiber();
        thread.fiber->start(work_);
      }
      Fiber* const fiber = thread.fiber;
      progress = true;
      enter(t);
      fiber->resume();
    }
    if (!progress && !failed_ && !let_one_arrive(order)) {
      failed_ = true;
      failure_ = stuck();
    }
  }
  if (!failed_ && !arrivals_.empty()) {
    failed_ = true;
    failure_ = "missing wait: block " + words(index_) + " left before all its copies had arrived";
  }
  if (!failed_) return;
  idle_.clear();  // those that wait are abandoned and can be started anew
  for (const auto& fiber : fibers_) idle_.push_back(fiber.get());
  throw std::runtime_error("kernel: " + failure_);
}

void Block::arrange(Order order) {
  std::iota(order_.begin(), order_.end(), 0);
  if (order == Order::reverse) std::reverse(order_.begin(), order_.end());
  if (order == Order::random) std::shuffle(order_.begin(), order_.end(), random_);
}

bool Block::can_go_on(const Thread& thread) const {
  if (thread.state == State::at_condition) return (*thread.ready)();
  return thread.state == State::fresh || thread.state == State::ready;
}

// False when nothing is under way.
bool Block::let_one_arrive(Order order) {
  if (arrivals_.empty()) return false;
  const size_t last = arrivals_.size() - 1;
  const size_t which = order == Order::forward   ? 0
                       : order == Order::reverse ? last
                                                 : std::uniform_int_distribution<size_t>(0, last)(random_);
  const auto arrive = std::move(arrivals_[which]);
  arrivals_.erase(arrivals_.begin() + static_cast<ptrdiff_t>(which));
  try {
    arrive();
  } catch (const std::exception& e) {
    failed_ = true;
    failure_ = e.what();
  }
  return true;
}

Fiber* Block::idle_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>());
    return fibers_.back().get();
  }
  Fiber* const fiber = idle_.back();
  idle_.pop_back();
  return fiber;
}

void Block::enter(int thread) {
  current_ = thread;
  const Dim p = position(static_cast<uint64_t>(thread), size_);
  threadIdx = {p.x, p.y, p.z};
}

// A fiber goes from one fresh thread straight to the next, so that a kernel without barriers never switches.
void Block::work() {
  Fiber* const self = threads_[current_].fiber;
  for (;;) {
    try {
      (*body_)();
    } catch (const std::exception& e) {
      failed_ = true;
      failure_ = e.what();
      return;
    }
    Thread& thread = threads_[current_];
    async_wait(0);
    thread.state = State::done;
    ++finished_;
    const size_t next = cursor_ + 1;
    if (next >= order_.size() || threads_[order_[next]].state != State::fresh) break;
    cursor_ = next;
    enter(order_[next]);
    threads_[current_].fiber = self;
  }
  idle_.push_back(self);
}

void Block::park(State state, const Site& site) {
  Thread& thread = threads_[current_];
  thread.state = state;
  thread.site = site;
  const int me = current_;
  thread.fiber->step_aside();
  enter(me);
}

int Block::barrier(int value, const Site& site) {
  if (waiting_ == 0) {
    first_waiting_ = current_;
    barrier_sum_ = 0;
  } else if (const Site& first = threads_[first_waiting_].site; !same(first, site)) {
    fail("divergent barrier: " + name(current_) + " waits at " + words(site) + ", but " +
         name(first_waiting_) + " at " + words(first));
  }
  barrier_sum_ += value;
  if (++waiting_ < static_cast<int>(threads_.size())) {
    park(State::at_barrier, site);
    return barrier_result_;
  }
  waiting_ = 0;
  barrier_result_ = barrier_sum_;
  for (Thread& t : threads_) t.state = State::ready;
  park(State::ready, site);  // whose turn is next is the order's to say
  return barrier_result_;
}

void Block::meeting(unsigned mask, void* payload, Combine combine, const Site& site) {
  const int lane = current_ % 32;
  if (!(mask >> lane & 1)) {
    fail(name(current_) + " calls a warp function at " + words(site) + " whose mask leaves it out");
  }
  auto& open = meetings_[current_ / 32];
  Meeting* mine = nullptr;
  for (Meeting& m : open) {
    if (!(m.mask & mask)) continue;
    if (m.mask != mask || !same(m.site, site)) {
      fail("divergent warp: " + name(current_) + " is at " + words(site) +
           ", but another lane of its mask at " + words(m.site));
    }
    mine = &m;
  }
  if (!mine) mine = &open.emplace_back(Meeting{mask, 0, combine, site, {}});
  mine->arrived |= 1u << lane;
  mine->payloads[lane] = payload;
  if (mine->arrived != mask) return park(State::at_meeting, site);
  combine(mine->payloads, mask);
  open.erase(open.begin() + (mine - open.data()));
  const int first = current_ / 32 * 32;
  for (int l = 0; l < 32; ++l) {
    if (mask >> l & 1) threads_[first + l].state = State::ready;
  }
  park(State::ready, site);
}

void Block::async_copy(const AsyncCopy& copy) {
  auto& groups = threads_[current_].copies;
  if (groups.empty()) groups.emplace_back();
  groups.back().push_back(copy);
}

void Block::async_commit() {
  auto& groups = threads_[current_].copies;
  if (groups.empty()) groups.emplace_back();
  groups.emplace_back();
}

void Block::async_wait(size_t pending) {
  auto& groups = threads_[current_].copies;
  while (groups.size() > pending + 1) {
    for (const AsyncCopy& c : groups.front()) std::memcpy(c.to, c.data, c.bytes);
    groups.erase(groups.begin());
  }
}

void Block::wait_until(const std::function<bool()>& ready, const Site& site) {
  if (ready()) return;
  threads_[current_].ready = &ready;
  park(State::at_condition, site);
  threads_[current_].state = State::ready;
}

void Block::wgmma_issue(const WgmmaOperands& operands) {
  const int warp = current_ / 32, first = warp / 4 * 4;
  if (first + 4 > static_cast<int>(products_.size()))
    fail("wgmma: four warps, the first a multiple of four, call");
  const size_t index = products_[warp].issued().size();
  for (int w = first; w < first + 4; ++w) {
    const auto& others = products_[w].issued();
    if (index < others.size() && others[index] != std::pair(operands.a, operands.b)) {
      fail("wgmma: warps of a warpgroup with different descriptors");
    }
  }
  products_[warp].issue(operands, warp % 4);
}

std::string Block::name(int thread) const {
  return "thread " + words(position(static_cast<uint64_t>(thread), size_)) + " of block " + words(index_);
}

// Nobody can go on: who waits where, and for whom.
std::string Block::stuck() const {
  for (int t = 0; t < static_cast<int>(threads_.size()); ++t) {
    if (threads_[t].state != State::at_condition) continue;
    return "missing arrival: " + name(t) + " waits at " + words(threads_[t].site) +
           " for a phase that never ends";
  }
  int waits = -1, missing = -1;
  for (int t = 0; t < static_cast<int>(threads_.size()); ++t) {
    const State state = threads_[t].state;
    if (waits < 0 && state == State::at_meeting) waits = t;
  }
  if (waits >= 0) {
    for (const Meeting& m : meetings_[waits / 32]) {
      if (!(m.mask >> waits % 32 & 1)) continue;
      missing = waits / 32 * 32 + __builtin_ctz(m.mask & ~m.arrived);
    }
  } else {
    for (int t = 0; t < static_cast<int>(threads_.size()); ++t) {
      if (waits < 0 && threads_[t].state == State::at_barrier) waits = t;
      if (missing < 0 && threads_[t].state != State::at_barrier) missing = t;
    }
  }
  std::string text = "missing barrier: " + name(waits) + " waits at " + words(threads_[waits].site) + " for ";
  if (missing >= static_cast<int>(threads_.size())) return text + "a lane that the block does not have";
  const Thread& other = threads_[missing];
  return text + name(missing) +
         (other.state == State::done ? ", which has left the kernel"
                                     : ", which waits at " + words(other.site));
}

}  // namespace cuda_on_cpu
