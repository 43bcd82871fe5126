#include "tensor/profile.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "tensor/cuda_backend.h"
#include "tensor/nvtx_ranges.h"

namespace nst {
namespace {

thread_local Profile* active = nullptr;
thread_local std::string region;

bool is_cuda(Device device) { return device.type == DeviceType::cuda; }

}  // namespace

Profile::Profile() {
  if (active) throw std::logic_error("profile: another one is recording");
  active = this;
}

Profile::~Profile() { active = nullptr; }

double Profile::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

// Made when the device is first used: it has nothing to do then, so that both clocks meet.
Profile::Timeline& Profile::timeline(Device device) {
  Timeline& timeline = timelines_[device.index];
  if (!timeline.moments) {
    timeline.moments = cuda_timeline(device);
    timeline.start = elapsed();
  }
  return timeline;
}

const std::vector<OpEvent>& Profile::events() {
  for (const auto& [index, timeline] : timelines_) {
    const std::vector<double>& times = timeline.moments->read();
    for (size_t i = 0; i < events_.size(); ++i) {
      OpEvent& event = events_[i];
      if (event.device != Device{DeviceType::cuda, index}) continue;
      event.start = timeline.start + times[records_[i].begin];
      event.seconds = times[records_[i].end] - times[records_[i].begin];
    }
  }
  for (OpEvent& event : events_) event.own = event.seconds;
  for (size_t i = 0; i < events_.size(); ++i) {
    const size_t parent = records_[i].parent;
    if (parent != kNone && events_[parent].device == events_[i].device)
      events_[parent].own -= events_[i].seconds;
  }
  return events_;
}

bool OpScope::recording() { return active != nullptr; }

void OpScope::begin(std::string_view op, const Shape& shape, Device device) {
  Profile& profile = *active;
  Profile::Record record{.parent = profile.open_.empty() ? Profile::kNone : profile.open_.back()};
  if (is_cuda(device)) record.begin = record.end = profile.timeline(device).moments->mark();
  index_ = profile.events_.size();
  profile.events_.push_back({.op = std::string(op),
                             .shape = shape.to_string(),
                             .region = region,
                             .device = device,
                             .start = profile.elapsed(),
                             .allocated = std::exchange(profile.allocated_, 0)});
  profile.records_.push_back(record);
  profile.open_.push_back(index_);
  push_range(region.empty() ? std::string(op) : fmt::format("{} {}", op, region));
  profile_ = &profile;
}

void OpScope::end() noexcept {
  pop_range();
  OpEvent& event = profile_->events_[index_];
  if (!is_cuda(event.device)) {
    event.seconds = profile_->elapsed() - event.start;
  } else {
    try {
      profile_->records_[index_].end = profile_->timeline(event.device).moments->mark();
    } catch (const std::exception&) {
      // The device has failed, and whatever is next asked of it says so; the op ends where it began.
    }
  }
  profile_->open_.pop_back();
}

void count_flops(double flops) {
  if (active && !active->open_.empty()) active->events_[active->open_.back()].flops += flops;
}

void count_access(size_t bytes) {
  if (active && !active->open_.empty()) {
    active->events_[active->open_.back()].bytes += static_cast<double>(bytes);
  }
}

void count_allocation(size_t bytes) {
  if (active) active->allocated_ += static_cast<double>(bytes);
}

ProfileRegion::ProfileRegion(std::string name) : previous_(std::exchange(region, std::move(name))) {}
ProfileRegion::~ProfileRegion() { region = std::move(previous_); }
const std::string& ProfileRegion::current() { return region; }

ProfileStep::ProfileStep(int number) : profile_(active) {
  if (!profile_) return;
  index_ = profile_->steps_.size();
  profile_->steps_.push_back({.number = number, .start = profile_->elapsed()});
  push_range(fmt::format("step {}", number));
}

ProfileStep::~ProfileStep() {
  if (!profile_) return;
  pop_range();
  StepEvent& step = profile_->steps_[index_];
  step.seconds = profile_->elapsed() - step.start;
}

}  // namespace nst
