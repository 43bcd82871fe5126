// Every tensor starts as NaN, so that an element which a kernel leaves unwritten is caught.
#include <gtest/gtest.h>

#include "tensor/allocator.h"

int main(int argc, char** argv) {
  nst::poison_new_tensors(true);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
