// Copies a film's sound streams into another file as they are.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nst/ffmpeg.h"

namespace nst::ffmpeg {

class SoundCopy {
 public:
  // Adds to `output`, whose header is not written yet, a stream for each of the film's that its container
  // takes. Throws std::runtime_error when the film cannot be read.
  SoundCopy(const std::filesystem::path& film, AVFormatContext& output);

  // Writes what begins up to this time, in seconds. Throws std::runtime_error when it cannot be written.
  void write_until(double seconds, const std::string& output_name);
  // And all the rest.
  void finish(const std::string& output_name);

  const std::string& problem() const { return problem_; }

 private:
  Input film_;
  AVFormatContext* output_;
  std::map<int, AVStream*> streams_;  // by the film's number of it
  Packet packet_ = make_packet();     // the next one; without data: to be read
  bool at_end_ = false;
  std::string problem_;
};

}  // namespace nst::ffmpeg
