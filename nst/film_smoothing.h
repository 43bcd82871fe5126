// Takes the flicker out of a painted film without optical flow: where the film itself stands still, so shall
// its painting.
//
// A network answers the smallest change of its input, such as a sensor's noise, with other strokes. So each
// painted picture y_t is blended, pixel by pixel, with the result o_{t-1} before it, the more the less the
// input x_t differs there from the input r_{t-1} that the result before stands for:
//   m_t = mean of (x_t - r_{t-1})^2   over a window around the pixel and the three channels
//   w_t = S exp(-m_t / tolerance^2)
//   o_t = (1 - w_t) y_t + w_t o_{t-1}
//   r_t = (1 - w_t) x_t + w_t r_{t-1}
// r is blended as o is. Compared with it, rather than with x_{t-1}, a slow movement adds up until it counts,
// so that nothing stays behind as a ghost.
#pragma once

#include "tensor/tensor.h"

namespace nst {

struct SmoothingOptions {
  double strength = 0.8;    // S: 0 changes nothing; at most 1, which never lets a still pixel change again
  double tolerance = 0.03;  // root mean square change, of 0..1, that is still mostly noise
  int radius = 4;           // the window's side is 2 radius + 1 pixels; cut at the picture's edges
};

// Keeps two pictures, however long the film.
class FilmSmoothing {
 public:
  // Throws std::invalid_argument for options beyond their ranges.
  explicit FilmSmoothing(const SmoothingOptions& options = {});

  // x_t and y_t, both (1, H, W, 3) float32 on the CPU, 0..1 -> o_t. The first picture, and one of another
  // size than the last, comes back as it is. Throws std::invalid_argument when the shapes differ.
  Tensor operator()(const Tensor& input, const Tensor& painted);

 private:
  SmoothingOptions options_;
  Tensor reference_, result_;  // r, o
};

}  // namespace nst
