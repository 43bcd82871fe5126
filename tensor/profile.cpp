#include "tensor/profile.h"

#include <stdexcept>
#include <utility>
namespace nst {
namespace {

thread_local Profile* active = nullptr;
thread_local std::string region;

}  // namespace

Profile::Profile() {
  if (active) throw std::logic_error("profile: another one is recording");
  active = this;
}

Profile::~Profile() { active = nullptr; }

double Profile::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

bool OpScope::recording() { return active != nullptr; }

void OpScope::begin(std::string_view op, const Shape& shape, Device device) {
  device_ = device;
  synchronize(device);
  profile_ = active;
  index_ = profile_->events_.size();
  profile_->events_.push_back({.op = std::string(op),
                               .shape = shape.to_string(),
                               .region = region,
                               .device = device,
                               .start = profile_->elapsed(),
                               .allocated = std::exchange(profile_->allocated_, 0)});
  profile_->open_.push_back(index_);
}

void OpScope::end() {
  synchronize(device_);
  OpEvent& event = profile_->events_[index_];
  event.seconds = profile_->elapsed() - event.start;
  event.own += event.seconds;
  profile_->open_.pop_back();
  if (!profile_->open_.empty()) profile_->events_[profile_->open_.back()].own -= event.seconds;
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

}  // namespace nst
