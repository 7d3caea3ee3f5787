#include "common/text.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"
#include "common/suggest.hpp"

namespace checkbox::cli {
namespace {

TEST(Utf8, KeepsWhatIsWellFormed) {
  for (const std::string text : {"", "plain", "Häkchen ☑ 选中 🗹", "\x7f"}) EXPECT_EQ(to_utf8(text), text);
}

// Each malformed form of Unicode's table 3-7 once; the JSON library's own strict check is the judge.
TEST(Utf8, ReplacesWhatIsNot) {
  for (const std::string bytes : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                                  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\x80z", "\xe2\x98"}) {
    EXPECT_THROW(static_cast<void>(Json(bytes).dump()), Json::exception);
    EXPECT_NO_THROW(static_cast<void>(Json(to_utf8(bytes)).dump()));
    EXPECT_THAT(to_utf8(bytes), ::testing::HasSubstr("\xEF\xBF\xBD"));
  }
}

TEST(Printable, EscapesWhatMovesTheCursor) {
  EXPECT_EQ(printable("a\x1b[2Jb\n\xff\xc2\x9b ☑"), "a\\x1b[2Jb\\x0a\\xff\\xc2\\x9b ☑");
}

TEST(JsonString, ParsesBackToTheSameText) {
  for (const std::string& text : std::vector<std::string>{"a\"b\\c/d", "line\nfeed\ttab", {"nul\0!", 5}, "☑"}) {
    EXPECT_EQ(Json::parse(json_string(text)).get<std::string>(), text);
  }
}

TEST(Decimal, DropsTrailingZerosButOne) {
  EXPECT_EQ(decimal(0.998, 6), "0.998");
  EXPECT_EQ(decimal(1, 6), "1.0");
  EXPECT_EQ(decimal(0.00000001, 6), "0.0");
  EXPECT_EQ(decimal(100, 1), "100.0");
}

TEST(CsvField, QuotesWhereTheFormatAsksForIt) {
  EXPECT_EQ(csv_field("plain name.png"), "plain name.png");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(EditDistance, CountsTheFourEdits) {
  EXPECT_EQ(edit_distance("model", "model"), 0U);
  EXPECT_EQ(edit_distance("modle", "model"), 1U);  // swap
  EXPECT_EQ(edit_distance("mdel", "model"), 1U);
  EXPECT_EQ(edit_distance("moddel", "model"), 1U);
  EXPECT_EQ(edit_distance("nodel", "model"), 1U);
  EXPECT_EQ(edit_distance("", "model"), 5U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> options{"model", "threads", "dataset-dir"};
  EXPECT_EQ(nearest("modle", options), "model");
  EXPECT_EQ(nearest("datset-dir", options), "dataset-dir");
  EXPECT_EQ(nearest("data", options), "dataset-dir");  // the only one that begins so
  EXPECT_EQ(nearest("colour", options), std::nullopt);
  EXPECT_EQ(nearest("", options), std::nullopt);
}

}  // namespace
}  // namespace checkbox::cli
