#include "tensor/roofline.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "kernels/peak.h"
#include "tensor/dispatch.h"
#include "tensor/ops/elementwise.h"

namespace nst {
namespace {

double seconds_of(Device device, auto&& work) {
  synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronize(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The shortest of the runs that fit into `limit`, two at least, the first of which warms up: whatever else
// the machine does only ever adds.
double best_seconds(Device device, double limit, auto&& work) {
  double best = INFINITY;
  double total = seconds_of(device, work);
  do {
    const double seconds = seconds_of(device, work);
    best = std::min(best, seconds);
    total += seconds;
  } while (total < limit);
  return best;
}

double measure_flops(Device device, const RooflineEffort& effort) {
  double flops = 0;
  dispatch("peak", Tensor::empty({1}, DType::float32, device),
           [&]<class T>(const auto& context, std::type_identity<T>) {
             if constexpr (std::is_same_v<T, float>) {
               const auto work = kernels::peak_work(context);
               Tensor sums = Tensor::empty({work.sums}, DType::float32, device);
               // As many rounds as take long beside a launch.
               int64_t rounds = 16;
               double seconds = 0;
               do {
                 rounds *= 2;
                 const auto run = [&] {
                   kernels::peak_multiply_add<float>(context, rounds, sums.mutable_data<float>());
                 };
                 seconds = best_seconds(device, 0, run);
                 if (seconds >= effort.seconds / 10) seconds = best_seconds(device, effort.seconds, run);
               } while (seconds < effort.seconds / 10);
               flops = 2.0 * static_cast<double>(rounds * work.multiply_adds) / seconds;
             }
           });
  return flops;
}

double measure_bandwidth(Device device, const RooflineEffort& effort) {
  // Beyond any cache, unless the device is so slow that smaller arrays take all the time already.
  constexpr size_t kFirstBytes = size_t{1} << 20, kGrowth = 16;
  for (size_t bytes = std::min(effort.bytes, kFirstBytes);; bytes = std::min(effort.bytes, bytes * kGrowth)) {
    const Shape shape{static_cast<int64_t>(bytes / sizeof(float))};
    const Tensor x = Tensor::full(shape, 1, DType::float32, device);
    Tensor y = Tensor::full(shape, 2, DType::float32, device);
    const auto run = [&] { ops::axpy(1e-3, x, y); };
    double seconds = seconds_of(device, run);
    if (bytes < effort.bytes && seconds < effort.seconds) continue;
    seconds = std::min(seconds, best_seconds(device, effort.seconds, run));
    return 3.0 * static_cast<double>(x.bytes()) / seconds;
  }
}

}  // namespace

double Roofline::seconds(double work_flops, double bytes) const {
  return std::max(work_flops / flops, bytes / bandwidth);
}

Roofline measure_roofline(Device device, const RooflineEffort& effort) {
  return {measure_flops(device, effort), measure_bandwidth(device, effort)};
}

}  // namespace nst
