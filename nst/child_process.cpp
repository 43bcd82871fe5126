#include "nst/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace nst {
namespace {

void check(int error) {
  if (error != 0) throw std::system_error(error, std::generic_category(), "child process");
}

class FileActions {
 public:
  FileActions() { check(posix_spawn_file_actions_init(&actions_)); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void open(int descriptor, const char* path, int flags) {
    check(posix_spawn_file_actions_addopen(&actions_, descriptor, path, flags, 0666));
  }
  void duplicate(int from, int to) { check(posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  Attributes() {
    check(posix_spawnattr_init(&attributes_));
    check(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP));
    check(posix_spawnattr_setpgroup(&attributes_, 0));
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// A started program that leads a process group of its own; when this goes out of scope before it has ended,
// it is made to end, with whatever it has started.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ < 0) return;
    ::kill(-id_, SIGTERM);
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Its status, as waitpid() gives it, once it has ended.
  std::optional<int> ended() {
    int status = 0;
    const pid_t found = ::waitpid(id_, &status, WNOHANG);
    if (found < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "child process");
    if (found <= 0) return std::nullopt;
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

constexpr std::chrono::milliseconds kInterval{100};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const auto& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

// The first of two variables of one name is the one that programs find.
std::vector<char*> with_own_environment(const std::vector<std::string>& variables) {
  auto result = pointers(variables);
  result.pop_back();
  for (char** variable = environ; *variable; ++variable) result.push_back(*variable);
  result.push_back(nullptr);
  return result;
}

}  // namespace

int run_child_process(const std::vector<std::string>& command, const ChildOptions& options) {
  FileActions files;
  files.open(STDIN_FILENO, "/dev/null", O_RDONLY);
  files.open(STDOUT_FILENO, options.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  files.duplicate(STDOUT_FILENO, STDERR_FILENO);

  const Attributes attributes;
  const auto arguments = pointers(command), environment = with_own_environment(options.environment);
  pid_t id = 0;
  const int error =
      posix_spawnp(&id, arguments[0], files.get(), attributes.get(), arguments.data(), environment.data());
  if (error != 0) {
    throw std::runtime_error(
        fmt::format("{}: cannot be started: {}", command[0], std::generic_category().message(error)));
  }
  Child child(id);
  for (;;) {
    if (const auto status = child.ended()) {
      return WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
    }
    if (options.on_wait) options.on_wait();
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace nst
