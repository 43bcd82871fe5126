// The message on a processor that is too old, on an emulated one where qemu-user is installed.
#include <cstdlib>

#include "tests/cli/run_nst.h"
#include "tests/nst/picture_files.h"

namespace nst {
namespace {

#if defined(__AVX2__) && !defined(__SANITIZE_ADDRESS__)
TEST(OldProcessor, is_told_apart_from_a_crash) {
  if (std::system("command -v qemu-x86_64 >/dev/null") != 0) GTEST_SKIP() << "qemu-x86_64 is not installed";
  const testing::TemporaryFolder folder;
  const auto run = [&](const std::string& cpu) {
    return std::system(("qemu-x86_64 -cpu " + cpu + " " NST_EXECUTABLE " version > " +
                        (folder / "out").string() + " 2> " + (folder / "err").string())
                           .c_str());
  };
  for (const char* cpu : {"qemu64", "Nehalem", "IvyBridge"}) {
    EXPECT_EQ(WEXITSTATUS(run(cpu)), 1) << cpu;
    const std::string err = testing::read_bytes(folder / "err");
    EXPECT_NE(err.find("nst: this program was built for a newer processor than this one, which lacks AVX2"),
              std::string::npos)
        << err;
  }
}
#endif

}  // namespace
}  // namespace nst
