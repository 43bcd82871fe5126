#include "nn/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tensor/file.h"
#include "tests/support.h"

namespace nst::nn {
namespace {

using testing::random_tensor;
using testing::TemporaryFolder;

TEST(Safetensors, round_trip_is_exact) {
  const TemporaryFolder folder;
  const StateDict state{{"b.weight", random_tensor({3, 2, 3, 3}, DType::float32, 1)},
                        {"a", random_tensor({5}, DType::float64, 2)},
                        {"scalar", random_tensor({}, DType::float32, 3)},
                        {"none", Tensor::zeros({0, 4})}};
  const std::map<std::string, std::string> metadata{{"licence", "CC0 \"quoted\"\n"}, {"é", "日本"}};
  write_safetensors(folder / "a.safetensors", state, {.metadata = metadata});
  const auto file = open_weights(folder / "a.safetensors");
  EXPECT_EQ(file.metadata(), metadata);
  const StateDict back = file.read_all();
  ASSERT_EQ(back.size(), state.size());
  for (const auto& [name, tensor] : state) {
    EXPECT_EQ(back.at(name).shape(), tensor.shape());
    ASSERT_EQ(back.at(name).dtype(), tensor.dtype());
    if (tensor.numel() == 0) continue;
    EXPECT_EQ(std::memcmp(back.at(name).raw(), tensor.raw(), tensor.bytes()), 0) << name;
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.safetensors"});

  write_safetensors(folder / "b.safetensors", state, {.metadata = metadata});
  EXPECT_EQ(read_file(folder / "a.safetensors", 1 << 20), read_file(folder / "b.safetensors", 1 << 20));
}

TEST(Safetensors, float16_halves_the_file_and_rounds_to_nearest) {
  const TemporaryFolder folder;
  // 2049 lies between 2048 and 2050, and goes to the even one; 65519 still rounds down to the largest.
  const StateDict state{{"x", Tensor::from<float>({6}, {0.1f, -1, 2049, 65519, 6e-8f, 0})}};
  write_safetensors(folder / "x", state, {.float16 = true});
  const auto file = open_weights(folder / "x");
  EXPECT_EQ(file.tensors().at("x").type, StoredType::float16);
  EXPECT_EQ(file.read("x").to_vector<float>(),
            (std::vector<float>{0.0999755859375f, -1, 2048, 65504, 0x1p-24f, 0}));
  EXPECT_INVALID(write_safetensors(folder / "y", {{"x", Tensor::full({1}, 65520)}}, {.float16 = true}),
                 "65504");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"x"});
}

TEST(Safetensors, refuses_to_write_nonsense) {
  const TemporaryFolder folder;
  EXPECT_INVALID(write_safetensors(folder / "a", {{"x", Tensor()}}), "'x' is undefined");
  EXPECT_INVALID(write_safetensors(folder / "a", {{"__metadata__", Tensor::zeros({1})}}), "__metadata__");
  EXPECT_INVALID(write_safetensors(folder / "a", {{"\xff", Tensor::zeros({1})}}), "UTF-8");
  EXPECT_FAILURE(write_safetensors(folder / "no" / "a", {{"x", Tensor::zeros({1})}}), "cannot write");
  EXPECT_TRUE(folder.names().empty());
}

// A file with this header and this many bytes of elements.
FileBytes with_header(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  file += header + std::string(data_bytes, '\0');
  const auto bytes = std::as_bytes(std::span(file));
  return FileBytes::from({bytes.begin(), bytes.end()}, "bad.safetensors");
}

void refuses(const std::string& header, size_t data_bytes, const std::string& why) {
  SCOPED_TRACE(header.substr(0, 200));
  EXPECT_FAILURE(open_safetensors(with_header(header, data_bytes)), "bad.safetensors: " + why);
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, accepts_its_own_kind) {
  const auto file = with_header("{" + entry("a", "[2]", "[0,8]") + "}", 8);
  EXPECT_TRUE(is_safetensors(file));
  EXPECT_EQ(open_safetensors(file).read("a").to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_TRUE(open_safetensors(with_header("{}", 0)).tensors().empty());
  EXPECT_FAILURE(open_safetensors(file).read("b"), "no tensor b");
}

TEST(Safetensors, refuses_bad_headers) {
  refuses("{", 0, "bad header");
  refuses("{}{}", 0, "bad header");
  refuses("[]", 0, "bad header: not an object");
  refuses("{\"a\":1}", 0, "bad header: 'a' is not an object");
  refuses("{\"\xff\":{}}", 0, "bad header");
  refuses("{\"a\":" + std::string(100000, '['), 0, "bad header: nested too deeply");
  refuses(R"({"__metadata__":{"a":1}})", 0, "bad header: metadata 'a' is not a string");
  refuses(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "bad header: tensor a has no dtype");
  refuses(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "bad header: tensor a has no shape");
  refuses(R"({"a":{"dtype":"F32","shape":[1]}})", 4, "bad header: tensor a has no data_offsets");
  refuses(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1,
          "tensor a is of the type F8_E4M3");
  refuses("{" + entry("a", "[1]", "[0,4]") + "," + entry("a", "[1]", "[0,4]") + "}", 4,
          "bad header: 'a' is there twice");
  refuses("{" + entry("a", "[-1]", "[0,4]") + "}", 4, "bad header: tensor a has a shape that is not a size");
  refuses("{" + entry("a", "[1.5]", "[0,4]") + "}", 4, "bad header: tensor a has a shape that is not a size");
  refuses("{" + entry("a", "[1]", "[4]") + "}", 4, "bad header: tensor a has bad data_offsets");
  refuses("{" + entry("a", "[1]", "[4,0]") + "}", 4, "bad header: tensor a has bad data_offsets");
  refuses("{" + entry("a", "[1,1,1,1,1,1,1]", "[0,4]") + "}", 4, "tensor a has 7 axes");
  refuses("{" + entry("a", "[4294967296,4294967296]", "[0,4]") + "}", 4, "tensor a has the impossible shape");
}

TEST(Safetensors, refuses_elements_that_do_not_fit) {
  refuses("{" + entry("a", "[2]", "[0,4]") + "}", 4, "tensor a is F32 (2) but has 4 bytes");
  refuses("{" + entry("a", "[1]", "[0,5]") + "}", 5, "tensor a is F32 (1) but has 5 bytes");
  refuses("{" + entry("a", "[2]", "[0,8]") + "}", 4, "truncated: tensor a needs 8 bytes at ");
  refuses("{" + entry("a", "[2]", "[0,8]") + "," + entry("b", "[2]", "[4,12]") + "}", 12,
          "tensor b starts at 4, where 8 was expected: tensors overlap");
  refuses("{" + entry("a", "[1]", "[0,4]") + "," + entry("b", "[1]", "[8,12]") + "}", 12,
          "tensor b starts at 8, where 4 was expected: tensors leave a gap");
  refuses("{" + entry("a", "[1]", "[0,4]") + "}", 6, "2 bytes follow the last tensor");
}

TEST(Safetensors, refuses_lengths_beyond_the_file) {
  for (const uint64_t length : {uint64_t{3}, uint64_t{1} << 24, (uint64_t{1} << 24) + 1, ~uint64_t{0}}) {
    std::vector<std::byte> bytes(10, std::byte{'{'});
    std::memcpy(bytes.data(), &length, sizeof length);
    const auto file = FileBytes::from(bytes, "bad.safetensors");
    EXPECT_FAILURE(open_weights(file), length <= uint64_t{1} << 24 ? "truncated: the header" : "bad header");
  }
}

}  // namespace
}  // namespace nst::nn
