// The transforms of Winograd's F(4x4, 3x3) (Lavin & Gray 2016, section 4.1; interpolation points 0, 1, -1,
// 2, -2 and infinity). A 4x4 tile of the output of a 3x3 filter g over a 6x6 patch d is
//   y = A^T [ (G g G^T) . (B^T d B) ] A            . the element-wise product
// with 36 multiplications instead of 144, where
//         | 4  0 -5  0  1  0 |        |  1/4    0     0  |
//         | 0 -4 -4  1  1  0 |        | -1/6  -1/6  -1/6 |          | 1  1  1  1  1  0 |
//   B^T = | 0  4 -4 -1  1  0 |    G = | -1/6   1/6  -1/6 |    A^T = | 0  1 -1  2 -2  0 |
//         | 0 -2 -1  2  1  0 |        | 1/24  1/12   1/6 |          | 0  1  1  4  4  0 |
//         | 0  2 -1 -2  1  0 |        | 1/24 -1/12   1/6 |          | 0  1 -1  8 -8  1 |
//         | 0  4  0 -5  0  1 |        |   0     0     1  |
// The expression is linear in g, so its gradient is made of the transposes:
//   grad_g = G^T [ (A grad_y A^T) . (B^T d B) ] G
// V below is a number or a line of channels.
#pragma once

#include "kernels/context.h"

namespace nst::kernels::winograd {

inline constexpr int kTile = 4;   // outputs along one side of a tile
inline constexpr int kPatch = 6;  // inputs along one side of a tile
inline constexpr int kFilter = 3;
inline constexpr int kPlanes = kPatch * kPatch;  // element-wise products: a matrix product each over channels

// Each of these multiplies one column by a matrix.
struct BT {
  template <class V>
  [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&d)[kPatch], V (&t)[kPatch]) const {
    const V even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    const V even2 = d[4] - d[2], odd2 = d[3] - d[1];
    t[0] = 4 * d[0] - 5 * d[2] + d[4];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even2 + 2 * odd2;
    t[4] = even2 - 2 * odd2;
    t[5] = 4 * d[1] - 5 * d[3] + d[5];
  }
};

struct AT {
  template <class V>
  [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&m)[kPatch], V (&y)[kTile]) const {
    const V sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    const V sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + 2 * difference2;
    y[2] = sum1 + 4 * sum2;
    y[3] = difference1 + 8 * difference2 + m[5];
  }
};

struct A {
  template <class V>
  [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&y)[kTile], V (&m)[kPatch]) const {
    const V even = y[0] + y[2], odd = y[1] + y[3];
    const V even2 = y[0] + 4 * y[2], odd2 = y[1] + 4 * y[3];
    m[0] = y[0];
    m[1] = even + odd;
    m[2] = even - odd;
    m[3] = even2 + 2 * odd2;
    m[4] = even2 - 2 * odd2;
    m[5] = y[3];
  }
};

struct G {
  template <class V>
  [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&g)[kFilter], V (&u)[kPatch]) const {
    const V outer = g[0] + g[2], outer4 = g[0] + 4 * g[2];
    u[0] = 0.25 * g[0];
    u[1] = (-1. / 6) * (outer + g[1]);
    u[2] = (-1. / 6) * (outer - g[1]);
    u[3] = (1. / 24) * (outer4 + 2 * g[1]);
    u[4] = (1. / 24) * (outer4 - 2 * g[1]);
    u[5] = g[2];
  }
};

struct GT {
  template <class V>
  [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&u)[kPatch], V (&g)[kFilter]) const {
    const V sum1 = (-1. / 6) * (u[1] + u[2]), sum2 = (1. / 24) * (u[3] + u[4]);
    g[0] = 0.25 * u[0] + sum1 + sum2;
    g[1] = (1. / 6) * (u[2] - u[1]) + (1. / 12) * (u[3] - u[4]);
    g[2] = sum1 + 4 * sum2 + u[5];
  }
};

// F(4x4, 3x3) as one name, for kernels that know both.
struct F4x4 {
  static constexpr int kTile = winograd::kTile, kPatch = winograd::kPatch;
  using BT = winograd::BT;
  using AT = winograd::AT;
  using G = winograd::G;
};

// F(2x2, 3x3), section 4.1 again: points 0, 1, -1 and infinity, 16 multiplications instead of 36. Its
// matrices hold nothing but 0, 1 and 1/2, so that it is as exact as the sum it replaces; F(4x4)'s 4s and 8s
// cost a decimal.
//         | 1  0 -1  0 |        |  1    0    0  |
//   B^T = | 0  1  1  0 |    G = | 1/2  1/2  1/2 |    A^T = | 1  1  1  0 |
//         | 0 -1  1  0 |        | 1/2 -1/2  1/2 |          | 0  1 -1 -1 |
//         | 0  1  0 -1 |        |  0    0    1  |
struct F2x2 {
  static constexpr int kTile = 2, kPatch = 4;
  struct BT {
    template <class V>
    [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&d)[4], V (&t)[4]) const {
      t[0] = d[0] - d[2];
      t[1] = d[1] + d[2];
      t[2] = d[2] - d[1];
      t[3] = d[1] - d[3];
    }
  };
  struct AT {
    template <class V>
    [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&m)[4], V (&y)[2]) const {
      y[0] = m[0] + m[1] + m[2];
      y[1] = m[1] - m[2] - m[3];
    }
  };
  struct G {
    template <class V>
    [[gnu::always_inline]] NST_HOST_DEVICE void operator()(const V (&g)[3], V (&u)[4]) const {
      u[0] = g[0];
      u[1] = 0.5 * (g[0] + g[1] + g[2]);
      u[2] = 0.5 * (g[0] - g[1] + g[2]);
      u[3] = g[2];
    }
  };
};

// M d M^T for the In x In matrix d = read(i, j), written through write(i, j, value) for i, j < Out. Both
// are called in place of loads and stores, so that nothing but the half-way matrix is kept.
template <class M, int In, int Out, class V, class Read, class Write>
[[gnu::always_inline]] inline void transform(Read read, Write write) {
  V half[Out][In];
  for (int j = 0; j < In; ++j) {
    V column[In], result[Out];
    for (int i = 0; i < In; ++i) column[i] = read(i, j);
    M()(column, result);
    for (int i = 0; i < Out; ++i) half[i][j] = result[i];
  }
  for (int i = 0; i < Out; ++i) {
    V result[Out];
    M()(half[i], result);
    for (int j = 0; j < Out; ++j) write(i, j, result[j]);
  }
}

}  // namespace nst::kernels::winograd
