// TensorBoard's event files: a sequence of TFRecords, each an Event protocol buffer.
//   record = length (uint64), masked crc of the length (uint32), the event, masked crc of the event (uint32)
// all little-endian, where a masked crc is crc32c rotated right by 15 bits plus 0xa282ead8.
// https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nst/picture_size.h"

namespace nst {

class EventFile {
 public:
  // Creates a file of its own, events.out.tfevents.SECONDS.nst.NUMBER, in the folder. TensorBoard reads all
  // of a folder's files as one run, and with `first_step` > 0 forgets what the earlier ones say from there
  // on. Throws std::runtime_error when it cannot be written.
  EventFile(const std::filesystem::path& folder, int64_t first_step);

  // Named numbers of a step, "loss/total".
  void scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);
  // A PNG or JPEG file's bytes and its size.
  void image(int64_t step, const std::string& tag, std::span<const std::byte> file, PictureSize size);

 private:
  void write(std::string_view event);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
};

// The checksum of Castagnoli's polynomial.
uint32_t crc32c(std::string_view bytes);

}  // namespace nst
