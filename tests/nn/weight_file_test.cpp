// The readers on files that PyTorch, safetensors and onnx wrote (scripts/golden/make_weight_files.py), and on
// files that must be refused.
#include "nn/weight_file.h"

#include <gtest/gtest.h>

#include "nn/pickle.h"
#include "tensor/file.h"
#include "tests/support.h"

namespace nst::nn {
namespace {

std::string fixture(const std::string& name) {
  return std::string(NST_SOURCE_DIR) + "/tests/data/weights/" + name;
}

std::vector<double> values(const Tensor& t) { return t.to_vector<double>(); }

// Every tensor of the "types" files counts up in row-major order, the floating-point ones in quarters.
std::vector<double> counted(int64_t count, double step) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i) * step);
  return numbers;
}

void expect_tensor(const WeightFile& file, const std::string& name, StoredType type, const Shape& shape,
                   double step) {
  SCOPED_TRACE(name);
  ASSERT_TRUE(file.tensors().contains(name));
  EXPECT_EQ(file.tensors().at(name).type, type);
  EXPECT_EQ(file.tensors().at(name).shape, shape);
  const Tensor t = file.read(name);
  EXPECT_EQ(t.shape(), shape);
  EXPECT_EQ(t.dtype(), dtype_of(type));
  EXPECT_EQ(values(t), counted(shape.numel(), step));
}

void expect_numbers(const WeightFile& file) {
  expect_tensor(file, "float32", StoredType::float32, {2, 3}, 0.25);
  expect_tensor(file, "float64", StoredType::float64, {2, 3}, 0.25);
  expect_tensor(file, "float16", StoredType::float16, {2, 3}, 0.25);
  expect_tensor(file, "bfloat16", StoredType::bfloat16, {2, 3}, 0.25);
  expect_tensor(file, "int64", StoredType::int64, {2, 3}, 1);
  expect_tensor(file, "int32", StoredType::int32, {2, 3}, 1);
  expect_tensor(file, "int8", StoredType::int8, {2, 3}, 1);
  expect_tensor(file, "uint8", StoredType::uint8, {2, 3}, 1);
  EXPECT_EQ(values(file.read("boolean")), (std::vector<double>{0, 1, 1}));
}

void expect_layouts(const WeightFile& file) {
  expect_tensor(file, "int16", StoredType::int16, {2, 3}, 1);
  expect_tensor(file, "scalar", StoredType::float32, {}, 0);
  expect_tensor(file, "empty", StoredType::float32, {0, 3}, 0);
  expect_tensor(file, "four_axes", StoredType::float32, {2, 3, 2, 2}, 0.25);
  expect_tensor(file, "transposed", StoredType::float32, {3, 2}, 0.25);
  expect_tensor(file, "strided", StoredType::float32, {2, 3}, 0.25);
}

TEST(WeightFile, reads_every_type_and_layout_from_torch) {
  const std::map<std::string, std::string> formats{{"types_zip.pth", "PyTorch, zip container"},
                                                   {"types_protocol4.pth", "PyTorch, zip container"},
                                                   {"types_legacy.pth", "PyTorch, legacy container"}};
  for (const auto& [name, format] : formats) {
    SCOPED_TRACE(name);
    const auto file = open_weights(fixture(name));
    EXPECT_EQ(file.format(), format);
    EXPECT_EQ(file.tensors().size(), 16u);
    expect_numbers(file);
    expect_layouts(file);
    expect_tensor(file, "tied", StoredType::float32, {2, 3}, 0.25);
  }
}

TEST(WeightFile, reads_every_type_from_safetensors) {
  const auto file = open_weights(fixture("types.safetensors"));
  EXPECT_EQ(file.format(), "safetensors");
  EXPECT_EQ(file.tensors().size(), 15u);
  expect_numbers(file);
  expect_layouts(file);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"licence", "none"}, {"naïve", "✓"}}));
}

TEST(WeightFile, reads_every_type_from_onnx) {
  const auto file = open_weights(fixture("types.onnx"));
  EXPECT_EQ(file.format(), "ONNX");
  EXPECT_EQ(file.tensors().size(), 11u);
  expect_numbers(file);
  expect_tensor(file, "raw_float32", StoredType::float32, {2, 3}, 0.25);
  expect_tensor(file, "raw_float16", StoredType::float16, {2, 3}, 0.25);
}

TEST(WeightFile, flattens_checkpoints) {
  const std::map<std::string, std::vector<double>> expected{
      {"state_dict.0.weight", {1}},
      {"state_dict.0.bias", {2}},
      {"state_dict.1.weight", {3}},
      {"state_dict.1.bias", {4}},
      {"parameters.0", {5}},
      {"parameters.1.0", {6}},
      {"7.x", {7}},
  };
  for (const auto* name : {"checkpoint_zip.pth", "checkpoint_legacy.pth"}) {
    SCOPED_TRACE(name);
    std::map<std::string, std::vector<double>> found;
    for (const auto& [key, tensor] : read_weights(fixture(name))) found[key] = values(tensor);
    EXPECT_EQ(found, expected);
  }
}

TEST(WeightFile, refuses_what_is_no_weights) {
  const auto refuses = [](const std::string& name, const std::string& why) {
    EXPECT_FAILURE(open_weights(fixture(name)), fixture(name) + ": " + why);
  };
  refuses("refused_os_system_zip.pth", "refused: the pickle names posix.system");
  refuses("refused_os_system_legacy.pth", "refused: the pickle names posix.system");
  refuses("refused_module.pth", "refused: the pickle names torch.nn.modules.linear.Linear");
  refuses("refused_torchscript.pt", "a TorchScript archive");
  refuses("refused_list.pth", "holds no dictionary of tensors");
  refuses("refused_no_tensors.pth", "holds no tensors");
  refuses("refused_plain_pickle.pkl", "not a weight file");
  refuses("refused_other.zip", "a zip archive, but not one that torch.save wrote");
  refuses("refused_expanded.pth", "tensor huge (1048576, 1048576) lies outside its storage of 1 elements");
  refuses("refused_bomb.pth", "archive/data/0 expands to 4194304 bytes");
  refuses("refused_external.onnx", "tensor elsewhere lies in another file");
  EXPECT_FAILURE(open_weights(fixture("missing.pth")), "missing.pth: no such file");
  EXPECT_FAILURE(open_weights(fixture("")), "is a folder");
  EXPECT_FAILURE(open_weights(std::filesystem::path("/dev/null")), "/dev/null: not a regular file");
  EXPECT_FAILURE(open_weights(std::string(NST_SOURCE_DIR) + "/LICENSE"), "LICENSE: not a weight file");
}

FileBytes file_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return FileBytes::from({bytes.begin(), bytes.end()}, "file");
}

std::string text_of(const std::string& name) {
  const auto bytes = read_file(fixture(name), 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(WeightFile, says_what_is_missing_from_a_truncated_file) {
  EXPECT_FAILURE(open_weights(file_of("")), "file: empty");
  EXPECT_FAILURE(open_weights(file_of("\x89HDF\r\n\x1a\n")), "file: HDF5");
  const std::string legacy = text_of("checkpoint_legacy.pth");
  const auto expected =
      fmt::format(" needs 4 bytes at {}, the file has {}", legacy.size() - 4, legacy.size() - 1);
  EXPECT_FAILURE(open_weights(file_of(legacy.substr(0, legacy.size() - 1))), "file: truncated: tensor ");
  EXPECT_FAILURE(open_weights(file_of(legacy.substr(0, legacy.size() - 1))), expected);
  const std::string zip = text_of("types_zip.pth");
  EXPECT_FAILURE(open_weights(file_of(zip.substr(0, zip.size() / 2))), "file: damaged zip archive");
  const std::string onnx = text_of("types.onnx");
  EXPECT_FAILURE(open_weights(file_of(onnx.substr(0, onnx.size() / 2))), "file: damaged ONNX model");
}

TEST(WeightFile, knows_a_weight_file_by_its_beginning) {
  for (const auto* name : {"types_zip.pth", "types_legacy.pth", "types.safetensors", "types.onnx"}) {
    EXPECT_TRUE(is_weight_file(file_of(text_of(name).substr(0, 20)))) << name;
  }
  EXPECT_TRUE(is_weight_file(file_of("\x89HDF\r\n\x1a\n")));
  for (const auto* text : {"", "PK", "P6 1 1 255 abc", "words"})
    EXPECT_FALSE(is_weight_file(file_of(text))) << text;
}

TEST(WeightFile, a_damaged_zip_entry_fails_its_checksum) {
  std::string zip = text_of("types_zip.pth");
  const float needle[] = {0.25f, 0.5f, 0.75f};
  const size_t at = zip.find(std::string(reinterpret_cast<const char*>(needle), sizeof needle));
  ASSERT_NE(at, std::string::npos);
  zip[at + 3] ^= 1;
  EXPECT_FAILURE(open_weights(file_of(zip)).read_all(), "CRC");
}

TEST(WeightFile, messages_do_not_repeat_a_files_control_characters) {
  EXPECT_FAILURE(file_of("x").fail("a \x1b[31m name\n"), "file: a ?[31m name?");
}

// ---- Pickles made by hand
// ----------------------------------------------------------------------------------

std::string operator""_s(const char* text, size_t size) { return {text, size}; }  // with embedded zeros

void run(const std::string& pickle) {
  const auto file = file_of(pickle);
  ByteReader reader(file, file.bytes());
  read_pickle(file, reader);
}

TEST(Pickle, refuses_names_and_opcodes) {
  EXPECT_FAILURE(run("\x80\x02\x63os\nsystem\nq"), "refused: the pickle names os.system");
  EXPECT_FAILURE(run("\x80\x04\x8c\x08"
                     "builtins\x8c\x04"
                     "eval\x93."),
                 "refused: the pickle names builtins.eval");
  EXPECT_FAILURE(run("(S'ls'\nios\nsystem\n."), "opcode 0x53");
  EXPECT_FAILURE(run("ctorch\nFloatStorage\n)R."), "torch.FloatStorage is not a function");
  EXPECT_FAILURE(run("ctorch._utils\n_rebuild_tensor_v2\n)R."), "a tensor has a storage");
  EXPECT_FAILURE(run("ccollections\nOrderedDict\n)\x81."), "opcode 0x81");
}

TEST(Pickle, refuses_broken_programs) {
  EXPECT_FAILURE(run(""), "truncated");
  EXPECT_FAILURE(run("."), "a value is missing");
  EXPECT_FAILURE(run("t."), "a mark is missing");
  EXPECT_FAILURE(run("N(0."), "a value is missing");  // what lies below a mark cannot be popped
  EXPECT_FAILURE(run("h\x07."), "nothing is remembered as 7");
  EXPECT_FAILURE(run("}(Nu."), "a key without a value");
  EXPECT_FAILURE(run("NNa."), "a list");
  EXPECT_FAILURE(run("X\xff\xff\xff\x7f."), "truncated: 2147483647 bytes expected");
  EXPECT_FAILURE(run("\x8a\x09"
                     "123456789."),
                 "an integer of 9 bytes");
  EXPECT_FAILURE(run("cno newline"), "no end of line");
  EXPECT_FAILURE(run(std::string((1 << 20) + 1, 'N') + "."), "more than 1048576 values");
}

TEST(Pickle, reads_integers_of_every_width) {
  const auto file =
      file_of("(K\xffM\xff\xffJ\xfe\xff\xff\xff\x8a\x00\x8a\x01\x80\x8a\x06\x00\x00\x00\x00\x00\x01t."_s);
  ByteReader reader(file, file.bytes());
  const Pickle pickle = read_pickle(file, reader);
  std::vector<int64_t> numbers;
  for (const auto id : pickle.get<Pickle::Sequence>(pickle.root)->items) {
    numbers.push_back(*pickle.get<int64_t>(id));
  }
  EXPECT_EQ(numbers, (std::vector<int64_t>{255, 65535, -2, 0, -128, int64_t{1} << 40}));
}

// A dictionary that holds itself must not be followed for ever, nor one that reaches a value in 16^15 ways.
TEST(Pickle, cycles_and_lattices_end) {
  const auto magic =
      "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."_s;
  EXPECT_FAILURE(open_weights(file_of(magic + "}q\x01X\x01\x00\x00\x00\x61h\x01s."_s)), "nested too deeply");
  std::string lattice = "Nq\x00"_s;
  for (char level = 0; level < 15; ++level) {
    lattice += "0](";
    for (int i = 0; i < 16; ++i) lattice += {'h', level};
    lattice += {'e', 'q', static_cast<char>(level + 1)};
  }
  lattice += "0}X\x01\x00\x00\x00\x61h\x0fs."_s;
  EXPECT_FAILURE(open_weights(file_of(magic + lattice)), "hold each other too often");
}

}  // namespace
}  // namespace nst::nn
