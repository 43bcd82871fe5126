#include "nst/film_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "nst/exif.h"
#include "nst/ffmpeg.h"
#include "nst/image.h"

namespace nst {
namespace {

using namespace ffmpeg;

constexpr size_t kScalerOverrun = 64;  // its vector loops may write so much beyond the last row

// The stream of pictures; covers of sound files are none.
int video_stream(const AVFormatContext& film, const std::string& name) {
  const int found =
      av_find_best_stream(const_cast<AVFormatContext*>(&film), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (found < 0 || (film.streams[found]->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
    throw std::runtime_error(name + ": a film without pictures");
  }
  return found;
}

// The EXIF number (nst/exif.h) of what the film's display matrix does:  x' = a x + c y,  y' = b x + d y.
int orientation_of(const AVStream& stream) {
  size_t size = 0;
  const uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (!data || size < 9 * sizeof(int32_t)) return 1;
  const auto* matrix = reinterpret_cast<const int32_t*>(data);
  const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) {
    return a >= 0 ? (d >= 0 ? 1 : 4) : (d >= 0 ? 2 : 3);
  }
  return c >= 0 ? (b >= 0 ? 5 : 8) : (b >= 0 ? 6 : 7);
}

// As stored, with square pixels: the side whose pixels are short is stretched.
PictureSize square_pixels(PictureSize stored, AVRational aspect) {
  if (aspect.num <= 0 || aspect.den <= 0) return stored;
  const double ratio = av_q2d(aspect);
  if (ratio > 1) stored.width = std::llround(static_cast<double>(stored.width) * ratio);
  if (ratio < 1) stored.height = std::llround(static_cast<double>(stored.height) / ratio);
  return stored;
}

// The packets that a demuxer with an index will give, which knows of cuts; 0 where there is none.
int64_t packets_in_index(const AVStream& stream) {
  if (stream.nb_frames <= 0) return 0;
  const int entries = avformat_index_get_entries_count(&stream);
  return entries > 0 ? std::min<int64_t>(stream.nb_frames, entries) : stream.nb_frames;
}

int64_t count_packets(const std::filesystem::path& path, int stream) {
  const Input film = open_input(path);
  const Packet packet = make_packet();
  int64_t count = 0;
  while (av_read_frame(film.get(), packet.get()) >= 0) {
    count += packet->stream_index == stream;
    av_packet_unref(packet.get());
  }
  return count;
}

// pixels (stored height, stored width, 3) -> (1, H, W, 3)
template <class T>
Tensor upright(const T* pixels, PictureSize size, int orientation) {
  const UprightWalk walk = upright_walk(size, orientation);
  Tensor picture = Tensor::empty({1, size.height, size.width, 3});
  float* out = picture.mutable_data<float>();
  constexpr float kFull = std::numeric_limits<T>::max();
  kernels::parallel_for(size.height, 16, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      for (int64_t x = 0; x < size.width; ++x) {
        const T* in = pixels + 3 * (walk.start + y * walk.down + x * walk.right);
        for (int c = 0; c < 3; ++c) out[(y * size.width + x) * 3 + c] = in[c] / kFull;
      }
    }
  });
  return picture;
}

}  // namespace

struct FilmReader::Impl {
  explicit Impl(const std::filesystem::path& path);
  void open_decoder();
  bool decode();
  Tensor convert();
  int64_t time_of(const AVFrame& frame);

  std::string name;
  Input film;
  AVStream* stream = nullptr;
  int orientation = 1;
  Codec codec;
  Packet packet = make_packet();
  Frame frame = make_frame();
  Scaler scaler;
  std::vector<uint16_t> pixels;  // of one picture as stored: 16 bits a channel, or 8 in its first half
  PictureSize stored{};          // with square pixels
  FilmInfo info;
  bool at_end = false, first_waits = true;
  int64_t promised = 0, packets = 0;  // of pictures: by the file's index, and read
  int64_t last_time = std::numeric_limits<int64_t>::min(), damaged = 0;
};

FilmReader::Impl::Impl(const std::filesystem::path& path) : name(path.string()), film(open_input(path)) {
  const int index = video_stream(*film, name);
  stream = film->streams[index];
  for (unsigned i = 0; i < film->nb_streams; ++i) {
    film->streams[i]->discard = static_cast<int>(i) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
  orientation = orientation_of(*stream);
  promised = packets_in_index(*stream);
  open_decoder();
  if (!decode()) throw std::runtime_error(name + ": a damaged film; not one picture can be read");
  stored = square_pixels({frame->height, frame->width},
                         av_guess_sample_aspect_ratio(film.get(), stream, frame.get()));
  const auto [h, w] = stored;
  if (h < 1 || w < 1 || h > kMaxImagePixels / w) {
    throw std::runtime_error(fmt::format("{}: {} x {} pixels are too many", name, w, h));
  }
  info.size = lies_sideways(orientation) ? PictureSize{w, h} : stored;
  info.tick = {stream->time_base.num, stream->time_base.den};
  AVRational rate = av_guess_frame_rate(film.get(), stream, nullptr);
  if (rate.num <= 0 || rate.den <= 0) rate = {25, 1};
  info.frame_rate = {rate.num, rate.den};
  info.frames = promised > 0 ? promised : count_packets(path, index);
  info.primaries = frame->color_primaries;
  info.transfer = frame->color_trc;
}

void FilmReader::Impl::open_decoder() {
  const AVCodec* decoder = avcodec_find_decoder(stream->codecpar->codec_id);
  if (!decoder) {
    throw std::runtime_error(
        fmt::format("{}: no decoder for {}", name, avcodec_get_name(stream->codecpar->codec_id)));
  }
  codec.reset(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  check(avcodec_parameters_to_context(codec.get(), stream->codecpar), name, "cannot be decoded");
  codec->pkt_timebase = stream->time_base;
  codec->max_pixels = kMaxImagePixels;
  codec->thread_count = 0;  // as many as there are cores
  check(avcodec_open2(codec.get(), decoder, nullptr), name, "cannot be decoded");
}

// The next picture into `frame`. What the decoder refuses is counted and passed over; it conceals what it
// can.
bool FilmReader::Impl::decode() {
  while (true) {
    const int got = avcodec_receive_frame(codec.get(), frame.get());
    if (got == 0) return true;
    if (got == AVERROR_EOF || (got == AVERROR(EAGAIN) && at_end)) return false;
    if (got != AVERROR(EAGAIN)) {
      ++damaged;
      if (at_end) return false;
    }
    int read = 0;
    do {
      av_packet_unref(packet.get());
      read = av_read_frame(film.get(), packet.get());
    } while (read >= 0 && packet->stream_index != stream->index);
    packets += read >= 0;
    if (read < 0) {
      const int64_t missing = promised - packets;
      damaged += missing > 0 ? missing : read != AVERROR_EOF;
      at_end = true;
      avcodec_send_packet(codec.get(), nullptr);  // what it still holds
    } else if (avcodec_send_packet(codec.get(), packet.get()) < 0) {
      ++damaged;
    }
  }
}

Tensor FilmReader::Impl::convert() {
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
  const bool deep = format && format->comp[0].depth > 8;
  const int w = static_cast<int>(stored.width), h = static_cast<int>(stored.height);
  const AVPixelFormat rgb = deep ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24;
  // Two of the names stand for full range by themselves; the scaler knows them.
  scaler.reset(sws_getCachedContext(
      scaler.release(), frame->width, frame->height, static_cast<AVPixelFormat>(frame->format), w, h, rgb,
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, nullptr, nullptr, nullptr));
  if (!scaler) {
    throw std::runtime_error(
        fmt::format("{}: pictures of the kind {} cannot be converted", name, format ? format->name : "?"));
  }
  const AVColorSpace matrix =
      frame->colorspace == AVCOL_SPC_UNSPECIFIED ? usual_matrix(frame->height) : frame->colorspace;
  const bool full = frame->color_range == AVCOL_RANGE_JPEG || frame->format == AV_PIX_FMT_YUVJ420P ||
                    frame->format == AV_PIX_FMT_YUVJ422P || frame->format == AV_PIX_FMT_YUVJ444P;
  constexpr int kOne = 1 << 16;
  const int* coefficients = sws_getCoefficients(scaler_matrix(matrix));
  sws_setColorspaceDetails(scaler.get(), coefficients, full, coefficients, 1, 0, kOne, kOne);
  pixels.resize(static_cast<size_t>(3) * w * h + kScalerOverrun);
  uint8_t* to[4] = {reinterpret_cast<uint8_t*>(pixels.data())};
  const int strides[4] = {3 * w * (deep ? 2 : 1)};
  check(sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height, to, strides), name,
        "a picture cannot be converted");
  return deep ? upright(pixels.data(), info.size, orientation) : upright(to[0], info.size, orientation);
}

// Where the film does not say when, a picture follows the one before at the film's rate.
int64_t FilmReader::Impl::time_of(const AVFrame& shown) {
  const bool first = last_time == std::numeric_limits<int64_t>::min();
  const AVRational a_picture{static_cast<int>(info.frame_rate.denominator),
                             static_cast<int>(info.frame_rate.numerator)};
  int64_t time = shown.best_effort_timestamp;
  if (time != AV_NOPTS_VALUE) {
    time -= beginning(*film, stream->time_base);
  } else {
    time = first ? 0 : last_time + std::max<int64_t>(1, av_rescale_q(1, a_picture, stream->time_base));
  }
  if (!first) time = std::max(time, last_time + 1);
  return last_time = time;
}

FilmReader::FilmReader(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
FilmReader::~FilmReader() = default;
FilmReader::FilmReader(FilmReader&&) noexcept = default;

const FilmInfo& FilmReader::info() const { return impl_->info; }
int64_t FilmReader::damaged_packets() const { return impl_->damaged; }

std::optional<FilmFrame> FilmReader::next() {
  if (!std::exchange(impl_->first_waits, false) && !impl_->decode()) return std::nullopt;
  return FilmFrame{impl_->convert(), impl_->time_of(*impl_->frame)};
}

}  // namespace nst
