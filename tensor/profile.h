// What the ops did: times, arithmetic and memory traffic, for `nst profile`. dispatch() reports every kernel
// call, Tensor every element array handed out and every allocation; while no profile records, each of these
// costs one look at a pointer.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/device.h"
#include "tensor/shape.h"

namespace nst {

struct OpEvent {
  std::string op;        // "conv2d_backward_input"
  std::string shape;     // of the tensor it was called for
  std::string region;    // "conv3_2"; empty outside of all
  Device device;         // where it ran
  double start = 0;      // seconds since the profile began
  double seconds = 0;    // with the ops it called
  double own = 0;        // seconds without them
  double flops = 0;      // arithmetic of the definition, multiplications and additions; 0 where nobody counts
  double bytes = 0;      // of the tensors it was given, each counted once, twice when updated in place
  double allocated = 0;  // of the tensors made for it
};

// Records this thread's ops while it lives. One at a time: throws std::logic_error when another is recording.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // In the order in which they began.
  const std::vector<OpEvent>& events() const { return events_; }
  // Seconds since the profile began.
  double elapsed() const;

 private:
  friend class OpScope;
  friend void count_allocation(size_t);
  friend void count_access(size_t);
  friend void count_flops(double);
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::vector<OpEvent> events_;
  std::vector<size_t> open_;  // indices of the events under way, the innermost last
  double allocated_ = 0;      // since the last event began
};

// One kernel call. On a CUDA device it waits for the stream at both ends, so that the time is the kernel's;
// steps under a profile therefore lose the overlap of host and device.
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
  void end();
  Profile* profile_ = nullptr;
  size_t index_ = 0;
  Device device_;
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

}  // namespace nst
