// FFmpeg's C interface with owners and exceptions, for the files that read and write films; no other file
// includes its headers.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace nst::ffmpeg {

struct Free {
  void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using Input = std::unique_ptr<AVFormatContext, Free>;  // opened for reading
using Codec = std::unique_ptr<AVCodecContext, Free>;
using Frame = std::unique_ptr<AVFrame, Free>;
using Packet = std::unique_ptr<AVPacket, Free>;
using Scaler = std::unique_ptr<SwsContext, Free>;

// Throw std::bad_alloc.
Frame make_frame();
Packet make_packet();

// Throws std::runtime_error "NAME: what: FFmpeg's reason" for a negative result; else returns it.
int check(int result, std::string_view name, std::string_view what);

// Opens a film file for reading and finds its streams. Only the containers of film_file.h, plain sound and
// local files are tried, so that no play list can name other files. Throws std::runtime_error.
Input open_input(const std::filesystem::path& path);

// When the first of a film's streams begins, in ticks of one of them, where that is after 0: broadcasts begin
// at any time. Taken off all times, so that what is written begins at 0.
int64_t beginning(const AVFormatContext& film, AVRational tick);

// The matrix between RGB and YUV that a picture of so many rows is taken to have when it does not say:
// ITU-R BT.601 below 720 rows, BT.709 from there on.
AVColorSpace usual_matrix(int64_t rows);
// sws_getCoefficients' number for it.
int scaler_matrix(AVColorSpace matrix);

}  // namespace nst::ffmpeg
