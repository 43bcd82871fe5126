// Matrix products on one thread, through Eigen. Callers spread tiles over threads themselves: Eigen's own
// threading scales badly on the wide, flat matrices of convolutions.
#pragma once

#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Core>
#include <cstdint>

namespace nst::kernels {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// A row-major matrix in somebody else's memory, rows `stride` elements apart.
template <class T>
using MatrixMap = Eigen::Map<RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using ConstMatrixMap = Eigen::Map<const RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
ConstMatrixMap<T> matrix(const T* data, int64_t rows, int64_t cols, int64_t stride) {
  return {data, rows, cols, Eigen::OuterStride<>(stride)};
}
template <class T>
MatrixMap<T> matrix(T* data, int64_t rows, int64_t cols, int64_t stride) {
  return {data, rows, cols, Eigen::OuterStride<>(stride)};
}

}  // namespace nst::kernels
