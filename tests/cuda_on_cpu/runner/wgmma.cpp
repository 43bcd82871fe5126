#include "runner/wgmma.h"

#include <cuda_fp16.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "runner/engine.h"

namespace cuda_on_cpu {
namespace {

constexpr int kWords = 8;  // of 32 bits: the 32 bytes along the depth that one instruction takes

// PTX ISA, "Matrix Descriptor Format".
struct Descriptor {
  uint32_t start, stride;

  explicit Descriptor(uint64_t bits)
      : start(static_cast<uint32_t>(bits & 0x3fff) << 4),
        stride(static_cast<uint32_t>(bits >> 32 & 0x3fff) << 4) {
    if (bits >> 62 != 1)
      fail("wgmma: a descriptor of another swizzle than that of 128 bytes is not emulated");
    if (bits >> 49 & 7) fail("wgmma: a descriptor with a base offset is not emulated");
  }

  // "Shared Memory Matrix Layout", K-major, 128-byte swizzle: rows of 128 bytes; eight of them are an atom,
  // and atoms are `stride` apart. The pieces of 16 bytes of an atom's row r are XORed with r, which the
  // hardware takes from the address. One instruction takes two pieces of a row.
  void read_row(int row, uint32_t* words) const {
    for (uint32_t piece = 0; piece < 2; ++piece) {
      const uint32_t linear =
          start + static_cast<uint32_t>(row / 8) * stride + static_cast<uint32_t>(row % 8) * 128 + piece * 16;
      std::memcpy(words + piece * 4, shared_at(linear ^ (linear >> 7 & 7) << 4), 16);
    }
  }
};

std::vector<uint32_t> read(uint64_t descriptor, int first_row, int rows) {
  const Descriptor d(descriptor);
  std::vector<uint32_t> words(static_cast<size_t>(rows) * kWords);
  for (int row = 0; row < rows; ++row) d.read_row(first_row + row, &words[static_cast<size_t>(row) * kWords]);
  return words;
}

// The elements of rows of words, as the tensor core sees them.
std::vector<float> elements(const std::vector<uint32_t>& words, WgmmaType type) {
  std::vector<float> values;
  values.reserve(2 * words.size());
  for (const uint32_t w : words) {
    switch (type) {
      case WgmmaType::tf32:
        values.push_back(std::bit_cast<float>(w & 0xffffe000));
        break;
      case WgmmaType::bf16:
        values.push_back(std::bit_cast<float>(w << 16));
        values.push_back(std::bit_cast<float>(w & 0xffff0000));
        break;
      case WgmmaType::f16:
        for (const uint32_t half : {w & 0xffff, w >> 16}) {
          values.push_back(__half2float(__ushort_as_half(static_cast<uint16_t>(half))));
        }
    }
  }
  return values;
}

}  // namespace

void WgmmaQueue::issue(const WgmmaOperands& o, int quarter) {
  Sums& sums = held_[o.sums[0]];
  if (sums.products++ == 0) {
    if (!fenced_) fail("wgmma: the sums were touched since the last wgmma_fence");
    for (float* const registers : o.sums) {
      sums.values.insert(sums.values.end(), registers, registers + o.count);
      std::fill(registers, registers + o.count, NAN);
    }
  }
  if (groups_.empty()) groups_.emplace_back();
  groups_.back().push_back({o, quarter, read(o.a, 16 * quarter, 16), read(o.b, 0, 2 * o.count)});
  issued_.emplace_back(o.a, o.b);
  count_mma();
}

void WgmmaQueue::commit() {
  if (groups_.empty()) groups_.emplace_back();
  groups_.emplace_back();
}

void WgmmaQueue::wait(size_t pending) {
  while (groups_.size() > pending + 1) {
    for (const Product& product : groups_.front()) finish(product);
    groups_.erase(groups_.begin());
  }
}

void WgmmaQueue::finish(const Product& p) {
  const WgmmaOperands& o = p.operands;
  if (read(o.a, 16 * p.quarter, 16) != p.a || read(o.b, 0, 2 * o.count) != p.b) {
    fail("wgmma: an operand was overwritten before the product was waited for");
  }
  const auto a = elements(p.a, o.type), b = elements(p.b, o.type);
  const size_t depth = a.size() / 16;
  Sums& sums = held_.at(o.sums[0]);
  // "Register Fragments for wgmma.mma_async.m64n..": the accumulator D.
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < o.count; ++i) {
      const int row = lane / 4 + (i % 4 < 2 ? 0 : 8), column = 8 * (i / 4) + lane % 4 * 2 + i % 2;
      float& value = sums.values[static_cast<size_t>(lane * o.count + i)];
      double sum = value;
      for (size_t k = 0; k < depth; ++k)
        sum += static_cast<double>(a[row * depth + k]) * b[column * depth + k];
      value = static_cast<float>(sum);
    }
  }
  if (--sums.products > 0) return;
  for (int lane = 0; lane < 32; ++lane) {
    std::copy_n(sums.values.begin() + lane * o.count, o.count, o.sums[lane]);
  }
  held_.erase(o.sums[0]);
  fenced_ = false;
}

}  // namespace cuda_on_cpu
