// `nst info` from the command line.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/run_nst.h"
#include "tests/nst/picture_files.h"

namespace nst {
namespace {

using nlohmann::json;

class InfoCommand : public testing::CommandTest {
 protected:
  static std::string data(const std::string& name) {
    return std::string(NST_SOURCE_DIR) + "/tests/data/" + name;
  }
  testing::Finished info(const std::string& file) const { return run({"info", file}); }
  json info_json(const std::string& file) const {
    const auto finished = run({"info", "--json", file});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    return json::parse(finished.out);
  }
  void expect_shows(const std::string& file, const std::vector<std::string>& lines) const {
    const auto finished = info(file);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    for (const auto& line : lines) {
      EXPECT_NE(finished.out.find(line), std::string::npos) << line << " in\n" << finished.out;
    }
  }
};

TEST_F(InfoCommand, tells_what_a_picture_is) {
  expect_shows("photo.png", {"format       PNG\n", "size         40 x 30\n", "channels     3 (RGB)\n",
                             "bits         8 per channel\n", "orientation  1 (upright)\n"});
  expect_shows(
      data("images/orientation_6_little_endian.jpg"),
      {"size         9 x 12\n", "channels     1 (grey)\n", "orientation  6 (is turned upright when read)\n"});
  EXPECT_EQ(info_json(data("images/rgba16.png")),
            json::parse(R"({"kind": "image", "format": "PNG", "width": 12,
      "height": 9, "channels": 4, "bits": 16, "orientation": 1, "file": ")" +
                        data("images/rgba16.png") + "\"}"));
  expect_shows(data("images/rgb.tga"), {"format       TGA\n"});
}

TEST_F(InfoCommand, tells_which_vgg_a_file_holds) {
  expect_shows(testing::small_vgg_file(),
               {"format       safetensors, ", "network      vgg16, up to conv2_1\n",
                "input        {\"order\":\"bgr\",\"scale\":255.0,\"mean\":[103.939,116.779,123.68]",
                "metadata     network = vgg16\n", "tensors      6, ", "conv2_1.weight  (128, 64, 3, 3)"});
  const json object = info_json(testing::small_vgg_file());
  EXPECT_EQ(object["kind"], "weights");
  EXPECT_EQ(object["network"]["name"], "vgg16");
  EXPECT_EQ(object["network"]["deepest"], "conv2_1");
  EXPECT_EQ(object["network"]["preprocessing"]["order"], "bgr");
  EXPECT_EQ(object["metadata"]["network"], "vgg16");
  EXPECT_EQ(object["tensors"].size(), 6u);
}

TEST_F(InfoCommand, tells_the_networks_that_come_with_nst) {
  const std::string weights = std::string(NST_SOURCE_DIR) + "/weights/";
  expect_shows(weights + "styles/quick.safetensors",
               {"network      transform network (nst), c7s2-32,", " styles: chrysanthemums, rocks, "});
  EXPECT_EQ(info_json(weights + "styles/quick.safetensors")["network"]["styles"][0], "chrysanthemums");
  expect_shows(weights + "adain.safetensors", {"network      AdaIN network, compact"});
  EXPECT_EQ(info_json(weights + "adain.safetensors")["network"]["name"], "adain");
}

TEST_F(InfoCommand, tells_every_tensor_of_any_weight_file) {
  for (const auto& [name, format] : std::map<std::string, std::string>{
           {"types_zip.pth", "PyTorch, zip container"},
           {"types_legacy.pth", "PyTorch, legacy container"},
           {"types.onnx", "ONNX"},
           {"types.safetensors", "safetensors"},
       }) {
    SCOPED_TRACE(name);
    const json object = info_json(data("weights/" + name));
    EXPECT_EQ(object["format"], format);
    EXPECT_EQ(object["network"], nullptr);
    EXPECT_TRUE(object["network_unknown_because"].get<std::string>().starts_with("not a VGG: "));
    std::map<std::string, json> tensors;
    for (const json& tensor : object["tensors"]) tensors[tensor["name"]] = tensor;
    EXPECT_EQ(tensors.at("float16"),
              json::parse(R"({"name": "float16", "shape": [2, 3], "dtype": "F16", "min": 0.0,
        "mean": 0.625, "max": 1.25, "not_finite": 0})"));
    if (name != "types.onnx") {
      EXPECT_EQ(tensors.at("empty")["min"], nullptr);
    }
  }
  expect_shows(data("weights/types.onnx"), {"network      not a VGG: ", "int8 "});
}

TEST_F(InfoCommand, refuses_with_the_reason) {
  const auto refused = [&](const std::string& file, const std::vector<std::string>& parts) {
    SCOPED_TRACE(file);
    expect_refused(info(file), 1, parts);
    expect_refused(run({"info", "--json", file}), 1, parts);
  };
  refused("missing.pth", {"missing.pth: no such file"});
  refused(".", {".: is a folder"});
  refused("/dev/zero", {"/dev/zero: not a regular file"});
  write("empty.pth", "");
  write("words.txt", "words, and nothing else");
  write("keras.h5", "\x89HDF\r\n\x1a\n....");
  write("photo.webp", std::string("RIFF\x20\0\0\0WEBPVP8 ", 16));
  write("cut.png", read("photo.png").substr(0, 20));
  write("cut.pth", testing::read_bytes(data("weights/types_legacy.pth")).substr(0, 1500));
  write("cut_zip.pth", testing::read_bytes(data("weights/types_zip.pth")).substr(0, 1500));
  remember_files();
  refused("empty.pth", {"empty.pth: the file is empty"});
  refused("words.txt", {"words.txt: neither a weight file (", ") nor a picture ("});
  refused("keras.h5", {"keras.h5: HDF5 (Keras .h5) cannot be read"});
  refused("photo.webp", {"photo.webp: WebP pictures are not supported"});
  refused("cut.png", {"cut.png: a PNG picture that is cut short"});
  refused("cut.pth", {"cut.pth: truncated"});
  refused("cut_zip.pth", {"cut_zip.pth: damaged zip archive"});
  for (const auto* container : {"zip", "legacy"}) {
    refused(data(fmt::format("weights/refused_os_system_{}.pth", container)),
            {"refused: the pickle names posix.system, which is no part of a file of weights"});
  }
}

TEST_F(InfoCommand, needs_one_file) {
  EXPECT_EQ(run({"info"}).exit_code, 2);
  EXPECT_EQ(run({"info", "a", "b"}).exit_code, 2);
}

}  // namespace
}  // namespace nst
