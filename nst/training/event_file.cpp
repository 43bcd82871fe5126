#include "nst/training/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace nst {
namespace {

// Fields of tensorboard.Event and of what it holds.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4 };
enum ImageField { kHeight = 1, kWidth = 2, kColourSpace = 3, kEncoded = 4 };
enum SessionLogField { kStatus = 1 };
constexpr uint64_t kStatusStart = 1, kRgb = 3;

static_assert(std::endian::native == std::endian::little);

template <class T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Protocol buffers' wire format: a key of field number and kind, then the value.
class Message {
 public:
  Message& varint(int field, uint64_t value) { return key(field, 0).number(value); }
  Message& fixed(int field, double value) { return key(field, 1).raw(value); }
  Message& fixed(int field, float value) { return key(field, 5).raw(value); }
  Message& bytes(int field, std::string_view value) {
    key(field, 2).number(value.size());
    text_ += value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  Message& key(int field, uint64_t kind) { return number(static_cast<uint64_t>(field) << 3 | kind); }
  Message& number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
    return *this;
  }
  template <class T>
  Message& raw(T value) {
    append(text_, value);
    return *this;
  }

  std::string text_;
};

Message event(int64_t step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Message message;
  message.fixed(kWallTime, std::chrono::duration<double>(now).count());
  return message.varint(kStep, static_cast<uint64_t>(step));
}

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}

uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder, int64_t first_step) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  // TensorBoard reads in the order of the names; two runs may start within a second.
  path_ = folder / fmt::format("events.out.tfevents.{}.nst.{:08}", seconds.count(), first_step);
  file_.reset(std::fopen(path_.c_str(), "wb"));
  if (!file_) throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  Message version;
  write(version.fixed(kWallTime, static_cast<double>(seconds.count()))
            .bytes(kFileVersion, "brain.Event:2")
            .text());
  if (first_step > 0) {
    Message start;
    start.varint(kStatus, kStatusStart);
    write(event(first_step).bytes(kSessionLog, start.text()).text());
  }
}

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  Message summary;
  for (const auto& [name, number] : values) {
    Message value;
    value.bytes(kTag, name).fixed(kSimpleValue, static_cast<float>(number));
    summary.bytes(kValue, value.text());
  }
  write(event(step).bytes(kSummary, summary.text()).text());
}

void EventFile::image(int64_t step, const std::string& tag, std::span<const std::byte> file,
                      PictureSize size) {
  Message image, value, summary;
  image.varint(kHeight, static_cast<uint64_t>(size.height))
      .varint(kWidth, static_cast<uint64_t>(size.width))
      .varint(kColourSpace, kRgb)
      .bytes(kEncoded, {reinterpret_cast<const char*>(file.data()), file.size()});
  value.bytes(kTag, tag).bytes(kImage, image.text());
  summary.bytes(kValue, value.text());
  write(event(step).bytes(kSummary, summary.text()).text());
}

void EventFile::write(std::string_view event) {
  std::string record;
  append<uint64_t>(record, event.size());
  append(record, masked_crc(record));
  record += event;
  append(record, masked_crc(event));
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() ||
      std::fflush(file_.get()) != 0)
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
}

}  // namespace nst
