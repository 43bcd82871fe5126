#include "nst/film_sound.h"

#include <fmt/format.h>

#include <limits>

namespace nst::ffmpeg {

SoundCopy::SoundCopy(const std::filesystem::path& film, AVFormatContext& output)
    : film_(open_input(film)), output_(&output) {
  for (unsigned i = 0; i < film_->nb_streams; ++i) {
    AVStream* from = film_->streams[i];
    from->discard = AVDISCARD_ALL;
    if (from->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
    const AVCodecID codec = from->codecpar->codec_id;
    if (avformat_query_codec(output.oformat, codec, FF_COMPLIANCE_EXPERIMENTAL) != 1) {
      problem_ = fmt::format("{}: its sound ({}) does not fit into {}", film.string(),
                             avcodec_get_name(codec), output.oformat->long_name);
      continue;
    }
    AVStream* to = avformat_new_stream(&output, nullptr);
    if (!to) throw std::bad_alloc();
    check(avcodec_parameters_copy(to->codecpar, from->codecpar), film.string(), "its sound cannot be copied");
    to->codecpar->codec_tag = 0;  // the other container has its own
    to->time_base = from->time_base;
    to->disposition = from->disposition;
    av_dict_copy(&to->metadata, from->metadata, 0);  // its language
    from->discard = AVDISCARD_DEFAULT;
    streams_[static_cast<int>(i)] = to;
  }
}

void SoundCopy::write_until(double seconds, const std::string& output_name) {
  while (!at_end_ && !streams_.empty()) {
    if (!packet_->data) {
      const int read = av_read_frame(film_.get(), packet_.get());
      if (read < 0) {
        at_end_ = true;
        if (read != AVERROR_EOF) problem_ = "the rest of the sound is damaged";
        return;
      }
      if (!streams_.contains(packet_->stream_index)) {
        av_packet_unref(packet_.get());
        continue;
      }
    }
    const AVRational tick = film_->streams[packet_->stream_index]->time_base;
    const int64_t start = beginning(*film_, tick);
    const int64_t begin = packet_->dts != AV_NOPTS_VALUE ? packet_->dts : packet_->pts;
    if (begin != AV_NOPTS_VALUE && static_cast<double>(begin - start) * av_q2d(tick) > seconds) return;
    AVStream* to = streams_[packet_->stream_index];
    packet_->stream_index = to->index;
    packet_->pos = -1;
    if (packet_->dts != AV_NOPTS_VALUE) packet_->dts -= start;
    if (packet_->pts != AV_NOPTS_VALUE) packet_->pts -= start;
    av_packet_rescale_ts(packet_.get(), tick, to->time_base);
    // Takes the packet over, and leaves it empty.
    check(av_interleaved_write_frame(output_, packet_.get()), output_name, "cannot write sound");
  }
}

void SoundCopy::finish(const std::string& output_name) {
  write_until(std::numeric_limits<double>::infinity(), output_name);
}

}  // namespace nst::ffmpeg
