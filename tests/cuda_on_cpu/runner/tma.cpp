#include "runner/tma.h"

#include <cstring>

#include "runner/device_memory.h"
#include "runner/mbarrier.h"

namespace cuda_on_cpu {
namespace {

constexpr cuuint32_t kRank = 5;
constexpr uint32_t kRowBytes = 128;

// What CUtensorMap's opaque words hold here.
struct TensorMap {
  cuuint32_t rank, element_bytes;
  const unsigned char* memory;
  cuuint64_t sizes[kRank], strides[kRank];  // in elements; in bytes
  uint16_t box[kRank];
};
static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap));

TensorMap decode(const CUtensorMap* map) {
  TensorMap m;
  std::memcpy(&m, map, sizeof m);
  return m;
}

cuuint64_t box_bytes(const TensorMap& m) {
  cuuint64_t bytes = m.element_bytes;
  for (cuuint32_t d = 0; d < m.rank; ++d) bytes *= m.box[d];
  return bytes;
}

// PTX ISA, "Swizzling Modes", 128 bytes: the 16-byte pieces of the eight 128-byte rows of each 1024 bytes of
// shared memory change places, piece p of row r going to p ^ r.
uint32_t swizzled(uint32_t address) {
  const uint32_t row = address / 128 % 8, piece = address / 16 % 8;
  return address / 128 * 128 + (piece ^ row) * 16 + address % 16;
}

void copy_box(const TensorMap& m, const int (&corner)[kRank], uint32_t to) {
  const auto rows = static_cast<uint32_t>(box_bytes(m) / kRowBytes);
  for (uint32_t row = 0; row < rows; ++row) {
    const unsigned char* from = m.memory;
    bool inside = true;
    uint32_t rest = row;
    for (cuuint32_t d = 1; d < m.rank; ++d) {
      const int64_t at = corner[d] + static_cast<int64_t>(rest % m.box[d]);
      rest /= m.box[d];
      inside = inside && at >= 0 && at < static_cast<int64_t>(m.sizes[d]);
      if (inside) from += at * static_cast<int64_t>(m.strides[d]);
    }
    unsigned char line[kRowBytes] = {};
    for (int i = 0; inside && i < m.box[0]; ++i) {
      const int64_t at = int64_t{corner[0]} + i;
      if (at < 0 || at >= static_cast<int64_t>(m.sizes[0])) continue;
      std::memcpy(line + i * m.element_bytes, from + at * m.element_bytes, m.element_bytes);
    }
    for (uint32_t piece = 0; piece < kRowBytes; piece += 16) {
      std::memcpy(shared_at(swizzled(to + row * kRowBytes + piece)), line + piece, 16);
    }
  }
}

}  // namespace

CUresult encode_tensor_map(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* memory,
                           const cuuint64_t* sizes, const cuuint64_t* strides, const cuuint32_t* box,
                           const cuuint32_t* element_strides, CUtensorMapInterleave interleave,
                           CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  if (rank < 1 || rank > kRank || interleave != CU_TENSOR_MAP_INTERLEAVE_NONE ||
      swizzle != CU_TENSOR_MAP_SWIZZLE_128B || reinterpret_cast<uintptr_t>(map) % 64 != 0 ||
      reinterpret_cast<uintptr_t>(memory) % 16 != 0) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  TensorMap m{};
  m.rank = rank;
  m.element_bytes =
      type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 || type == CU_TENSOR_MAP_DATA_TYPE_FLOAT16 ? 2 : 4;
  m.memory = static_cast<const unsigned char*>(memory);
  cuuint64_t last = 0;  // the last element's offset
  for (cuuint32_t d = 0; d < rank; ++d) {
    m.sizes[d] = sizes[d];
    m.strides[d] = d == 0 ? m.element_bytes : strides[d - 1];
    m.box[d] = static_cast<uint16_t>(box[d]);
    if (sizes[d] < 1 || sizes[d] > cuuint64_t{1} << 32 || box[d] < 1 || box[d] > 256 ||
        element_strides[d] != 1 ||
        (d > 0 && (m.strides[d] % 16 != 0 || m.strides[d] >= cuuint64_t{1} << 40))) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    last += (sizes[d] - 1) * m.strides[d];
  }
  // The driver allows shorter boxes; what they look like in shared memory is not emulated.
  if (m.box[0] * m.element_bytes != kRowBytes || !is_device_memory(memory, last + m.element_bytes)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memcpy(map, &m, sizeof m);
  return CUDA_SUCCESS;
}

void tma_load(void* shared, const CUtensorMap* map, int rank, const int* corner, uint64_t* barrier) {
  const TensorMap m = decode(map);
  if (static_cast<int>(m.rank) != rank) fail("tma_load: as many coordinates as the map has axes");
  if (!barriers_shown()) fail("tma_load: a barrier without mbarrier_init_fence");
  const uint32_t to = shared_offset(shared);
  if (to % 1024 != 0) fail("tma_load: a swizzled box that is not aligned to 1024 bytes");
  const auto bytes = static_cast<unsigned>(box_bytes(m));
  std::memset(shared, 0xff, bytes);
  struct {
    int at[kRank] = {};
  } from;
  std::memcpy(from.at, corner, sizeof(int) * m.rank);
  later([=] {
    copy_box(m, from.at, to);
    mbarrier_complete(barrier, bytes);
  });
}

}  // namespace cuda_on_cpu
