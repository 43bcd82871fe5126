// The bench's results as a Markdown table and as JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/kernels/measure.h"
#include "tensor/roofline.h"

namespace nst::bench {

std::string_view math_name(MathMode math);

// A run of the bench.
struct Report {
  std::string device;  // "NVIDIA H100 80GB HBM3"
  std::map<MathMode, Roofline> roofs;
  int rounds = 0;
  std::vector<Result> results = {};

  // The share of the time that the device's limits alone would take; 1 is perfect. Winograd's fewer
  // multiplications can pass it, for the work is the definition's.
  double roof_share(const Result& result) const;
  // The time of the fastest way of NVIDIA's libraries over this one's; 0 where there is none.
  double library_share(const Result& result) const;
};

std::string to_markdown(const Report& report);
std::string to_json(const Report& report);

}  // namespace nst::bench
