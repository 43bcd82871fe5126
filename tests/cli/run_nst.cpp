#include "tests/cli/run_nst.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "nn/safetensors.h"
#include "nn/vgg_weights.h"
#include "nst/image.h"
#include "tensor/file.h"
#include "tests/networks.h"
#include "tests/nst/picture_files.h"

namespace nst::testing {
namespace {

// What a sanitizer's finding, or a program that could not be started, ends with.
constexpr int kBroken = 99;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_of(const StartOptions& options) {
  // Two threads that do not spin: tests share the cores.
  std::map<std::string, std::string> variables{
      {"OMP_NUM_THREADS", "2"},
      {"OMP_WAIT_POLICY", "passive"},
      {"NST_WEIGHTS_DIR", "/nonexistent"},
      {"ASAN_OPTIONS", "exitcode=99"},
      {"UBSAN_OPTIONS", "exitcode=99"},
      {"LSAN_OPTIONS", "print_suppressions=0:suppressions=" NST_SOURCE_DIR "/tests/leaks.txt"}};
  const auto set = [&](const std::string& assignment) {
    const size_t equals = assignment.find('=');
    variables[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  };
  for (const char* kept : {"PATH", "LD_LIBRARY_PATH", "TMPDIR"}) {
    if (const char* value = std::getenv(kept)) set(std::string(kept) + "=" + value);
  }
  std::ranges::for_each(options.environment, set);
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  return result;
}

int create(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  return file;
}

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

NstProcess::NstProcess(const std::vector<std::string>& arguments, const StartOptions& options) {
  // All that allocates happens before the fork.
  std::vector<std::string> command{options.program.string()}, environment = environment_of(options);
  std::ranges::copy(arguments, std::back_inserter(command));
  const auto argv = pointers(command), envp = pointers(environment);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC), out = create(logs_ / "out"),
            err = create(logs_ / "err");
  const rlimit limit{options.max_file_bytes.value_or(0), options.max_file_bytes.value_or(0)};
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(kBroken);
    if (options.max_file_bytes) {
      ::signal(SIGXFSZ, SIG_IGN);  // then write() fails with EFBIG
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(kBroken);
  }
  for (const int file : {in, out, err}) ::close(file);
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

NstProcess::~NstProcess() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

bool NstProcess::wait_for(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    if ((read_bytes(logs_ / "out") + read_bytes(logs_ / "err")).find(text) != std::string::npos) return true;
    siginfo_t ended{};  // stays zero while it runs; a process that ended is left for wait()
    ::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void NstProcess::send(int signal) { ::kill(process_, signal); }

Finished NstProcess::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  process_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_bytes(logs_ / "out"),
          read_bytes(logs_ / "err")};
}

Finished run_nst(const std::vector<std::string>& arguments, const StartOptions& options) {
  return NstProcess(arguments, options).wait();
}

namespace {

std::filesystem::path write_vgg(const std::filesystem::path& path, const std::string& deepest) {
  const nn::VggWeights weights{.state = random_vgg_weights(16, deepest),
                               .depth = 16,
                               .deepest = deepest,
                               .preprocessing = nn::kCaffePreprocessing};
  nn::write_safetensors(path, weights.state, {.metadata = nn::vgg_metadata(weights)});
  return path;
}

}  // namespace

const std::filesystem::path& small_vgg_file() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path = write_vgg(folder / "small_vgg.safetensors", "conv2_1");
  return path;
}

const std::filesystem::path& whole_vgg_file() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path = write_vgg(folder / "whole_vgg.safetensors", "conv5_3");
  return path;
}

void write_picture(const std::filesystem::path& path, int64_t height, int64_t width) {
  save_image(path, smooth_picture(height, width));
}

CommandTest::CommandTest() {
  write_picture(folder / "photo.png", 30, 40);
  write_picture(folder / "style.png", 32, 24);
  remember_files();
}

Finished CommandTest::run(const std::vector<std::string>& arguments, StartOptions options) const {
  options.folder = folder.path();
  return run_nst(arguments, options);
}

std::vector<std::string> CommandTest::basic_arguments(const std::vector<std::string>& arguments) const {
  const std::vector<std::pair<std::string, std::string>> defaults{{"--content", "photo.png"},
                                                                  {"--style", "style.png"},
                                                                  {"--weights", small_vgg_file()},
                                                                  {"--content-layers", "relu2_1"},
                                                                  {"--style-layers", "relu1_1,relu2_1"},
                                                                  {"--size", "40"},
                                                                  {"--iterations", "3"},
                                                                  {"--out", "out.png"}};
  std::vector<std::string> all{"basic"};
  for (const auto& [name, value] : defaults) {
    if (!lists(arguments, name)) all.insert(all.end(), {name, value});
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i + 1 < arguments.size() && arguments[i + 1] == "-") {
      ++i;
    } else {
      all.push_back(arguments[i]);
    }
  }
  return all;
}

Finished CommandTest::improved(const std::vector<std::string>& arguments) const {
  auto all = basic_arguments(arguments);
  all.front() = "improved";
  return run(all);
}

Finished CommandTest::basic(const std::vector<std::string>& arguments, const StartOptions& options) const {
  return run(basic_arguments(arguments), options);
}

void CommandTest::expect_refused(const Finished& run, int exit_code,
                                 const std::vector<std::string>& parts) const {
  EXPECT_EQ(run.exit_code, exit_code) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_TRUE(run.err.ends_with('\n')) << run.err;
  const std::string line = run.err.substr(run.err.rfind('\n', run.err.size() - 2) + 1);
  EXPECT_TRUE(line.starts_with("nst: ")) << run.err;
  for (const auto& part : parts) EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  EXPECT_EQ(new_files(), std::vector<std::string>());
}

void CommandTest::expect_wrote(const Finished& run, std::vector<std::string> files) const {
  EXPECT_EQ(run.exit_code, 0) << run.err;
  std::ranges::sort(files);
  EXPECT_EQ(new_files(), files);
}

std::vector<std::string> CommandTest::new_files() const {
  std::vector<std::string> files;
  std::ranges::copy_if(folder.names(), std::back_inserter(files),
                       [&](const auto& name) { return !lists(before_, name); });
  return files;
}

std::string CommandTest::read(const std::string& file) const { return read_bytes(folder / file); }

void CommandTest::write(const std::string& file, std::string_view bytes) const {
  write_file_atomically(folder / file, bytes);
}

}  // namespace nst::testing
