#include "tests/nst/film_files.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "nst/ffmpeg.h"
#include "nst/film_writer.h"
#include "tensor/file.h"
#include "tests/nst/picture_files.h"

namespace nst::testing {
namespace {

using namespace ffmpeg;

constexpr int kSampleRate = 16000;

double tone(int64_t sample) {
  return 0.5 * std::sin(2 * std::numbers::pi * 440 * static_cast<double>(sample) / kSampleRate);
}

// An MP4 file of one stream.
class OutputFile {
 public:
  OutputFile(const std::string& name, const AVCodecContext& codec) : name_(name) {
    check(avformat_alloc_output_context2(&file_, nullptr, "mp4", nullptr), name, "mp4");
    AVStream* stream = avformat_new_stream(file_, nullptr);
    check(avcodec_parameters_from_context(stream->codecpar, &codec), name, "parameters");
    check(avio_open(&file_->pb, name.c_str(), AVIO_FLAG_WRITE), name, "open");
    check(avformat_write_header(file_, nullptr), name, "header");
  }
  ~OutputFile() {
    avio_closep(&file_->pb);
    avformat_free_context(file_);
  }
  // What the encoder has ready.
  void drain(AVCodecContext& codec) const {
    const Packet packet = make_packet();
    while (avcodec_receive_packet(&codec, packet.get()) >= 0) {
      if (packet->duration == 0) packet->duration = 1;
      av_packet_rescale_ts(packet.get(), codec.time_base, file_->streams[0]->time_base);
      check(av_write_frame(file_, packet.get()), name_, "a packet");
      av_packet_unref(packet.get());
    }
  }
  void finish(AVCodecContext& codec) const {
    avcodec_send_frame(&codec, nullptr);
    drain(codec);
    check(av_write_trailer(file_), name_, "trailer");
  }

 private:
  std::string name_;
  AVFormatContext* file_ = nullptr;
};

}  // namespace

void write_tone(const std::filesystem::path& path, double seconds) {
  const std::string name = path.string();
  av_log_set_level(AV_LOG_QUIET);
  const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_AAC);
  const Codec codec(avcodec_alloc_context3(encoder));
  codec->sample_rate = kSampleRate;
  codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
  codec->bit_rate = 32000;
  codec->time_base = {1, kSampleRate};
  codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&codec->ch_layout, 1);
  check(avcodec_open2(codec.get(), encoder, nullptr), name, "aac");

  const OutputFile file(name, *codec);
  const int64_t samples = std::llround(seconds * kSampleRate);
  for (int64_t at = 0; at < samples; at += codec->frame_size) {
    const Frame frame = make_frame();
    frame->nb_samples = codec->frame_size;
    frame->format = codec->sample_fmt;
    frame->pts = at;
    check(av_channel_layout_copy(&frame->ch_layout, &codec->ch_layout), name, "layout");
    check(av_frame_get_buffer(frame.get(), 0), name, "buffer");
    auto* out = reinterpret_cast<float*>(frame->data[0]);
    for (int i = 0; i < codec->frame_size; ++i) out[i] = static_cast<float>(tone(at + i));
    check(avcodec_send_frame(codec.get(), frame.get()), name, "send");
    file.drain(*codec);
  }
  file.finish(*codec);
}

void write_plain_tone(const std::filesystem::path& path, double seconds) {
  const int64_t samples = std::llround(seconds * kSampleRate);
  FileBytes data;
  for (int64_t i = 0; i < samples; ++i) {
    data += little_endian(static_cast<uint16_t>(std::lround(tone(i) * 32767)), 2);
  }
  const FileBytes format = little_endian(1, 2) + little_endian(1, 2) + little_endian(kSampleRate, 4) +
                           little_endian(2 * kSampleRate, 4) + little_endian(2, 2) + little_endian(16, 2);
  write_file_atomically(path, "RIFF" + little_endian(36 + data.size(), 4) + "WAVEfmt " +
                                  little_endian(format.size(), 4) + format + "data" +
                                  little_endian(data.size(), 4) + data);
}

Tensor film_picture(const SmallFilm& film, int64_t i) {
  std::vector<float> values;
  for (int64_t y = 0; y < film.height; ++y) {
    for (int64_t x = 0; x < film.width; ++x) {
      const bool square = y >= 16 && y < 32 && x >= 4 * i && x < 4 * i + 16;
      values.push_back(square ? 0.9f : 0.2f + 0.5f * static_cast<float>(x) / static_cast<float>(film.width));
      values.push_back(square ? 0.8f : 0.3f + 0.3f * static_cast<float>(y) / static_cast<float>(film.height));
      values.push_back(square ? 0.1f : 0.6f);
    }
  }
  return Tensor::from<float>({1, film.height, film.width, 3}, values);
}

void write_film(const std::filesystem::path& path, const SmallFilm& film) {
  const FilmInfo info{.size = {film.height, film.width}, .tick = {1, 25}, .frame_rate = {25, 1}};
  FilmWriter writer(path, info, info.size, {.crf = 6, .sound_from = film.sound});
  for (size_t i = 0; i < film.times.size(); ++i) {
    writer.write(film_picture(film, static_cast<int64_t>(i)), film.times[i]);
  }
  writer.commit();
}

void write_yuv_film(const std::filesystem::path& path, const Yuv& colour) {
  av_log_set_level(AV_LOG_QUIET);
  const std::string name = path.string();
  const AVCodec* encoder = avcodec_find_encoder_by_name("libx264");
  const Codec codec(avcodec_alloc_context3(encoder));
  codec->width = 64;
  codec->height = 48;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = {1, 25};
  codec->color_range = colour.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  codec->colorspace = colour.bt709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set_int(codec->priv_data, "qp", 0, 0);
  check(avcodec_open2(codec.get(), encoder, nullptr), name, "libx264");
  const OutputFile file(name, *codec);
  const Frame frame = make_frame();
  frame->width = codec->width;
  frame->height = codec->height;
  frame->format = codec->pix_fmt;
  frame->pts = 0;
  check(av_frame_get_buffer(frame.get(), 0), name, "buffer");
  const int values[] = {colour.y, colour.u, colour.v};
  for (int plane = 0; plane < 3; ++plane) {
    std::memset(frame->data[plane], values[plane],
                static_cast<size_t>(frame->linesize[plane] * (plane == 0 ? 48 : 24)));
  }
  check(avcodec_send_frame(codec.get(), frame.get()), name, "send");
  file.finish(*codec);
}

Yuv middle_of_film(const std::filesystem::path& path) {
  const std::string name = path.string();
  const Input file = open_input(path);
  const AVStream& stream = *file->streams[0];
  const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  const Codec codec(avcodec_alloc_context3(decoder));
  check(avcodec_parameters_to_context(codec.get(), stream.codecpar), name, "parameters");
  check(avcodec_open2(codec.get(), decoder, nullptr), name, "decoder");
  const Packet packet = make_packet();
  const Frame frame = make_frame();
  check(av_read_frame(file.get(), packet.get()), name, "read");
  check(avcodec_send_packet(codec.get(), packet.get()), name, "send");
  avcodec_send_packet(codec.get(), nullptr);
  check(avcodec_receive_frame(codec.get(), frame.get()), name, "decode");
  const int y = frame->height / 2, x = frame->width / 2;
  return {frame->data[0][y * frame->linesize[0] + x], frame->data[1][y / 2 * frame->linesize[1] + x / 2],
          frame->data[2][y / 2 * frame->linesize[2] + x / 2], frame->color_range == AVCOL_RANGE_JPEG,
          frame->colorspace == AVCOL_SPC_BT709};
}

std::vector<SoundPacket> sound_packets(const std::filesystem::path& path) {
  const Input file = open_input(path);
  const Packet packet = make_packet();
  std::vector<SoundPacket> packets;
  while (av_read_frame(file.get(), packet.get()) >= 0) {
    const AVStream& stream = *file->streams[packet->stream_index];
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
      packets.push_back({av_rescale_q(packet->pts, stream.time_base, {1, 1000000}),
                         {reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size)}});
    }
    av_packet_unref(packet.get());
  }
  return packets;
}

}  // namespace nst::testing
