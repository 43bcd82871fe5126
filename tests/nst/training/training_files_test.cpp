// What a training run writes: its log, its checkpoints, its events.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "nst/training/event_file.h"
#include "nst/training/training_folder.h"
#include "nst/training/training_log.h"
#include "tensor/file.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::read_bytes;
using testing::TemporaryFolder;

TrainingStep step_of(int64_t number, double loss) {
  TrainingStep step;
  step.step = number;
  step.losses = {{"total", loss}, {"style", loss / 3}};
  step.gradient_norm = 0.1;
  step.learning_rate = 1e-3;
  step.seconds = static_cast<double>(number);
  return step;
}

TEST(TrainingLog, is_json_lines_that_read_back_to_the_bit) {
  TemporaryFolder folder;
  TrainingLog log(folder / "log.jsonl", 0);
  log.write(step_of(1, 1.0 / 3));
  EXPECT_EQ(read_bytes(folder / "log.jsonl"),
            R"({"step":1,"total":0.3333333333333333,"style":0.1111111111111111,"gradient_norm":0.1,)"
            R"("learning_rate":0.001,"seconds":1.0})"
            "\n");
  const auto steps = read_training_log(folder / "log.jsonl", 10);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].losses, step_of(1, 1.0 / 3).losses);
  EXPECT_EQ(steps[0].gradient_norm, 0.1);
}

TEST(TrainingLog, drops_what_came_after_the_checkpoint_and_half_lines) {
  TemporaryFolder folder;
  const auto path = folder / "log.jsonl";
  std::string text;
  for (int i = 1; i <= 4; ++i) text += to_json(step_of(i, i)) + "\n";
  write_file_atomically(path, text + R"({"step":5,"tot)");
  EXPECT_EQ(read_training_log(path, 100).size(), 4u);
  TrainingLog log(path, 2);
  log.write(step_of(3, 7));
  const auto steps = read_training_log(path, 100);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].losses[0].second, 2);
  EXPECT_EQ(steps[2].losses[0].second, 7);
}

TEST(TrainingFolder, keeps_the_newest_checkpoints_and_finds_the_last_good_one) {
  TemporaryFolder root;
  TrainingFolder folder(root / "run");
  EXPECT_FAILURE(newest_checkpoint(folder.root()), "holds no checkpoint");
  for (const int64_t step : {0, 5, 10, 100000000}) {
    folder.save_checkpoint(step, {{"x", Tensor::full({1}, static_cast<double>(step))}}, "settings", 3);
  }
  EXPECT_EQ(folder.checkpoints(), (std::vector<int64_t>{5, 10, 100000000}));
  const auto newest = newest_checkpoint(folder.root());
  EXPECT_EQ(newest.path, folder.checkpoint(100000000));
  EXPECT_EQ(newest.state.at("x").item(), 100000000);
  EXPECT_EQ(newest.settings, "settings");
  // A damaged one is passed over.
  const std::string whole = read_bytes(folder.checkpoint(100000000));
  write_file_atomically(folder.checkpoint(100000000), whole.substr(0, whole.size() - 1));
  EXPECT_EQ(newest_checkpoint(folder.root()).path, folder.checkpoint(10));
}

TEST(TrainingFolder, says_why_it_cannot_be_made) {
  TemporaryFolder root;
  write_file_atomically(root / "file", "");
  EXPECT_FAILURE(TrainingFolder(root / "file"), "Not a directory");
}

TEST(TrainingFolder, tells_samples_and_sweeps_by_their_names) {
  TemporaryFolder root;
  TrainingFolder folder(root / "run");
  write_file_atomically(folder.sample(20), "");
  write_file_atomically(folder.sample(3), "");
  write_file_atomically(folder.root() / "samples" / "notes.txt", "");
  EXPECT_EQ(folder.samples(), (std::vector<int64_t>{3, 20}));
  for (const double factor : {10.0, 0.25}) write_file_atomically(folder.sweep_sample(factor), "");
  const auto sweep = folder.sweep_samples();
  ASSERT_EQ(sweep.size(), 2u);
  EXPECT_EQ(sweep[0].first, 0.25);
  EXPECT_EQ(sweep[1].first, 10);
}

// RFC 3720, B.4.
TEST(Crc32c, of_published_examples) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

template <class T>
T number_at(const std::string& bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// The events of the folder's only file, each checked against its checksums.
std::vector<std::string> events_in(const TemporaryFolder& folder) {
  EXPECT_EQ(folder.names().size(), 1u);
  EXPECT_TRUE(folder.names()[0].starts_with("events.out.tfevents.")) << folder.names()[0];
  const std::string bytes = read_bytes(folder / folder.names()[0]);
  const auto masked = [](std::string_view part) { return std::rotr(crc32c(part), 15) + 0xa282ead8u; };
  std::vector<std::string> events;
  for (size_t at = 0; at < bytes.size();) {
    const auto length = number_at<uint64_t>(bytes, at);
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 8), masked(bytes.substr(at, 8)));
    events.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(number_at<uint32_t>(bytes, at + 12 + length), masked(events.back()));
    at += length + 16;
  }
  return events;
}

// An event without its wall time, field 1, a double.
std::string body(const std::string& event) {
  EXPECT_EQ(event[0], '\x09');
  return event.substr(9);
}

TEST(EventFile, holds_events_as_tensorboard_reads_them) {
  TemporaryFolder folder;
  EventFile file(folder.path(), 0);
  file.scalars(300, {{"loss/total", 1.5}, {"x", -2}});
  const std::string picture = "picture";
  file.image(300, "sample", std::as_bytes(std::span(picture)), {.height = 2, .width = 200});
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(body(events[0]),
            "\x1a\x0d"
            "brain.Event:2");
  // step 300, then a summary of two values: tag and float.
  EXPECT_EQ(body(events[1]), std::string("\x10\xac\x02\x2a\x1d"
                                         "\x0a\x11\x0a\x0aloss/total\x15\x00\x00\xc0\x3f"
                                         "\x0a\x08\x0a\x01x\x15\x00\x00\x00\xc0",
                                         5 + 19 + 10));
  EXPECT_EQ(body(events[2]), std::string("\x10\xac\x02\x2a\x1c\x0a\x1a\x0a\x06sample\x22\x10"
                                         "\x08\x02\x10\xc8\x01\x18\x03\x22\x07picture",
                                         5 + 2 + 8 + 2 + 7 + 9));
}

TEST(EventFile, of_a_resumed_run_says_from_where) {
  TemporaryFolder folder;
  EventFile file(folder.path(), 7);
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(body(events[1]), "\x10\x07\x3a\x02\x08\x01");  // step 7, a session log: start
}

}  // namespace
}  // namespace nst
