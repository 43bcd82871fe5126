// Prints the study ladders' tables, or writes them into the pages that hold them; needs no GPU:
//   study_model
//   study_model --update docs/study
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "bench/study_table.h"

namespace {

using namespace nst;

void update(const std::string& folder) {
  for (const auto& table : bench::study_tables()) {
    const std::string path = folder + "/" + table.page;
    std::ifstream in(path);
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    const std::string updated = with_table(page, table, kernels::study::kH100Sxm);
    in.close();
    std::ofstream(path) << updated;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 3 && argv[1] == std::string("--update")) {
    update(argv[2]);
  } else if (argc == 1) {
    for (const auto& table : bench::study_tables()) {
      fmt::print("{}\n\n{}\n", table.name, to_markdown(table, kernels::study::kH100Sxm));
    }
  } else {
    fmt::print(stderr, "usage: study_model [--update docs/study]\n");
    return 2;
  }
} catch (const std::exception& error) {
  fmt::print(stderr, "study_model: {}\n", error.what());
  return 1;
}
