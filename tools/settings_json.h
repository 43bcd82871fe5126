// Records of settings as JSON, by one list of their fields. `fields(f)` calls f(name, field) for each.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace nst::tools {

template <class Fields>
void write_fields(nlohmann::ordered_json& json, const Fields& fields) {
  fields([&](const char* name, const auto& field) { json[name] = field; });
}

// Throws std::invalid_argument naming the first field that is missing or of another type.
template <class Fields>
void read_fields(const nlohmann::json& json, const Fields& fields) {
  fields([&](const char* name, auto& field) {
    try {
      json.at(name).get_to(field);
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument(fmt::format("checkpoint: its setting '{}' is missing or damaged", name));
    }
  });
}

}  // namespace nst::tools
