// The asynchronous products of one warp (its quarter of a warpgroup's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace cuda_on_cpu {

enum class WgmmaType { bf16, f16, tf32 };

// What the lanes of a warp bring to a product: N/2 sums each, and the same descriptors.
struct WgmmaOperands {
  float* sums[32];
  int count;  // N / 2
  uint64_t a, b;
  WgmmaType type;
};

// A product's operands are looked at when it is issued and again when it is waited for: they must not have
// changed. From the first product until all that use them are done, the registers of the sums are NaN.
class WgmmaQueue {
 public:
  void fence() { fenced_ = true; }
  // `quarter`: which 16 of the 64 rows are this warp's.
  void issue(const WgmmaOperands& operands, int quarter);
  void commit();
  void wait(size_t pending);
  // The descriptors of every product so far.
  const std::vector<std::pair<uint64_t, uint64_t>>& issued() const { return issued_; }

 private:
  struct Product {
    WgmmaOperands operands;
    int quarter;
    std::vector<uint32_t> a, b;  // 16 and N rows of 8 words, as they were in shared memory
  };
  struct Sums {
    std::vector<float> values;  // [lane][count]
    int products = 0;           // that are not done
  };
  void finish(const Product& product);

  bool fenced_ = false;
  std::vector<std::vector<Product>> groups_;  // committed ones, then the open one
  std::map<float*, Sums> held_;               // by lane 0's registers
  std::vector<std::pair<uint64_t, uint64_t>> issued_;
};

}  // namespace cuda_on_cpu
