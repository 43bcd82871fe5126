#include "tools/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string_view>

namespace nst::tools {
namespace {

// %* in the pattern: who speaks, when it matters.
class Prefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string_view prefix = message.level >= spdlog::level::err    ? "nst: "
                                    : message.level == spdlog::level::warn ? "nst: warning: "
                                                                           : "";
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Prefix>(); }
};

}  // namespace

void start_logging() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Prefix>('*').set_pattern("%*%v");
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("nst", std::move(sink)));
}

Verbosity verbosity_of(bool quiet, bool json, bool verbose) {
  return quiet     ? Verbosity::quiet
         : json    ? Verbosity::warnings
         : verbose ? Verbosity::verbose
                   : Verbosity::normal;
}

void set_verbosity(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return spdlog::set_level(spdlog::level::err);
    case Verbosity::warnings:
      return spdlog::set_level(spdlog::level::warn);
    case Verbosity::normal:
      return spdlog::set_level(spdlog::level::info);
    case Verbosity::verbose:
      return spdlog::set_level(spdlog::level::debug);
  }
}

}  // namespace nst::tools
