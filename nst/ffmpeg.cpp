#include "nst/ffmpeg.h"

#include <fmt/format.h>

#include <new>
#include <stdexcept>

#include "nst/film_file.h"

namespace nst::ffmpeg {
namespace {

// FFmpeg's names of film_container()'s, and of plain sound.
constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,wav,mp3,aac,flac";

template <class T>
T* allocated(T* object) {
  if (!object) throw std::bad_alloc();
  return object;
}

}  // namespace

Frame make_frame() { return Frame(allocated(av_frame_alloc())); }
Packet make_packet() { return Packet(allocated(av_packet_alloc())); }

int check(int result, std::string_view name, std::string_view what) {
  if (result >= 0) return result;
  if (result == AVERROR(ENOMEM)) throw std::bad_alloc();
  char reason[AV_ERROR_MAX_STRING_SIZE];
  av_strerror(result, reason, sizeof reason);
  throw std::runtime_error(fmt::format("{}: {}: {}", name, what, reason));
}

Input open_input(const std::filesystem::path& path) {
  av_log_set_level(AV_LOG_QUIET);  // it would print
  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", kContainers, 0);
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* opened = nullptr;
  // The prefix keeps a colon in the name from being taken for a protocol's.
  const int result = avformat_open_input(&opened, ("file:" + path.string()).c_str(), nullptr, &options);
  av_dict_free(&options);
  check(result, path.string(), "cannot be read as a film");
  Input input(opened);
  check(avformat_find_stream_info(opened, nullptr), path.string(), "cannot be read as a film");
  return input;
}

int64_t beginning(const AVFormatContext& film, AVRational tick) {
  if (film.start_time == AV_NOPTS_VALUE || film.start_time <= 0) return 0;
  return av_rescale_q(film.start_time, AV_TIME_BASE_Q, tick);
}

AVColorSpace usual_matrix(int64_t rows) { return rows < 720 ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709; }

int scaler_matrix(AVColorSpace matrix) {
  switch (matrix) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return SWS_CS_ITU601;
  }
}

}  // namespace nst::ffmpeg

namespace nst {

std::string film_libraries() {
  const unsigned version = avcodec_version();
  return fmt::format("libavcodec {}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                     AV_VERSION_MICRO(version));
}

}  // namespace nst
