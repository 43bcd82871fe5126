#include "nn/deeplearnjs_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tensor/file.h"

namespace nst::nn {
namespace {

using Json = nlohmann::json;
constexpr size_t kMaxManifest = 1 << 20, kMaxVariable = 256 << 20, kMaxTotal = 1 << 30;  // bytes

struct Variable {
  std::string name;
  std::filesystem::path file;
  std::vector<int64_t> sizes;
};

std::vector<Variable> variables_of(const FileBytes& manifest, const std::filesystem::path& folder) {
  std::vector<Variable> variables;
  const auto* text = reinterpret_cast<const char*>(manifest.bytes().data());
  try {
    const Json json = Json::parse(text, text + manifest.size());
    for (const auto& [name, entry] : json.items()) {
      const std::filesystem::path file = entry.at("filename").get<std::string>();
      if (file.filename() != file || file == "..") {
        manifest.fail(fmt::format("variable {} lies outside the folder, in {}", name, file.string()));
      }
      variables.push_back({name, folder / file, entry.at("shape").get<std::vector<int64_t>>()});
    }
  } catch (const Json::exception& error) {
    manifest.fail(fmt::format("not a manifest of variables: {}", error.what()));
  }
  return variables;
}

}  // namespace

WeightFile open_deeplearnjs(const std::filesystem::path& folder) {
  const auto path = folder / "manifest.json";
  if (!std::filesystem::exists(path))
    throw std::runtime_error(fmt::format("{}: is a folder without a manifest.json", folder.string()));
  const auto manifest = FileBytes::from(read_file(path, kMaxManifest), path.string());
  const auto variables = variables_of(manifest, folder);
  // All of them one after another, so that the result owns a file's bytes like every other.
  std::vector<std::byte> all;
  std::vector<size_t> begins;
  for (const Variable& variable : variables) {
    const auto bytes = read_file(variable.file, kMaxVariable);
    const Shape shape = stored_shape(manifest, variable.name, variable.sizes);
    const auto elements = static_cast<uint64_t>(shape.numel());
    if (elements > kMaxVariable || elements * sizeof(float) != bytes.size()) {
      manifest.fail(fmt::format("variable {} {} does not fit into the {} bytes of its file", variable.name,
                                shape.to_string(), bytes.size()));
    }
    if (all.size() + bytes.size() > kMaxTotal) manifest.fail("more variables than any network has");
    begins.push_back(all.size());
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  const auto file = FileBytes::from(std::move(all), folder.string());
  WeightFile weights(file, "deeplearn.js");
  for (size_t i = 0; i < variables.size(); ++i) {
    const Shape shape = stored_shape(manifest, variables[i].name, variables[i].sizes);
    const auto elements = file.slice(begins[i], static_cast<uint64_t>(shape.numel()) * sizeof(float));
    weights.add(variables[i].name, {StoredType::float32, shape, [elements, shape] {
                                      return to_tensor(StoredType::float32, elements.bytes(), shape);
                                    }});
  }
  return weights;
}

}  // namespace nst::nn
