// The products are cuBLAS'. It reads matrices column by column, so that features (pixels, C) are to it a
// matrix F of C rows and as many columns as pixels, and G = F F^T. What cuBLAS may round the operands to
// follows the context's math mode.
// Rung: study/gram/05_split_pixels.cuh, whose parts cuBLAS multiplies.
#include "kernels/gram.h"

#include <algorithm>

#include "kernels/cuda/features.cuh"

namespace nst::kernels {
namespace {

// cuBLAS' names for both types.
cublasStatus_t syrk(cublasHandle_t blas, int n, int k, const float* alpha, const float* a, const float* beta,
                    float* c) {
  return cuda::cublas().cublasSsyrk(blas, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, n, k, alpha, a, n, beta, c, n);
}
cublasStatus_t syrk(cublasHandle_t blas, int n, int k, const double* alpha, const double* a,
                    const double* beta, double* c) {
  return cuda::cublas().cublasDsyrk(blas, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, n, k, alpha, a, n, beta, c, n);
}
// A matrix of cuBLAS', or as many as there are parts, a stride apart.
template <class T>
struct Operand {
  T* data;
  int64_t ld, stride = 0;
};
// c (m x n) = a b^T, a (m x k) and b (n x k) being parts of matrices of ld rows; `batch` times.
cublasStatus_t batched_gemm(cublasHandle_t blas, int m, int n, int k, Operand<const float> a,
                            Operand<const float> b, Operand<float> c, int batch) {
  const float one = 1, zero = 0;
  return cuda::cublas().cublasSgemmStridedBatched(
      blas, CUBLAS_OP_N, CUBLAS_OP_T, m, n, k, &one, a.data, static_cast<int>(a.ld), a.stride, b.data,
      static_cast<int>(b.ld), b.stride, &zero, c.data, static_cast<int>(c.ld), c.stride, batch);
}
cublasStatus_t batched_gemm(cublasHandle_t blas, int m, int n, int k, Operand<const double> a,
                            Operand<const double> b, Operand<double> c, int batch) {
  const double one = 1, zero = 0;
  return cuda::cublas().cublasDgemmStridedBatched(
      blas, CUBLAS_OP_N, CUBLAS_OP_T, m, n, k, &one, a.data, static_cast<int>(a.ld), a.stride, b.data,
      static_cast<int>(b.ld), b.stride, &zero, c.data, static_cast<int>(c.ld), c.stride, batch);
}
// c (m x n) = alpha op(a) b + beta c, a being (m x k) or, transposed, (k x m); all of them whole matrices.
cublasStatus_t gemm(cublasHandle_t blas, cublasOperation_t op, int m, int n, int k, float alpha,
                    const float* a, const float* b, float beta, float* c) {
  return cuda::cublas().cublasSgemm(blas, op, CUBLAS_OP_N, m, n, k, &alpha, a, op == CUBLAS_OP_N ? m : k, b,
                                    k, &beta, c, m);
}
cublasStatus_t gemm(cublasHandle_t blas, cublasOperation_t op, int m, int n, int k, double alpha,
                    const double* a, const double* b, double beta, double* c) {
  return cuda::cublas().cublasDgemm(blas, op, CUBLAS_OP_N, m, n, k, &alpha, a, op == CUBLAS_OP_N ? m : k, b,
                                    k, &beta, c, m);
}

// How the product is cut up. It is long and thin (at 512 px, VGG's relu1_1 gives 64 rows by 262144 columns),
// and a library that gives each block of the result to one multiprocessor would leave most of them idle. So
// the pixels are cut into parts whose Gram matrices are summed afterwards, in order. The shape alone decides.
struct GramPlan {
  // A multiple of the tiles that cuBLAS works in. Of the square of panels, only those on and above the
  // diagonal are computed.
  static constexpr int64_t kPanel = 128;

  explicit GramPlan(const GramShape& s) : GramPlan(s.pixels, panels(s.c) * (panels(s.c) + 1) / 2) {}
  explicit GramPlan(const CrossGramShape& s) : GramPlan(s.pixels, panels(s.rows) * panels(s.columns)) {}

  int64_t parts, part_pixels;

 private:
  GramPlan(int64_t pixels, int64_t blocks) {
    constexpr int64_t kFewestPixels = 512, kBlocks = 256;
    parts = std::clamp<int64_t>(pixels / kFewestPixels, 1,
                                std::max<int64_t>(1, kBlocks / std::max<int64_t>(blocks, 1)));
    part_pixels = pixels / parts;
  }
  static int64_t panels(int64_t channels) { return (channels + kPanel - 1) / kPanel; }
};

// partials (parts + 1, C, C) = the Gram matrices, their rows up to the diagonal, of the parts of one image
// and of the few pixels left over.
template <class T>
void gram_of_parts(cublasHandle_t blas, const GramShape& s, const GramPlan& plan, const T* features,
                   T* partials) {
  const int c = static_cast<int>(s.c), k = static_cast<int>(plan.part_pixels);
  for (int64_t first = 0; first < s.c; first += GramPlan::kPanel) {
    // The rows from the panel's first one on, of the panel's columns (cuBLAS calls them the columns and the
    // rows).
    const int panel = static_cast<int>(std::min(GramPlan::kPanel, s.c - first)),
              below = static_cast<int>(s.c - first);
    const Operand<const T> f{features + first, s.c, plan.part_pixels * s.c};
    CUDA_CHECK(batched_gemm(blas, panel, below, k, f, f,
                            Operand<T>{partials + first * s.c + first, s.c, s.c * s.c},
                            static_cast<int>(plan.parts)));
  }
  const int64_t done = plan.parts * plan.part_pixels;
  const T one = 1, zero = 0;
  CUDA_CHECK(syrk(blas, c, static_cast<int>(s.pixels - done), &one, features + done * s.c, &zero,
                  partials + plan.parts * s.c * s.c));
}

constexpr int kTile = 32, kTileRows = 8;

// gram (N, C, C) = scale * (the sum of the image's `parts` partials + shift (u_i + u_j) + pixels shift^2),
// both halves from the partials' lower one (row >= column), u being the sums of the features, needed only
// with a shift. Block (tile, tile, image): reads one tile and writes it and its mirror image, both along
// rows. partials may be gram where there is one part: a tile is read by the block that writes it.
template <class T>
__global__ void __launch_bounds__(kTile* kTileRows)
    finish_gram_kernel(int c, int64_t parts, int64_t pixels, T shift, T scale, const T* partials,
                       const double* u, T* gram) {
  if (blockIdx.x > blockIdx.y) return;
  NST_SHARED(T, tile, [kTile][kTile + 1]);  // one more, so that a column lies in as many banks
  const int column = blockIdx.x * kTile + threadIdx.x, first_row = blockIdx.y * kTile;
  const int64_t size = int64_t{c} * c, image = blockIdx.z;
  for (int y = threadIdx.y; y < kTile; y += kTileRows) {
    const int row = first_row + y;
    if (row >= c || column > row) continue;
    const int64_t at = int64_t{row} * c + column;
    T value = 0;
    for (int64_t p = 0; p < parts; ++p) value += partials[(image * parts + p) * size + at];
    if (u) {
      const double of_both = u[image * c + row] + u[image * c + column];
      value = static_cast<T>(value + shift * (of_both + static_cast<double>(pixels) * shift));
    }
    value *= scale;
    tile[y][threadIdx.x] = value;
    gram[image * size + at] = value;
  }
  __syncthreads();
  const int mirrored_column = first_row + threadIdx.x;
  for (int y = threadIdx.y; y < kTile; y += kTileRows) {
    const int row = blockIdx.x * kTile + y;
    if (mirrored_column < c && row < mirrored_column) {
      gram[image * size + int64_t{row} * c + mirrored_column] = tile[threadIdx.x][y];
    }
  }
}

// sums (N, C) = over the pixels of x (N, pixels, C), times scale
template <class T, class U>
void column_sums_of(const CudaContext& context, const ChannelShape& s, T scale, const T* x,
                    cuda::Sums<1>* scratch, U* sums) {
  const int64_t c = s.c;
  cuda::pixel_sums(
      context, s, scratch,
      [=] __device__(int, int, int64_t offset) { return cuda::Sums<1>{{static_cast<double>(x[offset])}}; },
      [=] __device__(int image, int channel, const cuda::Sums<1>& sum) {
        sums[image * c + channel] = static_cast<U>(scale * sum.of[0]);
      });
}

}  // namespace

template <class T>
void gram_forward(const CudaContext& context, const GramShape& shape, T shift, T scale, const T* features,
                  T* gram) {
  const auto [n, pixels, c] = shape;
  if (n * c == 0) return;
  const GramPlan plan(shape);
  const int64_t size = c * c, partials = plan.parts > 1 ? plan.parts + 1 : 1;
  // Scratch holds u, what its sums want, then the partial Gram matrices; a single one is made in its place.
  const ChannelShape channels{n, pixels, c};
  const int64_t sums = shift == 0 ? 0 : n * c + cuda::pixel_sums_scratch<1>(channels);
  auto* const u = reinterpret_cast<double*>(context.scratch<unsigned char>(
      sums * sizeof(double) + (partials > 1 ? n * partials * size * sizeof(T) : 0)));
  T* const parts = partials > 1 ? reinterpret_cast<T*>(u + sums) : gram;
  if (shift != 0)
    column_sums_of(context, channels, T(1), features, reinterpret_cast<cuda::Sums<1>*>(u + n * c), u);
  for (int64_t image = 0; image < n; ++image) {
    const T* const f = features + image * pixels * c;
    T* const out = parts + image * partials * size;
    if (partials > 1) {
      gram_of_parts(context.cublas(), shape, plan, f, out);
    } else {
      const T one = 1, zero = 0;
      CUDA_CHECK(syrk(context.cublas(), static_cast<int>(c), static_cast<int>(pixels), &one, f, &zero, out));
    }
  }
  const unsigned tiles = cuda::blocks_for(c, kTile);
  cuda::launch(finish_gram_kernel<T>, dim3(tiles, tiles, static_cast<unsigned>(n)), dim3(kTile, kTileRows), 0,
               context.stream(), static_cast<int>(c), partials, pixels, shift, scale, parts,
               shift == 0 ? nullptr : u, gram);
}

template <class T>
void gram_backward(const CudaContext& context, const GramShape& shape, T shift, T scale, const T* features,
                   const T* grad_gram, bool add, T* grad_features) {
  const auto [n, pixels, c] = shape;
  if (n * pixels * c == 0) return;
  const int64_t size = c * c;
  const ChannelShape rows{n, c, c};
  auto* const sums = context.scratch<cuda::Sums<1>>(cuda::pixel_sums_scratch<1>(rows) + n * size + n * c);
  T* const symmetric = reinterpret_cast<T*>(sums + cuda::pixel_sums_scratch<1>(rows));
  cuda::map_nhwc(context, n, 1, c, c, symmetric, [=, c = c] __device__(const cuda::Position& at) {
    const T* const grad = grad_gram + at.image * size;
    return scale * (grad[at.column * c + at.channel] + grad[at.channel * c + at.column]);
  });
  if (shift != 0) {  // it adds the same row to every pixel's product
    T* const offset = symmetric + n * size;
    column_sums_of(context, rows, shift, symmetric, sums, offset);
    cuda::map_pixels(context, ChannelShape{n, pixels, c}, grad_features,
                     [=] __device__(int64_t at, int64_t of_channel) {
                       return offset[of_channel] + (add ? grad_features[at] : T(0));
                     });
  }
  const T beta = add || shift != 0 ? T(1) : T(0);
  for (int64_t image = 0; image < n; ++image) {
    const int64_t at = image * pixels * c;
    CUDA_CHECK(gemm(context.cublas(), CUBLAS_OP_N, static_cast<int>(c), static_cast<int>(pixels),
                    static_cast<int>(c), T(1), symmetric + image * size, features + at, beta,
                    grad_features + at));
  }
}

// The same cuts, all of the matrix.
template <class T>
void cross_gram_forward(const CudaContext& context, const CrossGramShape& shape, T shift, T scale, const T* a,
                        const T* b, T* gram) {
  const auto [n, pixels, rows, columns] = shape;
  if (n * rows * columns == 0) return;
  const GramPlan plan(shape);
  const int64_t size = rows * columns, done = plan.parts * plan.part_pixels,
                partials = plan.parts + (done < pixels ? 1 : 0);
  // Scratch holds the sums of both operands' channels, what their sums want, then the partial matrices.
  const ChannelShape of_a{n, pixels, rows}, of_b{n, pixels, columns};
  const bool shifted = shift != 0;
  const int64_t channel_sums = shifted ? n * (rows + columns) : 0,
                sums = channel_sums + (shifted ? std::max(cuda::pixel_sums_scratch<1>(of_a),
                                                          cuda::pixel_sums_scratch<1>(of_b))
                                               : 0);
  auto* const u = reinterpret_cast<double*>(
      context.scratch<unsigned char>(sums * sizeof(double) + n * partials * size * sizeof(T)));
  double* const v = u + n * rows;
  T* const parts = reinterpret_cast<T*>(u + sums);
  if (shifted) {
    auto* const working = reinterpret_cast<cuda::Sums<1>*>(u + channel_sums);
    column_sums_of(context, of_a, T(1), a, working, u);
    column_sums_of(context, of_b, T(1), b, working, v);
  }
  for (int64_t image = 0; image < n; ++image) {
    const T *const x = a + image * pixels * rows, *const y = b + image * pixels * columns;
    T* const out = parts + image * partials * size;
    const auto product = [&](int64_t first, int64_t count, int64_t part, int64_t batch) {
      CUDA_CHECK(batched_gemm(context.cublas(), static_cast<int>(columns), static_cast<int>(rows),
                              static_cast<int>(count),
                              Operand<const T>{y + first * columns, columns, count * columns},
                              Operand<const T>{x + first * rows, rows, count * rows},
                              Operand<T>{out + part * size, columns, size}, static_cast<int>(batch)));
    };
    product(0, plan.part_pixels, 0, plan.parts);
    if (done < pixels) product(done, pixels - done, plan.parts, 1);  // the few pixels left over
  }
  cuda::map_nhwc(context, n, 1, rows, columns, gram,
                 [=, rows = rows, columns = columns, pixels = pixels] __device__(const cuda::Position& at) {
                   const int64_t i = at.column, j = at.channel;
                   T value = 0;
                   for (int64_t p = 0; p < partials; ++p)
                     value += parts[(at.image * partials + p) * size + i * columns + j];
                   if (shifted) {
                     const double of_both = u[at.image * rows + i] + v[at.image * columns + j];
                     value = static_cast<T>(value + shift * (of_both + static_cast<double>(pixels) * shift));
                   }
                   return scale * value;
                 });
}

template <class T>
void cross_gram_backward(const CudaContext& context, const CrossGramShape& shape, CrossGramOperand of,
                         T shift, T scale, const T* other, const T* grad_gram, T* grad) {
  const auto [n, pixels, rows, columns] = shape;
  const bool of_a = of == CrossGramOperand::a;
  const int64_t c = of_a ? rows : columns, other_c = of_a ? columns : rows;
  if (n * pixels * c == 0) return;
  if (shift != 0) {  // it adds the same row to every pixel's product: the sums of dG's rows, or columns
    T* const offset = context.scratch<T>(n * c);
    const int64_t step = of_a ? 1 : columns, start = of_a ? columns : 1;
    cuda::map(context, n * c, offset, [=, c = c] __device__(int64_t i) {
      const T* const line = grad_gram + i / c * c * other_c + i % c * start;
      double sum = 0;
      for (int64_t k = 0; k < other_c; ++k) sum += line[k * step];
      return static_cast<T>(shift * scale * sum);
    });
    cuda::map_pixels(context, ChannelShape{n, pixels, c}, grad,
                     [=] __device__(int64_t, int64_t of_channel) { return offset[of_channel]; });
  }
  for (int64_t image = 0; image < n; ++image) {
    // dG is to cuBLAS a matrix of `columns` rows.
    CUDA_CHECK(gemm(context.cublas(), of_a ? CUBLAS_OP_T : CUBLAS_OP_N, static_cast<int>(c),
                    static_cast<int>(pixels), static_cast<int>(other_c), scale,
                    grad_gram + image * rows * columns, other + image * pixels * other_c,
                    shift == 0 ? T(0) : T(1), grad + image * pixels * c));
  }
}

#define NST_INSTANTIATE(T)                                                                                   \
  template void gram_forward(const CudaContext&, const GramShape&, T, T, const T*, T*);                      \
  template void gram_backward(const CudaContext&, const GramShape&, T, T, const T*, const T*, bool, T*);     \
  template void cross_gram_forward(const CudaContext&, const CrossGramShape&, T, T, const T*, const T*, T*); \
  template void cross_gram_backward(const CudaContext&, const CrossGramShape&, CrossGramOperand, T, T,       \
                                    const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
