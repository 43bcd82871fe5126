// The `nst` command as a child process, and a folder with what a small run of it needs.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support.h"

namespace nst::testing {

// How a command ended and what it said.
struct Finished {
  int exit_code;         // 128 + signal when a signal ended it
  std::string out, err;  // standard output and standard error
};

struct StartOptions {
  std::filesystem::path program = NST_EXECUTABLE;
  std::filesystem::path folder = {};            // working directory
  std::vector<std::string> environment = {};    // "NAME=value", beside what every run gets
  std::optional<uint64_t> max_file_bytes = {};  // writing more to one file fails, as on a full disk
};

// A running `nst`. It finds no weights but those in its options' NST_WEIGHTS_DIR, and a sanitizer's finding
// ends it with an exit code that no test expects.
class NstProcess {
 public:
  explicit NstProcess(const std::vector<std::string>& arguments, const StartOptions& options = {});
  ~NstProcess();  // kills it if it still runs
  NstProcess(const NstProcess&) = delete;
  NstProcess& operator=(const NstProcess&) = delete;

  // Waits until it has printed `text` to standard output or standard error. False when it ended, or took a
  // minute, without doing so.
  bool wait_for(const std::string& text);
  void send(int signal);
  Finished wait();

 private:
  TemporaryFolder logs_;
  int process_ = -1;
};

// Runs `nst` with these arguments to its end.
Finished run_nst(const std::vector<std::string>& arguments, const StartOptions& options = {});

// A VGG-16 with random weights that ends at conv2_1: the right shapes in half a megabyte. Written once per
// test program.
const std::filesystem::path& small_vgg_file();

// All of VGG-16, with random weights, in 59 MB.
const std::filesystem::path& whole_vgg_file();

// A PNG of a smooth picture.
void write_picture(const std::filesystem::path& path, int64_t height, int64_t width);

// Tests of a command that runs in a folder of its own, holding photo.png (40 x 30) and style.png (24 x 32).
class CommandTest : public ::testing::Test {
 protected:
  CommandTest();

  Finished run(const std::vector<std::string>& arguments, StartOptions options = {}) const;
  // `nst basic` on these pictures and the small VGG, three iterations into out.png. An option among
  // `arguments` takes the place of the default, and "-" for its value leaves it out.
  Finished basic(const std::vector<std::string>& arguments = {}, const StartOptions& options = {}) const;
  // The same as `nst improved`.
  Finished improved(const std::vector<std::string>& arguments = {}) const;
  std::vector<std::string> basic_arguments(const std::vector<std::string>& arguments) const;

  // Expects the command to have ended with `exit_code` and, as the last line on standard error, "nst: " and
  // all of `parts`; to have printed nothing on standard output and to have left the folder as the test made
  // it.
  void expect_refused(const Finished& run, int exit_code, const std::vector<std::string>& parts) const;
  // Expects success, and the folder to hold, beside what the test put there, `files`.
  void expect_wrote(const Finished& run, std::vector<std::string> files) const;
  // To be called after the test has put more files into the folder.
  void remember_files() { before_ = folder.names(); }
  std::vector<std::string> new_files() const;
  std::string read(const std::string& file) const;
  void write(const std::string& file, std::string_view bytes) const;

  TemporaryFolder folder;

 private:
  std::vector<std::string> before_;
};

}  // namespace nst::testing
