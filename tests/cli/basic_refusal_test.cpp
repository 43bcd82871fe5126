// `nst basic` from the command line, where something is wrong: a message that names it, an exit code that
// tells whose fault it is, and nothing left behind.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/run_nst.h"
#include "tests/nst/picture_files.h"

namespace nst {
namespace {

constexpr int kFailure = 1, kUsage = 2;

class BasicRefusal : public testing::CommandTest {
 protected:
  // A test's file under tests/data/weights.
  static std::string data(const std::string& name) {
    return std::string(NST_SOURCE_DIR) + "/tests/data/weights/" + name;
  }
  std::string cut(const std::string& bytes, size_t size) const { return bytes.substr(0, size); }
};

TEST_F(BasicRefusal, arguments_that_are_missing) {
  expect_refused(basic({"--content", "-"}), kUsage, {"--content is required"});
  expect_refused(basic({"--style", "-"}), kUsage, {"--style is required"});
  expect_refused(basic({"--out", "-"}), kUsage, {"--out is required"});
  expect_refused(run({"basic"}), kUsage, {"--content is required"});
  expect_refused(basic({"--init", "image"}), kUsage, {"--init image needs --init-image FILE"});
}

TEST_F(BasicRefusal, commands_and_options_there_are_not) {
  expect_refused(run({}), kUsage, {"subcommand is required"});
  expect_refused(run({"basics"}), kUsage, {"'basics' is not a command"});
  expect_refused(basic({"--stile", "x.png"}), kUsage, {"--stile"});
}

TEST_F(BasicRefusal, values_that_make_no_sense) {
  const auto refuses = [&](const std::string& option, const std::string& value, const std::string& part) {
    expect_refused(basic({option, value}), kUsage, {option, part});
  };
  refuses("--pooling", "median", "'median' is not one of max, average");
  refuses("--first-padding", "none", "'none' is not one of zero, reflect, replicate");
  refuses("--init", "white", "is not one of content, noise, gray, style, image");
  refuses("--optimiser", "sgd", "'sgd' is not one of lbfgs, adam");
  refuses("--line-search", "armijo", "is not one of none, strong_wolfe");
  refuses("--style-normalisation", "gaty", "is not one of gatys, gatys_notebook, neural_style, titu1994");
  refuses("--content-normalisation", "max", "is not one of mean, gatys, titu1994_type0");
  refuses("--tv", "l3", "is not one of squared");
  refuses("--size", "15", "16 to 65536");
  refuses("--size", "65537", "16 to 65536");
  refuses("--size", "large", "'large'");
  refuses("--style-size", "0", "16 to 65536");
  refuses("--iterations", "0", "a whole number from 1 to");
  refuses("--iterations", "1e3", "whole number");
  refuses("--iterations", "99999999999", "whole number");
  refuses("--lbfgs-history", "0", "a whole number from 1 to");
  refuses("--learning-rate", "0", "above 0");
  refuses("--learning-rate", "nan", "'nan'");
  refuses("--style-weight", "-1", "at least 0");
  refuses("--content-weight", "inf", "'inf'");
  refuses("--tv-weight", "nan", "'nan'");
  refuses("--init-noise", "1.5", "0 to 1");
  refuses("--min-improvement", "-2", "at least 0");
  refuses("--save-every", "-1", "a whole number from 0 to");
  refuses("--threads", "0", "a whole number from 1 to");
  refuses("--max-memory", "-1", "above 0");
  refuses("--seed", "-3", "a whole number from 0 to");
  refuses("--style-blend", "1,2", "2 weights in --style-blend for 1 styles");
  refuses("--style-blend", "0", "is zero");
}

TEST_F(BasicRefusal, options_that_exclude_each_other) {
  expect_refused(basic({"--quiet", "--verbose"}), kUsage, {"--verbose", "--quiet"});
  expect_refused(basic({"--init", "noise", "--init-image", "style.png"}), kUsage, {"exclude each other"});
  expect_refused(basic({"--style-weight", "0", "--content-weight", "0"}), kUsage, {"every weight is zero"});
}

TEST_F(BasicRefusal, layers) {
  expect_refused(basic({"--style-layers", "relu9_9"}), kUsage,
                 {"vgg16: no layer 'relu9_9'", "there are conv1_1 relu1_1"});
  expect_refused(basic({"--content-layers", "relu_2"}), kUsage, {"no layer 'relu_2'"});
  expect_refused(basic({"--style-layers", "relu1_1:heavy"}), kUsage, {"layer 'relu1_1:heavy'"});
  expect_refused(basic({"--style-layers", "relu1_1:-1"}), kUsage, {"layer 'relu1_1:-1'"});
  expect_refused(basic({"--style-layers", "relu1_1:nan"}), kUsage, {"layer 'relu1_1:nan'"});
  expect_refused(basic({"--content-layers", "relu4_2"}), kUsage,
                 {"small_vgg.safetensors: these weights end at conv2_1, but layer relu4_2 is asked for"});
}

TEST_F(BasicRefusal, pictures_that_are_missing_or_none) {
  write("text.png", "These are words.\n");
  write("empty.png", "");
  std::filesystem::create_directory(folder / "pictures");
  remember_files();
  for (const char* option : {"--content", "--style", "--init-image"}) {
    expect_refused(basic({option, "nowhere.jpg"}), kFailure, {"nowhere.jpg: no such file"});
    expect_refused(basic({option, "text.png"}), kFailure, {"text.png: not an image"});
    expect_refused(basic({option, "empty.png"}), kFailure, {"empty.png: the file is empty"});
    expect_refused(basic({option, "pictures"}), kFailure, {"pictures: is a folder"});
  }
}

TEST_F(BasicRefusal, pictures_that_are_damaged_or_cut_short) {
  const std::string png = read("photo.png"), jpeg = testing::encode(testing::smooth_picture(30, 40), ".jpg");
  std::string damaged = png;
  damaged[png.size() - 25] ^= 0x55;
  const auto with_size = [&](uint64_t width, uint64_t height) {
    return std::string(png).replace(16, 8, testing::big_endian(width, 4) + testing::big_endian(height, 4));
  };
  write("cut.png", cut(png, png.size() / 2));
  write("cut.jpg", cut(jpeg, jpeg.size() / 2));
  write("damaged.png", damaged);
  write("none.png", with_size(0, 30));
  write("no_rows.png", with_size(40, 0));
  write("huge.png", with_size(100000, 100000));
  remember_files();
  for (const char* option : {"--content", "--style", "--init-image"}) {
    expect_refused(basic({option, "cut.png"}), kFailure, {"cut.png: a damaged PNG picture"});
    expect_refused(basic({option, "cut.jpg"}), kFailure, {"cut.jpg: a JPEG picture that is cut short"});
    expect_refused(basic({option, "damaged.png"}), kFailure, {"damaged.png: a damaged PNG picture"});
    expect_refused(basic({option, "none.png"}), kFailure, {"none.png: a damaged PNG picture"});
    expect_refused(basic({option, "no_rows.png"}), kFailure, {"no_rows.png: "});
    expect_refused(basic({option, "huge.png"}), kFailure, {"huge.png: "});
  }
}

TEST_F(BasicRefusal, pictures_too_narrow_for_the_network) {
  testing::write_picture(folder / "line.png", 1, 300);
  remember_files();
  expect_refused(basic({"--content", "line.png"}), kUsage,
                 {"line.png: too narrow for layer relu2_1: 40 x 1 pixels, where each side needs 2"});
  expect_refused(basic({"--style", "line.png"}), kUsage, {"line.png: too narrow for layer relu2_1"});
}

TEST_F(BasicRefusal, weights_that_are_missing_or_none) {
  write("notes.txt", "These are words.\n");
  remember_files();
  expect_refused(basic({"--weights", "nowhere.pth"}), kFailure, {"nowhere.pth: no such file"});
  expect_refused(basic({"--weights", "resnet"}), kUsage, {"no 'resnet'; there are vgg16"});
  expect_refused(basic({"--weights", "vgg16"}), kFailure,
                 {"vgg16 is not here yet; fetch it with: nst weights get vgg16"});
  expect_refused(basic({"--weights", "notes.txt"}), kFailure, {"notes.txt: not a weight file"});
  expect_refused(basic({"--weights", "photo.png"}), kFailure, {"photo.png: not a weight file"});
  expect_refused(basic({"--weights", "."}), kFailure, {"is a folder"});
  expect_refused(basic({"--weights", data("types_zip.pth")}), kFailure, {"types_zip.pth: not a VGG"});
}

TEST_F(BasicRefusal, weights_that_are_cut_short) {
  for (const char* name : {"types_zip.pth", "types_legacy.pth"}) {
    const std::string whole = testing::read_bytes(data(name));
    for (const size_t size : {whole.size() / 4, whole.size() / 2, whole.size() - 1}) {
      write("cut.pth", cut(whole, size));
      remember_files();
      expect_refused(basic({"--weights", "cut.pth"}), kFailure, {"cut.pth: "});
    }
  }
  const std::string whole = testing::read_bytes(testing::small_vgg_file());
  write("cut.safetensors", cut(whole, whole.size() - 100));
  remember_files();
  expect_refused(basic({"--weights", "cut.safetensors"}), kFailure, {"cut.safetensors: truncated: tensor"});
}

TEST_F(BasicRefusal, pickles_that_want_to_run_something) {
  for (const char* name : {"refused_os_system_zip.pth", "refused_os_system_legacy.pth"}) {
    expect_refused(basic({"--weights", data(name)}), kFailure,
                   {name, "refused: the pickle names posix.system"});
  }
}

TEST_F(BasicRefusal, output_that_has_no_place) {
  std::filesystem::create_directory(folder / "folder.png");
  remember_files();
  expect_refused(basic({"--out", "out.gif"}), kUsage, {"out.gif: the name must end in .png, .jpg or .jpeg"});
  expect_refused(basic({"--out", "out"}), kUsage, {"out: the name must end in"});
  expect_refused(basic({"--out", "nowhere/out.png"}), kFailure,
                 {"nowhere/out.png: cannot write: the folder does not exist"});
  expect_refused(basic({"--out", "photo.png/out.png"}), kFailure, {"photo.png/out.png: cannot write: "});
  expect_refused(basic({"--out", "folder.png"}), kFailure, {"folder.png: cannot write: is a folder"});
  expect_refused(basic({"--out", "/proc/out.png"}), kFailure, {"/proc/out.png: cannot write: "});
  EXPECT_TRUE(std::filesystem::is_empty(folder / "folder.png"));
}

TEST_F(BasicRefusal, output_over_an_input) {
  const std::string before = read("photo.png");
  expect_refused(basic({"--out", "photo.png"}), kUsage, {"--out photo.png: would overwrite", "--content"});
  expect_refused(basic({"--out", "./style.png"}), kUsage, {"would overwrite", "--style"});
  EXPECT_EQ(read("photo.png"), before);
}

TEST_F(BasicRefusal, a_report_that_has_no_place) {
  std::filesystem::create_directory(folder / "out.json");
  remember_files();
  expect_refused(basic({"--report"}), kFailure, {"out.json: cannot write: is a folder"});
}

TEST_F(BasicRefusal, a_folder_that_may_only_be_read) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  std::filesystem::create_directory(folder / "locked");
  ::chmod((folder / "locked").c_str(), 0555);
  remember_files();
  expect_refused(basic({"--out", "locked/out.png"}), kFailure,
                 {"locked/out.png: cannot write: Permission denied"});
}

TEST_F(BasicRefusal, a_full_disk) {
  // Noticed as the picture is written, whose temporary file must go.
  expect_refused(basic({}, {.max_file_bytes = 700}), kFailure, {"out.png: cannot write: File too large"});
  // A device that is always full.
  std::filesystem::create_symlink("/dev/full", folder / "full.png");
  remember_files();
  expect_refused(basic({"--out", "full.png"}), kFailure, {"full.png: cannot write: No space left on device"});
}

TEST_F(BasicRefusal, a_full_disk_leaves_the_older_picture) {
  write("out.png", "an older picture");
  remember_files();
  expect_refused(basic({}, {.max_file_bytes = 700}), kFailure, {"out.png: cannot write"});
  EXPECT_EQ(read("out.png"), "an older picture");
}

TEST_F(BasicRefusal, standard_output_that_is_full) {
  // The shell opens /dev/full; every other test reads what was printed.
  const std::string command =
      std::string(NST_EXECUTABLE) + " version > /dev/full 2> " + (folder / "err").string();
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), kFailure);
  EXPECT_NE(read("err").find("nst: standard output: cannot write"), std::string::npos) << read("err");
}

TEST_F(BasicRefusal, more_memory_than_there_is) {
  const auto refused = basic({"--size", "3000", "--max-memory", "0.4"});
  expect_refused(refused, kFailure,
                 {"not enough memory for 3000 x 2250 pixels; about ",
                  " GB of memory needed, 0.4 GB available", "--size "});
  // What it says would fit does, and a pixel more does not.
  const int size = std::stoi(refused.err.substr(refused.err.find("--size ") + 7));
  EXPECT_GT(size, 40);
  expect_refused(basic({"--size", std::to_string(size + 1), "--max-memory", "0.4"}), kFailure, {"would fit"});
  testing::NstProcess fits(basic_arguments({"--size", std::to_string(size), "--max-memory", "0.4"}),
                           {.folder = folder.path()});
  EXPECT_TRUE(fits.wait_for(" GB of memory needed, 0.4 GB available\n"));
}

TEST_F(BasicRefusal, more_memory_than_any_machine_has) {
  expect_refused(basic({"--size", "65536", "--style-size", "65536"}), kFailure,
                 {"not enough memory for 65536 x"});
  expect_refused(basic({"--max-memory", "0.001"}), kFailure, {"no --size would fit"});
}

TEST_F(BasicRefusal, checkpoints_that_are_none) {
  expect_refused(run({"basic", "--resume", "nowhere.safetensors"}), kFailure,
                 {"nowhere.safetensors: no such file"});
  expect_refused(run({"basic", "--resume", "photo.png"}), kFailure, {"photo.png: not a weight file"});
  expect_refused(run({"basic", "--resume", testing::small_vgg_file().string()}), kFailure,
                 {"small_vgg.safetensors: not a checkpoint of nst basic"});
}

TEST_F(BasicRefusal, checkpoints_that_are_damaged) {
  basic({"--save-every", "1"});
  const std::string whole = read("out.checkpoint.safetensors");
  for (const auto& file : new_files()) std::filesystem::remove(folder / file);
  const auto refuses = [&](const std::string& bytes, const std::string& part) {
    write("bad.safetensors", bytes);
    remember_files();
    expect_refused(run({"basic", "--resume", "bad.safetensors", "--iterations", "9"}), kFailure,
                   {"bad.safetensors: ", part});
  };
  refuses(cut(whole, whole.size() - 9), "truncated");
  std::string other = whole;
  refuses(other.replace(other.find("\\\"seed\\\""), 8, "\\\"sead\\\""), "its setting 'seed' is missing");
  other = whole;
  refuses(other.replace(other.find("\"picture\""), 9, "\"pasture\""), "not one of this method");
  // Another picture under the same name.
  testing::write_picture(folder / "photo.png", 40, 40);
  refuses(whole, "its picture is (1, 30, 40, 3), this run's (1, 40, 40, 3)");
}

}  // namespace
}  // namespace nst
