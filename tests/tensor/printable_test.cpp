#include "tensor/printable.h"

#include <gtest/gtest.h>

namespace nst {
namespace {

TEST(Printable, leaves_text_alone) {
  for (const std::string text :
       {"", "conv1_1.weight", "Ünïcödé ✓ 😀", "~\u00a0\ud7ff\ue000\uffff\U0010ffff"}) {
    EXPECT_EQ(printable(text, 1000), text);
  }
}

TEST(Printable, replaces_what_a_terminal_would_obey) {
  EXPECT_EQ(printable("a\x1b[2Jb\n\r\t\x7f", 1000), "a?[2Jb????");
  EXPECT_EQ(printable("a\u009b2Jb", 1000), "a??2Jb");
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 1000), "a?b");
}

TEST(Printable, replaces_bytes_that_are_no_utf8) {
  EXPECT_EQ(printable("\xff\x80 \xc0\x80 \xc3", 1000), "?? ?? ?");          // stray, overlong, cut short
  EXPECT_EQ(printable("\xed\xa0\x80 \xf4\x90\x80\x80", 1000), "??? ????");  // a surrogate, beyond U+10FFFF
  EXPECT_EQ(printable("\xe0\x80\x80 \xf0\x80\x80\x80 \xe2\x9cx", 1000), "??? ???? ??x");
}

TEST(Printable, stops_between_characters) {
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("abcd", 3), "abc...");
  EXPECT_EQ(printable("aéz", 2), "a...");
  EXPECT_EQ(printable("aéz", 3), "aé...");
}

}  // namespace
}  // namespace nst
