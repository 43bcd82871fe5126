#include "nst/setting_grid.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support.h"

namespace nst {
namespace {

using Strings = std::vector<std::string>;
using Axes = std::vector<SettingAxis>;

TEST(SettingAxis, is_a_name_and_its_values) {
  const auto axis = parse_setting_axis("style_weight=1e2,1e3,0.5");
  EXPECT_EQ(axis.name, "style_weight");
  EXPECT_EQ(axis.values, (Strings{"1e2", "1e3", "0.5"}));
  EXPECT_EQ(parse_setting_axis("init=noise").values, Strings{"noise"});
  EXPECT_EQ(parse_setting_axis("style=a=b.png,c.png").values, (Strings{"a=b.png", "c.png"}));
}

TEST(SettingAxis, semicolons_leave_commas_alone) {
  EXPECT_EQ(parse_setting_axis("style_layers=relu1_1;relu1_1,relu2_1:0.5").values,
            (Strings{"relu1_1", "relu1_1,relu2_1:0.5"}));
}

TEST(SettingAxis, refuses_what_is_none) {
  EXPECT_INVALID(parse_setting_axis("style_weight"), "'style_weight': no setting is named");
  EXPECT_INVALID(parse_setting_axis("=1,2"), "no setting is named");
  EXPECT_INVALID(parse_setting_axis("style_weight="), "the list is empty");
  EXPECT_INVALID(parse_setting_axis("a=1,,2"), "a value is empty");
  EXPECT_INVALID(parse_setting_axis("a=1,2,"), "a value is empty");
  EXPECT_INVALID(parse_setting_axis("a=1,2,1"), "a value comes twice");
}

TEST(SettingGrid, is_every_combination_once_the_first_axis_fastest) {
  const SettingGrid grid(Axes{{"a", {"1", "2", "3"}}, {"b", {"x", "y"}}});
  ASSERT_EQ(grid.size(), 6u);
  EXPECT_EQ(grid.values(0), (Strings{"1", "x"}));
  EXPECT_EQ(grid.values(1), (Strings{"2", "x"}));
  EXPECT_EQ(grid.values(3), (Strings{"1", "y"}));
  EXPECT_EQ(grid.name(5), "a=3 b=y");
  EXPECT_EQ(grid.name(5, 1), "b=y");
  std::set<Strings> all;
  for (size_t i = 0; i < grid.size(); ++i) all.insert(grid.values(i));
  EXPECT_EQ(all.size(), 6u);
}

TEST(SettingGrid, refuses_grids_that_make_no_sense) {
  EXPECT_INVALID(SettingGrid(Axes{}), "at least one setting");
  EXPECT_INVALID(SettingGrid(Axes{{"a", {}}}), "'a' has no values");
  EXPECT_INVALID(SettingGrid(Axes{{"a", {"1"}}, {"a", {"2"}}}), "'a' is varied twice");
  EXPECT_EQ(SettingGrid(Axes{{"a", Strings(16)}, {"b", Strings(16)}}).size(), 256u);
  EXPECT_INVALID(SettingGrid(Axes{{"a", Strings(16)}, {"b", Strings(17)}}),
                 "a grid of 272 cells; at most 256");
  EXPECT_INVALID(SettingGrid(Axes{{"a", Strings(300)}, {"b", Strings(300)}}), "300 and more cells");
}

}  // namespace
}  // namespace nst
