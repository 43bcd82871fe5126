// Which of its styles a network with several paints in.
#pragma once

#include <cstdint>
#include <vector>

namespace nst::nn {

struct StyleShare {
  int64_t style;
  double weight = 1;
};

// {{3}} is style 3 alone, {{0, 0.7}, {2, 0.3}} a blend. Weights are taken as they are: a blend's should sum
// to 1.
using StyleMix = std::vector<StyleShare>;

}  // namespace nst::nn
