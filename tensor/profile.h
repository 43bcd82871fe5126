// What the ops did: times, arithmetic and memory traffic, for `nst profile`. dispatch() reports every kernel
// call, Tensor every copy, every element array handed out and every allocation; while no profile records,
// each of these costs one look at a pointer.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/device.h"
#include "tensor/shape.h"

namespace nst {

class CudaTimeline;

struct OpEvent {
  std::string op;        // "conv2d_backward_input"
  std::string shape;     // of the tensor it was called for
  std::string region;    // "conv3_2"; empty outside of all
  Device device;         // where it ran, and whose clock tells its times
  double start = 0;      // seconds since the profile began
  double seconds = 0;    // with the ops it called
  double own = 0;        // seconds without them
  double flops = 0;      // arithmetic of the definition, multiplications and additions; 0 where nobody counts
  double bytes = 0;      // of the tensors it was given, each counted once, twice when updated in place
  double allocated = 0;  // of the tensors made for it
};

// One ProfileStep, on the host's clock.
struct StepEvent {
  int number = 0;
  double start = 0, seconds = 0;
};

// Records this thread's ops while it lives. One at a time: throws std::logic_error when another is recording.
//
// An op on the CPU is timed by the clock. One on a CUDA device is timed there, by an event before it and one
// behind it in the stream (tensor/cuda_timeline.cpp): the host queues them and goes on, as it does without a
// profile. Where it does not keep ahead, the time of an op includes the wait for its launch.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // In the order in which they began. Waits, once, for each CUDA device that took part.
  const std::vector<OpEvent>& events();
  const std::vector<StepEvent>& steps() const { return steps_; }
  // Seconds since the profile began.
  double elapsed() const;

 private:
  friend class OpScope;
  friend class ProfileStep;
  friend void count_allocation(size_t);
  friend void count_access(size_t);
  friend void count_flops(double);

  static constexpr size_t kNone = -1;
  struct Record {
    size_t parent = kNone;      // the index of the op that called it
    size_t begin = 0, end = 0;  // moments of the device's timeline
  };
  struct Timeline {
    std::unique_ptr<CudaTimeline> moments;
    double start = 0;  // seconds since the profile began at its first moment
  };
  Timeline& timeline(Device device);

  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::vector<OpEvent> events_;
  std::vector<Record> records_;  // of each event
  std::vector<StepEvent> steps_;
  std::map<int, Timeline> timelines_;  // by the index of the CUDA device
  std::vector<size_t> open_;           // indices of the events under way, the innermost last
  double allocated_ = 0;               // since the last event began
};

// One kernel call or copy. NVIDIA's profilers see it as a range (tensor/nvtx_ranges.h).
class OpScope {
 public:
  OpScope(std::string_view op, const Shape& shape, Device device) {
    if (recording()) begin(op, shape, device);
  }
  ~OpScope() {
    if (profile_) end();
  }
  OpScope(const OpScope&) = delete;
  OpScope& operator=(const OpScope&) = delete;

  static bool recording();

 private:
  void begin(std::string_view op, const Shape& shape, Device device);
  void end() noexcept;
  Profile* profile_ = nullptr;
  size_t index_ = 0;
};

// Adds to the innermost op under way; nothing happens outside of one, or without a profile.
void count_flops(double flops);
void count_access(size_t bytes);
// Adds to the next op that begins: outputs are made just before.
void count_allocation(size_t bytes);

// Names what this thread computes while it lives, a layer of a network as a rule. autograd gives a node the
// name under which it was recorded, so that its backward runs under it too.
class ProfileRegion {
 public:
  explicit ProfileRegion(std::string name);
  ~ProfileRegion();
  ProfileRegion(const ProfileRegion&) = delete;
  ProfileRegion& operator=(const ProfileRegion&) = delete;

  static const std::string& current();

 private:
  std::string previous_;
};

// One iteration of an optimisation or a training: everything this thread does while it lives.
class ProfileStep {
 public:
  explicit ProfileStep(int number);
  ~ProfileStep();
  ProfileStep(const ProfileStep&) = delete;
  ProfileStep& operator=(const ProfileStep&) = delete;

 private:
  Profile* profile_ = nullptr;  // null: none is recording
  size_t index_ = 0;
};

}  // namespace nst
