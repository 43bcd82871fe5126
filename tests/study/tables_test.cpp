// The pages that teach the ladders, and the model behind their numbers.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "bench/study_table.h"

namespace nst {
namespace {

using bench::StudyTable;
using kernels::study::Cost;
using kernels::study::kH100Sxm;

std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(StudyTables, are_in_the_docs_as_the_model_has_them) {
  for (const StudyTable& table : bench::study_tables()) {
    const std::string page = read(std::string(NST_SOURCE_DIR) + "/docs/study/" + table.page);
    EXPECT_EQ(with_table(page, table, kH100Sxm), page) << "run study_model --update docs/study";
  }
}

TEST(StudyTables, keep_what_was_measured) {
  const StudyTable table{
      "a", "a.md", "shape", 1, {{"01_x", "idea", {.flop = 1e9}}, {"02_y", "", {.flop = 1}}}};
  const std::string page =
      "above\n<!-- study_model: begin a -->\n| `01_x` | old | 1.25 |\n"
      "<!-- study_model: end a -->\nbelow\n";
  const std::string updated = with_table(page, table, kH100Sxm);
  EXPECT_TRUE(updated.starts_with("above\n")) << updated;
  EXPECT_TRUE(updated.ends_with("below\n")) << updated;
  EXPECT_NE(updated.find("| `01_x` | idea | 1 | 0 | 0 | 0 | FMA units | 0.0149 | 100 | 1.25 |\n"),
            std::string::npos)
      << updated;
  EXPECT_NE(updated.find("| `02_y`"), std::string::npos) << updated;
  EXPECT_THROW(with_table("no marks", table, kH100Sxm), std::runtime_error);
}

TEST(RooflineModel, the_busiest_resource_decides) {
  const auto seconds = [](const Cost& cost) { return predict(cost, kH100Sxm).seconds; };
  const auto bound_by = [](const Cost& cost) { return predict(cost, kH100Sxm).bound_by; };
  EXPECT_EQ(bound_by({.flop = 67e12, .dram_bytes = 1e12}), "FMA units");
  EXPECT_EQ(bound_by({.flop = 67e12, .dram_bytes = 4e12}), "DRAM");
  EXPECT_EQ(bound_by({.flop = 67e12, .dram_bytes = 1e12, .tensor_cores = true}), "DRAM");
  EXPECT_EQ(bound_by({.dram_bytes = 1e12, .l2_bytes = 9e12}), "L2");
  EXPECT_EQ(bound_by({.l2_bytes = 9e12, .shared_bytes = 40e12}), "L1 and shared");
  EXPECT_EQ(bound_by({.dram_bytes = 1e12, .l2_bytes = 1e12, .bytes_in_flight = 1e5}), "latency");
  // An FMA a slot: what is issued besides adds to the time.
  EXPECT_EQ(bound_by({.flop = 64, .instructions = 1.1}), "issue slots");
  EXPECT_EQ(bound_by({.flop = 64, .instructions = 0.9}), "FMA units");
  EXPECT_NEAR(seconds({.flop = 66.9e12}), 1, 1e-9);
  EXPECT_NEAR(seconds({.dram_bytes = 3.35e12}), 1, 1e-9);
  EXPECT_NEAR(seconds({.flop = 66.9e12, .blocks = 33}), 4, 1e-9);  // 33 of 132 multiprocessors
  // Little's law: a thousand bytes every 480 cycles of 1.98 GHz.
  EXPECT_NEAR(seconds({.l2_bytes = 1e9, .bytes_in_flight = 1e3}), 1e6 * 480 / 1.98e9, 1e-9);
}

// What the pages claim: no rung is predicted slower than the one below it, but for those that they explain.
TEST(StudyLadders, climb) {
  using Stumble = std::pair<std::string, std::string>;
  const std::set<Stumble> explained{
      {"conv2d, conv1_2", "05_im2col"},         {"conv2d, conv1_2", "08_winograd"},
      {"conv2d, conv4_2", "05_im2col"},         {"conv2d, conv4_2", "08_winograd"},
      {"conv2d, conv4_2", "09_winograd_fused"}, {"gram, relu1_1", "02_shared_tile"},
      {"gram, relu4_1", "02_shared_tile"},      {"instance_norm, one picture", "04_coalesced_block"}};
  std::set<Stumble> stumbles;
  for (const StudyTable& table : bench::study_tables()) {
    for (size_t i = 1; i < table.rows.size(); ++i) {
      const double below = predict(table.rows[i - 1].cost, kH100Sxm).seconds;
      if (!(predict(table.rows[i].cost, kH100Sxm).seconds <= below * (1 + 1e-12))) {
        stumbles.emplace(table.name, table.rows[i].rung);
      }
    }
  }
  EXPECT_EQ(stumbles, explained);
}

}  // namespace
}  // namespace nst
