#include "nst/film_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <optional>
#include <stdexcept>
#include <vector>

#include "nst/ffmpeg.h"
#include "nst/film_sound.h"
#include "nst/image.h"
#include "tensor/file.h"

namespace nst {
namespace {

using namespace ffmpeg;

// FFmpeg's name of the container that a file name stands for.
const char* container_of(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  if (suffix == ".mp4" || suffix == ".m4v") return "mp4";
  if (suffix == ".mov") return "mov";
  if (suffix == ".mkv") return "matroska";
  throw std::invalid_argument(
      fmt::format("{}: a film's name must end in .mp4, .m4v, .mov or .mkv", path.string()));
}

const AVCodec& h264_encoder(const std::filesystem::path& path) {
  const AVCodec* encoder = avcodec_find_encoder_by_name("libx264");
  if (!encoder) throw std::runtime_error(path.string() + ": this system's libavcodec has no libx264");
  return *encoder;
}

// FFmpeg's muxers write into an AtomicFile through this. Exceptions do not pass through C: they wait here.
class Output {
 public:
  explicit Output(const std::filesystem::path& path) : file_(path) {
    constexpr int kBuffer = 1 << 16;
    auto* buffer = static_cast<uint8_t*>(av_malloc(kBuffer));
    io_ = buffer ? avio_alloc_context(buffer, kBuffer, 1, this, nullptr, write, seek) : nullptr;
    if (!io_) {
      av_free(buffer);
      throw std::bad_alloc();
    }
  }
  ~Output() {
    av_freep(&io_->buffer);
    avio_context_free(&io_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  AVIOContext* io() const { return io_; }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }
  void commit() { file_.commit(); }

 private:
  static int write(void* self, uint8_t* data, int size) {
    auto& output = *static_cast<Output*>(self);
    try {
      output.file_.write_at(output.at_, std::as_bytes(std::span(data, static_cast<size_t>(size))));
    } catch (...) {
      output.error_ = std::current_exception();
      return AVERROR(EIO);
    }
    output.at_ += size;
    output.end_ = std::max(output.end_, output.at_);
    return size;
  }
  static int64_t seek(void* self, int64_t offset, int whence) {
    auto& output = *static_cast<Output*>(self);
    switch (whence & ~AVSEEK_FORCE) {
      case AVSEEK_SIZE:
        return output.end_;
      case SEEK_SET:
        return output.at_ = offset;
      case SEEK_CUR:
        return output.at_ += offset;
      case SEEK_END:
        return output.at_ = output.end_ + offset;
      default:
        return AVERROR(EINVAL);
    }
  }

  AtomicFile file_;
  AVIOContext* io_;
  int64_t at_ = 0, end_ = 0;
  std::exception_ptr error_;
};

struct FreeMuxer {
  void operator()(AVFormatContext* muxer) const { avformat_free_context(muxer); }
};

}  // namespace

struct FilmWriter::Impl {
  Impl(const std::filesystem::path& path, const FilmInfo& like, PictureSize size,
       const FilmWriterOptions& options);
  void open_encoder(const FilmInfo& like, const FilmWriterOptions& options);
  // check(), but what the file itself said comes first.
  void check_output(int result, std::string_view what) const;
  void write_packets();

  std::string name;
  const char* container;  // known before the file is made
  PictureSize size;
  Output output;
  std::unique_ptr<AVFormatContext, FreeMuxer> muxer;
  Codec codec;
  AVStream* stream = nullptr;
  std::optional<SoundCopy> sound;
  std::string sound_problem;
  Scaler scaler;
  Frame frame = make_frame();
  Packet packet = make_packet();
  int64_t packet_duration = 0;  // in the encoder's ticks
};

FilmWriter::Impl::Impl(const std::filesystem::path& path, const FilmInfo& like, PictureSize picture_size,
                       const FilmWriterOptions& options)
    : name(path.string()), container(container_of(path)), size(picture_size), output(path) {
  if (size.height < 2 || size.width < 2) {
    throw std::invalid_argument(fmt::format("{}: a film of {} x {} pixels", name, size.width, size.height));
  }
  if (options.crf < 0 || options.crf > 51) {
    throw std::invalid_argument(fmt::format("film_writer: crf must be 0 to 51, got {}", options.crf));
  }
  av_log_set_level(AV_LOG_QUIET);  // it would print
  AVFormatContext* made = nullptr;
  check(avformat_alloc_output_context2(&made, nullptr, container, nullptr), name, "cannot write");
  muxer.reset(made);
  muxer->pb = output.io();
  muxer->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;  // no version of a library in the file
  muxer->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;   // whatever sound its format has a place for
  open_encoder(like, options);
  if (!options.sound_from.empty()) {
    try {
      sound.emplace(options.sound_from, *muxer);
      sound_problem = sound->problem();
    } catch (const std::runtime_error& error) {
      sound_problem = error.what();
    }
  }
  check_output(avformat_write_header(muxer.get(), nullptr), "cannot write");
}

void FilmWriter::Impl::open_encoder(const FilmInfo& like, const FilmWriterOptions& options) {
  const AVCodec& encoder = h264_encoder(name);
  codec.reset(avcodec_alloc_context3(&encoder));
  if (!codec) throw std::bad_alloc();
  codec->width = static_cast<int>(size.width & ~int64_t{1});
  codec->height = static_cast<int>(size.height & ~int64_t{1});
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->sample_aspect_ratio = {1, 1};
  codec->time_base = {static_cast<int>(like.tick.numerator), static_cast<int>(like.tick.denominator)};
  codec->framerate = {static_cast<int>(like.frame_rate.numerator),
                      static_cast<int>(like.frame_rate.denominator)};
  codec->color_range = AVCOL_RANGE_MPEG;
  codec->colorspace = usual_matrix(codec->height);
  codec->color_primaries = static_cast<AVColorPrimaries>(like.primaries);
  codec->color_trc = static_cast<AVColorTransferCharacteristic>(like.transfer);
  if (muxer->oformat->flags & AVFMT_GLOBALHEADER) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set_double(codec->priv_data, "crf", options.crf, 0);
  check(avcodec_open2(codec.get(), &encoder, nullptr), name, "libx264 does not take these pictures");
  packet_duration = std::max<int64_t>(1, av_rescale_q(1, av_inv_q(codec->framerate), codec->time_base));
  stream = avformat_new_stream(muxer.get(), nullptr);
  if (!stream) throw std::bad_alloc();
  check(avcodec_parameters_from_context(stream->codecpar, codec.get()), name, "cannot write");
  stream->time_base = codec->time_base;
  stream->avg_frame_rate = codec->framerate;
  stream->sample_aspect_ratio = codec->sample_aspect_ratio;
  const int width = codec->width, height = codec->height;
  scaler.reset(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, codec->pix_fmt,
                              SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
                              nullptr, nullptr, nullptr));
  if (!scaler) throw std::bad_alloc();
  constexpr int kOne = 1 << 16;
  const int* coefficients = sws_getCoefficients(scaler_matrix(codec->colorspace));
  sws_setColorspaceDetails(scaler.get(), coefficients, 1, coefficients, 0, 0, kOne, kOne);
  frame->width = width;
  frame->height = height;
  frame->format = codec->pix_fmt;
  check(av_frame_get_buffer(frame.get(), 0), name, "no picture");
}

void FilmWriter::Impl::check_output(int result, std::string_view what) const {
  output.rethrow();
  check(result, name, what);
}

void FilmWriter::Impl::write_packets() {
  int got = 0;
  while ((got = avcodec_receive_packet(codec.get(), packet.get())) >= 0) {
    if (packet->duration == 0) packet->duration = packet_duration;
    if (sound) {
      try {
        sound->write_until(static_cast<double>(packet->dts) * av_q2d(codec->time_base), name);
      } catch (const std::runtime_error&) {
        output.rethrow();
        throw;
      }
    }
    av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
    packet->stream_index = stream->index;
    check_output(av_interleaved_write_frame(muxer.get(), packet.get()), "cannot write");
  }
  if (got != AVERROR(EAGAIN) && got != AVERROR_EOF) check(got, name, "libx264 failed");
}

FilmWriter::FilmWriter(const std::filesystem::path& path, const FilmInfo& like, PictureSize size,
                       const FilmWriterOptions& options)
    : impl_(std::make_unique<Impl>(path, like, size, options)) {}
FilmWriter::~FilmWriter() = default;
FilmWriter::FilmWriter(FilmWriter&&) noexcept = default;

const std::string& FilmWriter::sound_problem() const { return impl_->sound_problem; }

void FilmWriter::write(const Tensor& picture, int64_t time) {
  Impl& film = *impl_;
  check_shape("film_writer", "picture", picture, {1, film.size.height, film.size.width, 3});
  const auto rgb = image_bytes(picture);
  check(av_frame_make_writable(film.frame.get()), film.name, "no picture");
  const uint8_t* from[4] = {rgb.data()};
  const int strides[4] = {static_cast<int>(3 * film.size.width)};
  check(sws_scale(film.scaler.get(), from, strides, 0, film.codec->height, film.frame->data,
                  film.frame->linesize),
        film.name, "a picture cannot be converted");
  film.frame->pts = time;
  check(avcodec_send_frame(film.codec.get(), film.frame.get()), film.name, "libx264 failed");
  film.write_packets();
}

void FilmWriter::commit() {
  Impl& film = *impl_;
  check(avcodec_send_frame(film.codec.get(), nullptr), film.name, "libx264 failed");
  film.write_packets();
  if (film.sound) {
    film.sound->finish(film.name);
    film.output.rethrow();
    if (film.sound_problem.empty()) film.sound_problem = film.sound->problem();
  }
  film.check_output(av_write_trailer(film.muxer.get()), "cannot write");
  avio_flush(film.muxer->pb);
  film.output.rethrow();
  film.output.commit();
}

void check_can_save_film(const std::filesystem::path& path) {
  container_of(path);
  h264_encoder(path);
  check_writable(path);
}

}  // namespace nst
