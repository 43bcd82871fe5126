#include "tensor/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/support.h"

namespace nst {
namespace {

using Names = std::vector<std::string>;

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path, 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ReadFile, returns_every_byte) {
  const testing::TemporaryFolder folder;
  for (size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{300000}}) {
    std::string text(size, 'x');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31);
    write_file_atomically(folder / "a", text);
    EXPECT_TRUE(text_of(folder / "a") == text) << size;
  }
}

TEST(ReadFile, reads_pipes_and_files_that_do_not_know_their_size) {
  const testing::TemporaryFolder folder;
  const std::string text(200000, 'p');
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::thread writer([&] { write_file_atomically(folder / "pipe", text); });
  EXPECT_TRUE(text_of(folder / "pipe") == text);
  writer.join();
  EXPECT_FALSE(text_of("/proc/self/status").empty());  // of size 0, says stat
}

TEST(ReadFile, says_what_is_wrong) {
  const testing::TemporaryFolder folder;
  EXPECT_FAILURE(read_file(folder / "missing", 10), "missing: no such file");
  EXPECT_FAILURE(read_file(folder.path(), 10), ": is a folder");
  write_file_atomically(folder / "ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10).size(), 10u);
  EXPECT_FAILURE(read_file(folder / "ten", 9), "ten: larger than 9 bytes");
  EXPECT_FAILURE(read_file("/dev/zero", 100000), "/dev/zero: larger than 100000 bytes");
  EXPECT_FAILURE(read_file(folder / "ten" / "below", 10), "Not a directory");
}

TEST(MappedFile, has_the_bytes_of_a_file) {
  const testing::TemporaryFolder folder;
  const std::string text(70000, 'm');
  write_file_atomically(folder / "a", text);
  const MappedFile file(folder / "a");
  std::filesystem::remove(folder / "a");  // they stay
  EXPECT_TRUE(std::ranges::equal(file.bytes(), std::as_bytes(std::span(text))));
  write_file_atomically(folder / "empty", "");
  EXPECT_TRUE(MappedFile(folder / "empty").bytes().empty());
}

TEST(MappedFile, says_what_is_wrong) {
  const testing::TemporaryFolder folder;
  EXPECT_FAILURE(MappedFile(folder / "missing"), "missing: no such file");
  EXPECT_FAILURE(MappedFile(folder.path()), ": is a folder");
  EXPECT_FAILURE(MappedFile("/dev/zero"), "/dev/zero: not a regular file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FAILURE(MappedFile(folder / "pipe"), "pipe: not a regular file");  // and does not wait for a writer
}

TEST(AtomicFile, replaces_at_commit_and_not_before) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new ");
    file.write("text");
    EXPECT_EQ(text_of(folder / "a"), "old");
    file.commit();
    EXPECT_EQ(text_of(folder / "a"), "new text");
  }
  { AtomicFile(folder / "a").write("abandoned"); }
  EXPECT_EQ(text_of(folder / "a"), "new text");
  EXPECT_EQ(folder.names(), (Names{"a"}));
}

TEST(AtomicFile, writes_anywhere_and_goes_on_appending) {
  const testing::TemporaryFolder folder;
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  AtomicFile file(folder / "a");
  file.write("0123");
  file.write_at(1, bytes("xy"));
  file.write_at(6, bytes("z"));  // leaves zeros between
  file.write("4");
  file.commit();
  EXPECT_EQ(text_of(folder / "a"), std::string("0xy34\0z", 7));
  AtomicFile null("/dev/null");
  null.write_at(5, bytes("gone"));
}

TEST(AtomicFile, keeps_the_mode_and_follows_links) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  std::filesystem::permissions(folder / "a", std::filesystem::perms(0640));
  std::filesystem::create_symlink("a", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_EQ(text_of(folder / "a"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(std::filesystem::status(folder / "a").permissions(), std::filesystem::perms(0640));
  const mode_t mask = ::umask(027);
  write_file_atomically(folder / "b", "");
  ::umask(mask);
  EXPECT_EQ(std::filesystem::status(folder / "b").permissions(), std::filesystem::perms(0640));
}

TEST(AtomicFile, a_full_disk_leaves_what_was_there) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  // A limit on the size of files stands for the disk: the first bytes are accepted, the others refused.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FAILURE(write_file_atomically(folder / "a", std::string(5000, 'x')),
                 "a: cannot write: File too large");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.names(), (Names{"a"}));
  EXPECT_FAILURE(write_file_atomically("/dev/full", "x"), "/dev/full: cannot write: No space left on device");
}

TEST(AtomicFile, says_what_is_wrong_before_anything_is_written) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "file", "x");
  EXPECT_FAILURE(check_writable(folder / "no" / "a"), "cannot write: the folder does not exist");
  EXPECT_FAILURE(check_writable(folder / "file" / "a"), "cannot write: Not a directory");
  EXPECT_FAILURE(check_writable(folder.path()), "cannot write: is a folder");
  check_writable(folder / "fine");
  EXPECT_EQ(folder.names(), (Names{"file"}));
}

// Permissions do not bind root, who is nobody while one of these lives.
class Unprivileged {
 public:
  Unprivileged() { become(65534); }
  ~Unprivileged() { become(0); }

 private:
  void become(uid_t user) const {
    if (root_ && ::setresuid(user, user, 0) != 0) ADD_FAILURE() << "setresuid";
  }
  const bool root_ = ::getuid() == 0;
};

TEST(AtomicFile, obeys_permissions) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "protected", "x");
  std::filesystem::permissions(folder / "protected", std::filesystem::perms(0444));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  {
    const Unprivileged user;
    EXPECT_FAILURE(check_writable(folder / "protected"), "protected: cannot write: Permission denied");
    check_writable(folder / "new");
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  {
    const Unprivileged user;
    EXPECT_FAILURE(check_writable(folder / "new"), "new: cannot write: Permission denied");
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
}

}  // namespace
}  // namespace nst
