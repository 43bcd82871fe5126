#include "nst/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "nst/child_process.h"
#include "tensor/file.h"

namespace nst {
namespace {

constexpr long kConnectSeconds = 30;
// Slower than this for so long counts as a broken connection.
constexpr long kStalledBytesPerSecond = 100, kStalledSeconds = 60;
constexpr long kMaxRedirects = 10;
constexpr long kRangeNotSatisfiable = 416;

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlDeleter>;

Curl make_curl() {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  Curl curl(global == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) throw std::runtime_error("download: libcurl does not start");
  return curl;
}

// The file being appended to.
class PartFile {
 public:
  PartFile(const std::filesystem::path& path, bool resume) : path_(path) {
    const int truncate = resume ? 0 : O_TRUNC;
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | truncate, 0666);
    struct stat status {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) fail();
    size_ = static_cast<uint64_t>(status.st_size);
  }
  ~PartFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  uint64_t size() const { return size_; }
  void append(const char* data, size_t count) {
    while (count > 0) {
      const ssize_t written = ::write(descriptor_, data, count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      data += written;
      count -= static_cast<size_t>(written);
      size_ += static_cast<uint64_t>(written);
    }
  }
  void sync() {
    if (::fsync(descriptor_) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error(
        fmt::format("{}: cannot write: {}", path_.string(), std::generic_category().message(errno)));
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

// What the callbacks of one transfer share. libcurl is C: an exception waits here until it has returned.
struct Transfer {
  PartFile& part;
  const DownloadOptions& options;
  uint64_t start;  // bytes there were before
  std::exception_ptr error{};
};

// Runs f, which returns whether to go on, and keeps what it throws.
template <class F>
bool guarded(Transfer& transfer, F&& f) {
  try {
    return f();
  } catch (...) {
    transfer.error = std::current_exception();
    return false;
  }
}

size_t on_data(char* data, size_t, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const bool kept = guarded(transfer, [&] {
    if (transfer.part.size() + count > transfer.options.max_bytes) {
      throw std::runtime_error(fmt::format("more than {} bytes", transfer.options.max_bytes));
    }
    transfer.part.append(data, count);
    return true;
  });
  return kept ? count : 0;
}

int on_transfer(void* user, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  const bool go_on = guarded(transfer, [&] {
    if (transfer.options.on_progress) {
      transfer.options.on_progress(transfer.part.size(),
                                   total > 0 ? transfer.start + static_cast<uint64_t>(total) : 0);
    }
    return true;
  });
  return go_on ? 0 : 1;
}

enum class Outcome { complete, cannot_resume };

Outcome transfer_once(const std::string& url, PartFile& part, const DownloadOptions& options) {
  Transfer transfer{part, options, part.size()};
  std::array<char, CURL_ERROR_SIZE> reason{};
  const Curl curl = make_curl();
  const bool secure = url.starts_with("https://");
  const auto set = [&](CURLoption option, auto value) {
    if (curl_easy_setopt(curl.get(), option, value) != CURLE_OK) {
      throw std::runtime_error(fmt::format("{}: libcurl lacks an option", url));
    }
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https,http,file");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMaxRedirects);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, kStalledBytesPerSecond);
  set(CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  set(CURLOPT_USERAGENT, "nst");
  set(CURLOPT_ERRORBUFFER, reason.data());
  set(CURLOPT_WRITEFUNCTION, on_data);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_XFERINFOFUNCTION, on_transfer);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.start));

  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (transfer.error) std::rethrow_exception(transfer.error);
  if (code == CURLE_OK) return Outcome::complete;
  const bool refused = code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME ||
                       (code == CURLE_HTTP_RETURNED_ERROR && status == kRangeNotSatisfiable);
  if (refused && transfer.start > 0) return Outcome::cannot_resume;
  throw std::runtime_error(
      fmt::format("{}: {}", url, reason[0] != '\0' ? reason.data() : curl_easy_strerror(code)));
}

void check_online(const std::string& what) {
  const char* offline = std::getenv("NST_OFFLINE");
  if (!offline || std::string_view(offline).empty() || std::string_view(offline) == "0") return;
  throw std::runtime_error(what + ": not fetched, because NST_OFFLINE is set");
}

// Removes what a download left behind, unless it is worth resuming.
class Remainder {
 public:
  Remainder(std::filesystem::path path, bool resumable) : path_(std::move(path)), resumable_(resumable) {}
  ~Remainder() {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(path_, ignored);
    if (!ignored && (size == 0 || !resumable_)) std::filesystem::remove(path_, ignored);
  }
  Remainder(const Remainder&) = delete;
  Remainder& operator=(const Remainder&) = delete;

 private:
  std::filesystem::path path_;
  bool resumable_;
};

// Bytes of the largest file in a folder and those below it: what a downloader is at work on.
uint64_t largest_file(const std::filesystem::path& folder) {
  std::error_code ignored;  // files come and go meanwhile
  uint64_t largest = 0;
  for (std::filesystem::recursive_directory_iterator at(folder, ignored), end; at != end;
       at.increment(ignored)) {
    if (!at->is_regular_file(ignored)) continue;
    const auto size = at->file_size(ignored);
    if (!ignored) largest = std::max<uint64_t>(largest, size);
  }
  return largest;
}

// The end of a log, where the reason is.
std::string last_lines(const std::filesystem::path& log) {
  constexpr size_t kMaxLog = 1 << 20, kMaxTail = 600;
  const auto bytes = read_file(log, kMaxLog);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() > kMaxTail) text.remove_prefix(text.size() - kMaxTail);
  return std::string(text);
}

}  // namespace

void download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options) {
  if (!url.starts_with("file://")) check_online(url);
  const std::filesystem::path part_path = path.string() + ".part";
  const Remainder remainder(part_path, options.resume);
  bool resume = options.resume;
  for (;;) {
    PartFile part(part_path, resume);
    if (transfer_once(url, part, options) == Outcome::complete) {
      part.sync();
      break;
    }
    resume = false;  // from the beginning: the server will not give the rest, or there is none
  }
  std::filesystem::rename(part_path, path);
}

void pip_download(const std::string& requirement, const std::filesystem::path& folder,
                  const DownloadProgress& on_progress) {
  check_online(requirement);
  const auto log = folder / "pip.log";
  const int status =
      run_child_process({"python3", "-m", "pip", "download", "--no-deps", "--only-binary",
                         ":all:", "--no-input", "--disable-pip-version-check", "--progress-bar", "off",
                         "--retries", "2", "--dest", folder.string(), requirement},
                        // It fetches into a temporary folder first.
                        {.log = log, .environment = {"TMPDIR=" + folder.string()}, .on_wait = [&] {
                           if (on_progress) on_progress(largest_file(folder), 0);
                         }});
  if (status == 0) return;
  throw std::runtime_error(
      fmt::format("pip download {} failed with status {}: {}", requirement, status, last_lines(log)));
}

}  // namespace nst
