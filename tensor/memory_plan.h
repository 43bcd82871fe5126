// Memory for work that is done again and again on the same shapes, such as a step of an optimisation. The
// pool places block by block and cannot know what comes: it leaves holes that the largest maps of the
// backward pass then do not fit into. A plan watches one run and lays the next ones out by their blocks'
// lifetimes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace nst {

// A block's bytes, and the events between which it lives, both included. Events count up from 0.
struct Lifetime {
  size_t size = 0;
  int64_t first = 0, last = 0;
};

struct Layout {
  std::vector<size_t> offsets;  // one per block
  size_t extent = 0;            // bytes from the first block's begin to the last one's end
};

// Places the blocks so that none overlaps another that lives at the same time: the largest first, each in the
// smallest gap that fits it (greedy by size: Pisarchyk & Lee 2020, arXiv 2001.03288).
Layout lay_out(std::span<const Lifetime> blocks);

// The plan of one such piece of work on the CPU:
//   MemoryPlan plan;
//   for (;;) {
//     const MemoryPlan::Run run(plan);
//     ... the work, on this thread ...
//   }
// The first run is watched; the next ones' blocks, in the order in which they are asked for, get their places
// in one range of the pool. A block that is asked for out of turn, or outlives the run, or whose place is
// still taken gets ordinary memory, and a run that went another way is watched anew: results never depend on
// the plan.
class MemoryPlan {
 public:
  MemoryPlan();
  ~MemoryPlan();  // blocks in its range may outlive it; the last of them gives the range back
  MemoryPlan(const MemoryPlan&) = delete;
  MemoryPlan& operator=(const MemoryPlan&) = delete;

  class Run {
   public:
    explicit Run(MemoryPlan& plan);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

   private:
    class PlannedRange* previous_;
  };

  // Between runs, lets the system have the range's pages for other work; the next run takes them again.
  void rest();

  // Bytes of the range; 0 while there is none.
  size_t extent() const;

 private:
  std::unique_ptr<class PlannedRange> range_;
};

}  // namespace nst
