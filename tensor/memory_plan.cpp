#include "tensor/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "tensor/cpu_allocator.h"
#include "tensor/planned_range.h"

namespace nst {

Layout lay_out(std::span<const Lifetime> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return blocks[a].size > blocks[b].size; });
  Layout layout{.offsets = std::vector<size_t>(blocks.size()), .extent = 0};
  std::vector<size_t> placed;  // by offset
  for (const size_t block : order) {
    const Lifetime& life = blocks[block];
    size_t end = 0, best = 0, best_gap = std::numeric_limits<size_t>::max();
    for (const size_t other : placed) {
      if (blocks[other].last < life.first || life.last < blocks[other].first) continue;
      const size_t offset = layout.offsets[other];
      if (offset >= end + life.size && offset - end < best_gap) {
        best = end;
        best_gap = offset - end;
      }
      end = std::max(end, offset + blocks[other].size);
    }
    layout.offsets[block] = best_gap == std::numeric_limits<size_t>::max() ? end : best;
    layout.extent = std::max(layout.extent, layout.offsets[block] + life.size);
    const auto behind = [&](size_t a, size_t b) { return layout.offsets[a] < layout.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), block, behind), block);
  }
  return layout;
}

PlannedRange*& PlannedRange::current() {
  thread_local PlannedRange* range = nullptr;
  return range;
}

void PlannedRange::begin_run() {
  seen_.clear();
  open_.clear();
  clock_ = 0;
  next_ = 0;
  following_ = base && !stale;
}

void PlannedRange::end_run() {
  for (const auto& [block, index] : open_) seen_[index].last = -1;  // outlives the run
  open_.clear();
  if (following_ && next_ == sizes_.size()) return;
  sizes_.clear();
  std::vector<Lifetime> planned;
  for (const Lifetime& life : seen_) {
    sizes_.push_back(life.size);
    if (life.last >= 0) planned.push_back(life);
  }
  const Layout layout = lay_out(planned);
  layout_ = {.offsets = {}, .extent = layout.extent};
  auto offset = layout.offsets.begin();
  for (const Lifetime& life : seen_) layout_.offsets.push_back(life.last >= 0 ? *offset++ : kElsewhere);
  stale = true;
}

std::optional<size_t> PlannedRange::take(size_t size) {
  if (!following_) return {};
  following_ = next_ < sizes_.size() && sizes_[next_] == size;
  if (!following_) return {};
  const size_t offset = layout_.offsets[next_++];
  if (offset == kElsewhere) return {};
  const auto after = live_.lower_bound(offset);
  if (after != live_.end() && after->first < offset + size) return {};
  if (after != live_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second > offset) return {};
  }
  live_.emplace_hint(after, offset, size);
  return offset;
}

void PlannedRange::note_taken(const void* block, size_t size) {
  open_[block] = seen_.size();
  seen_.push_back({size, clock_++, 0});
}

void PlannedRange::note_given_back(const void* block) {
  const auto found = open_.find(block);
  if (found == open_.end()) return;
  seen_[found->second].last = clock_++;
  open_.erase(found);
}

size_t PlannedRange::give_back(size_t offset) {
  const auto place = live_.find(offset);
  const size_t size = place->second;
  live_.erase(place);
  return size;
}

std::vector<std::pair<size_t, size_t>> PlannedRange::holes() const {
  std::vector<std::pair<size_t, size_t>> holes;
  size_t end = 0;
  for (const auto& [offset, size] : live_) {
    if (offset > end) holes.emplace_back(end, offset - end);
    end = offset + size;
  }
  if (bytes > end) holes.emplace_back(end, bytes - end);
  return holes;
}

MemoryPlan::MemoryPlan() : range_(std::make_unique<PlannedRange>()) {}
MemoryPlan::~MemoryPlan() { cpu_allocator().retire(std::move(range_)); }

void MemoryPlan::rest() { cpu_allocator().rest(*range_); }
size_t MemoryPlan::extent() const { return range_->bytes; }

MemoryPlan::Run::Run(MemoryPlan& plan) : previous_(PlannedRange::current()) {
  cpu_allocator().begin_run(*plan.range_);
  PlannedRange::current() = plan.range_.get();
}

MemoryPlan::Run::~Run() {
  cpu_allocator().end_run(*PlannedRange::current());
  PlannedRange::current() = previous_;
}

}  // namespace nst
