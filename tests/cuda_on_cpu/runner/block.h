// One block of a grid while it runs: its threads, its barriers, its shared memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runner/engine.h"
#include "runner/fiber.h"
#include "runner/wgmma.h"

namespace cuda_on_cpu {

class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  // Forgets everything; what is taken afterwards is NaN.
  void begin_block(size_t dynamic_bytes);
  void* static_array(const void* declaration, size_t bytes);
  void* dynamic() const { return dynamic_; }
  uint32_t offset(const void* memory) const;
  void* at(uint32_t offset) const { return memory_ + offset; }

 private:
  void* take(size_t bytes);
  unsigned char* memory_ = nullptr;
  size_t used_ = 0, static_bytes_ = 0;
  void* dynamic_ = nullptr;
  std::map<const void*, void*> arrays_;
};

// Fibers and memory are kept from block to block.
class Block {
 public:
  // Runs one block; `thread_body` runs on fibers. Throws std::runtime_error with the first failure's words.
  void run(const Grid& grid, const Dim& index, Order order, const std::function<void()>& thread_body);

  int barrier(int value, const Site& site);
  void meeting(unsigned mask, void* payload, Combine combine, const Site& site);
  void async_copy(const AsyncCopy& copy);
  void async_commit();
  void async_wait(size_t pending);
  void wait_until(const std::function<bool()>& ready, const Site& site);
  void later(std::function<void()> arrive) { arrivals_.push_back(std::move(arrive)); }
  WgmmaQueue& wgmma_queue() { return products_[current_ / 32]; }
  void wgmma_issue(const WgmmaOperands& operands);
  bool& barriers_shown() { return barriers_shown_; }
  int lane() const { return current_ % 32; }
  SharedMemory& shared() { return shared_; }

 private:
  enum class State { fresh, ready, at_barrier, at_meeting, at_condition, done };
  struct Thread {
    State state = State::fresh;
    Fiber* fiber = nullptr;
    Site site;
    const std::function<bool()>* ready = nullptr;  // at_condition: what it waits for
    std::vector<std::vector<AsyncCopy>> copies;    // committed groups, then the open one
  };
  struct Meeting {
    unsigned mask, arrived;
    Combine combine;
    Site site;
    void* payloads[32];
  };

  void work();  // what a fiber does: one fresh thread after another
  void enter(int thread);
  void park(State state, const Site& site);
  void arrange(Order order);
  bool can_go_on(const Thread& thread) const;
  bool let_one_arrive(Order order);
  Fiber* idle_fiber();
  std::string name(int thread) const;
  std::string stuck() const;

  Dim grid_{}, size_{}, index_{};
  const std::function<void()>* body_ = nullptr;
  std::function<void()> work_ = [this] { work(); };
  std::vector<Thread> threads_;
  std::vector<int> order_;
  std::vector<std::vector<Meeting>> meetings_;   // of each warp
  std::vector<WgmmaQueue> products_;             // of each warp
  std::vector<std::function<void()>> arrivals_;  // copies under way, in the order they were started
  bool barriers_shown_ = true;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  SharedMemory shared_;
  std::mt19937 random_;
  int current_ = 0;
  size_t cursor_ = 0;  // position in order_ of the thread whose turn it is
  int waiting_ = 0, barrier_sum_ = 0, barrier_result_ = 0, finished_ = 0;
  int first_waiting_ = 0;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace cuda_on_cpu
