#include "nst/training/picture_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "kernels/parallel.h"
#include "nst/image.h"
#include "nst/sha256.h"
#include "nst/training/random.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 11> kExtensions{".jpg", ".jpeg", ".png", ".bmp", ".tga", ".gif",
                                                       ".psd", ".ppm",  ".pgm", ".pbm", ".pnm"};
// Streams of random numbers: orders of epochs are drawn from odd ones, crops from even ones.
constexpr uint64_t order_stream(int64_t epoch) { return 2 * static_cast<uint64_t>(epoch) + 1; }
constexpr uint64_t crop_stream(int64_t index) { return 2 * static_cast<uint64_t>(index); }

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::count(kExtensions, extension) > 0;
}

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

Tensor mirrored(const Tensor& picture) {
  const int64_t h = picture.size(1), w = picture.size(2);
  Tensor result = Tensor::empty_like(picture);
  const float* from = picture.data<float>();
  float* to = result.mutable_data<float>();
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) std::copy_n(from + (y * w + w - 1 - x) * 3, 3, to + (y * w + x) * 3);
  }
  return result;
}

}  // namespace

std::vector<fs::path> find_pictures(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator it(folder, kOptions, error), end; !error && it != end;
       it.increment(error)) {
    if (hidden(it->path())) {
      it.disable_recursion_pending();
    } else if (is_picture(it->path()) && it->is_regular_file()) {
      files.push_back(it->path());
    }
  }
  if (error) throw std::runtime_error(fmt::format("{}: {}", folder.string(), error.message()));
  if (files.empty()) throw std::runtime_error(fmt::format("{}: holds no pictures", folder.string()));
  std::ranges::sort(files);
  return files;
}

std::string fingerprint(const std::vector<fs::path>& files) {
  std::string text;
  for (const auto& file : files) {
    std::error_code gone;
    text += fmt::format("{}\n{}\n", file.filename().string(), fs::file_size(file, gone));
  }
  return sha256(std::as_bytes(std::span(text)));
}

// The threads, what they have done, and what they are to do. All members below the mutex are guarded by it.
class PictureStream::Decoder {
 public:
  Decoder(std::vector<fs::path> files, const StreamOptions& options)
      : files_(std::move(files)), options_(options) {
    auto& crop = options_.crop;
    if (crop.smallest == 0) crop.smallest = crop.size;
    if (crop.largest == 0) crop.largest = std::max(crop.smallest, crop.size);
    if (crop.size < 1 || crop.smallest < crop.size || crop.largest < crop.smallest) {
      throw std::invalid_argument(
          fmt::format("data set: crops of {} px from pictures whose shorter side is {} to {} px", crop.size,
                      crop.smallest, crop.largest));
    }
    if (files_.empty()) throw std::invalid_argument("data set: no files");
    if (options_.threads < 1 || options_.ahead < 1)
      throw std::invalid_argument("data set: at least one thread must decode, one crop ahead");
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
  }

  ~Decoder() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    to_do_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  Tensor take(int64_t index) {
    std::unique_lock lock(mutex_);
    if (index != wanted_) {  // a jump: what was decoded ahead is for nobody
      done_.clear();
      next_ = index;
      ++generation_;
    }
    wanted_ = index;
    to_do_.notify_all();
    finished_.wait(lock, [&] { return done_.contains(index); });
    const Result result = std::move(done_.extract(index).mapped());
    wanted_ = index + 1;
    to_do_.notify_all();
    if (result.error) std::rethrow_exception(result.error);
    return result.crop;
  }

  int64_t files() const { return static_cast<int64_t>(files_.size()); }

  std::map<fs::path, std::string> skipped() const {
    const std::lock_guard lock(mutex_);
    return skipped_;
  }

 private:
  struct Result {
    Tensor crop;
    std::exception_ptr error;
  };

  void work() {
    kernels::compute_alone();  // the other cores are for the training
    std::unique_lock lock(mutex_);
    while (true) {
      to_do_.wait(lock, [&] { return stopping_ || next_ < wanted_ + options_.ahead; });
      if (stopping_) return;
      const int64_t index = next_++, generation = generation_;
      lock.unlock();
      Result result;
      try {
        result.crop = crop(index);
      } catch (...) {
        result.error = std::current_exception();
      }
      lock.lock();
      if (generation == generation_) done_[index] = std::move(result);
      finished_.notify_all();
    }
  }

  std::shared_ptr<const std::vector<int64_t>> order(int64_t epoch) {
    const std::lock_guard lock(mutex_);
    auto& order = orders_[epoch];
    if (!order) {
      order = std::make_shared<const std::vector<int64_t>>(
          shuffled(files(), Random(options_.seed, order_stream(epoch))));
      std::erase_if(orders_, [&](const auto& other) { return std::abs(other.first - epoch) > 1; });
    }
    return orders_.at(epoch);
  }

  Tensor crop(int64_t index) {
    const auto epoch_order = order(index / files());
    for (int64_t i = 0; i < files(); ++i) {
      const fs::path& file =
          files_[static_cast<size_t>((*epoch_order)[static_cast<size_t>((index + i) % files())])];
      try {
        return crop_of(load_image(file), Random(options_.seed, crop_stream(index)));
      } catch (const std::runtime_error& error) {
        const std::lock_guard lock(mutex_);
        skipped_.emplace(file, error.what());
      }
    }
    throw std::runtime_error(
        fmt::format("data set: none of {} pictures could be read, {}", files(), skipped().begin()->second));
  }

  Tensor crop_of(const Tensor& picture, Random random) const {
    const auto& [size, smallest, largest, flip] = options_.crop;
    const int64_t side = smallest + random.below(largest - smallest + 1);
    const Tensor small = resize_image(picture, side, Side::shortest);
    const int64_t top = random.below(small.size(1) - size + 1), left = random.below(small.size(2) - size + 1);
    const Tensor rows = ops::slice_forward(small, {.axis = 1, .begin = top, .count = size});
    const Tensor crop = ops::affine(ops::slice_forward(rows, {.axis = 2, .begin = left, .count = size}), 255);
    return flip && random.below(2) == 1 ? mirrored(crop) : crop;
  }

  const std::vector<fs::path> files_;
  StreamOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable to_do_, finished_;
  int64_t wanted_ = 0, next_ = 0, generation_ = 0;
  bool stopping_ = false;
  std::map<int64_t, Result> done_;
  std::map<int64_t, std::shared_ptr<const std::vector<int64_t>>> orders_;  // of the epochs at work
  std::map<fs::path, std::string> skipped_;

  std::vector<std::thread> threads_;  // last: they use all the others
};

PictureStream::PictureStream(std::vector<fs::path> files, const StreamOptions& options)
    : decoder_(std::make_unique<Decoder>(std::move(files), options)) {}
PictureStream::~PictureStream() = default;

Tensor PictureStream::crops(int64_t first, int64_t count) {
  std::vector<Tensor> crops;
  for (int64_t i = 0; i < count; ++i) crops.push_back(decoder_->take(first + i));
  return ops::concat(crops, 0);
}

int64_t PictureStream::files() const { return decoder_->files(); }
std::map<fs::path, std::string> PictureStream::skipped() const { return decoder_->skipped(); }

}  // namespace nst
