// What the CPU's pool does for a MemoryPlan. All of it is called under the pool's lock.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tensor/memory_plan.h"

namespace nst {

class PlannedRange {
 public:
  // The range of this thread's run, or null.
  static PlannedRange*& current();

  void begin_run();
  // Makes the layout of a run that did not follow one.
  void end_run();

  // The place, from the range's begin, of the run's next block; nothing where it is not to lie in the range.
  std::optional<size_t> take(size_t size);
  // Of every block of the run, wherever it lies.
  void note_taken(const void* block, size_t size);
  void note_given_back(const void* block);
  // Frees a place; returns its size.
  size_t give_back(size_t offset);

  // What of the range is free: offsets and sizes.
  std::vector<std::pair<size_t, size_t>> holes() const;

  bool following() const { return following_; }
  size_t extent() const { return layout_.extent; }
  bool empty() const { return live_.empty(); }

  char* base = nullptr;  // of the range; null while there is none
  size_t bytes = 0;      // of the range
  bool stale = false;    // the layout is another than the one that the range was taken for

 private:
  static constexpr size_t kElsewhere = std::numeric_limits<size_t>::max();

  // This run, as it was seen.
  std::vector<Lifetime> seen_;
  std::unordered_map<const void*, size_t> open_;  // blocks that live: their places in seen_
  int64_t clock_ = 0;
  // What it follows.
  std::vector<size_t> sizes_;
  Layout layout_;  // kElsewhere for blocks that outlive their run
  size_t next_ = 0;
  bool following_ = false;
  std::map<size_t, size_t> live_;  // offset -> size of the places that are taken
};

}  // namespace nst
