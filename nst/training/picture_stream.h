// A data set of pictures: a folder, as an endless stream of random crops.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace nst {

// Every picture file in a folder and the folders below it, by its extension, sorted; hidden ones are left
// out. Throws std::runtime_error when the folder cannot be read or holds none.
std::vector<std::filesystem::path> find_pictures(const std::filesystem::path& folder);

struct CropOptions {
  int64_t size = 256;  // of the square crops, pixels
  // A picture's shorter side is first resized to a random length in [smallest, largest]; 0 stands for `size`.
  int64_t smallest = 0, largest = 0;
  bool flip = true;  // half of the crops are mirrored
};

struct StreamOptions {
  CropOptions crop = {};
  uint64_t seed = 0;
  int threads = 1;    // that decode ahead
  int64_t ahead = 8;  // crops they may be ahead by
};

// Crop number i is a function of the files, the options and i: every epoch, each file comes once, in a new
// order. So the whole position of a run in its data is a number.
class PictureStream {
 public:
  // Starts the threads. Throws std::invalid_argument on sizes that make no sense or without files.
  PictureStream(std::vector<std::filesystem::path> files, const StreamOptions& options);
  ~PictureStream();

  // Crops first, first + 1, ... as (count, size, size, 3), RGB, 0..255. Asking in order is quick; any other
  // order works. A file that cannot be read is skipped: its crop is taken from the next one of the epoch.
  // Throws std::runtime_error when no file can be read.
  Tensor crops(int64_t first, int64_t count);

  int64_t files() const;
  // The files that could not be read so far, and why.
  std::map<std::filesystem::path, std::string> skipped() const;

 private:
  class Decoder;
  std::unique_ptr<Decoder> decoder_;
};

// A number that changes with the files' names or sizes on disk: whether a data set is the same as before.
std::string fingerprint(const std::vector<std::filesystem::path>& files);

}  // namespace nst
