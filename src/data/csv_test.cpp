#include "data/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/support/support.hpp"

namespace checkbox::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Records = std::vector<std::vector<std::string>>;

Result<Records> read_all(std::string_view text) {
  CsvReader reader(text, "t.csv");
  Records records;
  std::vector<std::string> fields;
  while (true) {
    CHECKBOX_TRY(const bool more, reader.next(fields));
    if (!more) return records;
    records.push_back(fields);
  }
}

TEST(CsvReader, TakesEveryLineEndingAndByteOrderMark) {
  const Records expected{{"", "a"}, {"1", "b"}};
  for (const char* text : {",a\n1,b\n", ",a\r\n1,b\r\n", ",a\r1,b\r", ",a\n1,b", "\xef\xbb\xbf,a\n\n1,b\n\n"}) {
    EXPECT_EQ(read_all(text).value(), expected) << text;
  }
}

TEST(CsvReader, FollowsRfc4180Quoting) {
  EXPECT_EQ(read_all("\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\",\"\"\n").value(),
            (Records{{"a,b", "say \"hi\"", "two\r\nlines", ""}}));
}

TEST(CsvReader, KeepsEmptyFieldsAtBothEnds) {
  EXPECT_EQ(read_all(",,\n,").value(), (Records{{"", "", ""}, {"", ""}}));
  EXPECT_TRUE(read_all("").value().empty());
}

TEST(CsvReader, CountsLinesInsideQuotes) {
  CsvReader reader("a\n\"b\nc\"\r\nd\n", "t.csv");
  std::vector<std::string> fields;
  std::vector<std::size_t> lines;
  while (reader.next(fields).value()) lines.push_back(reader.line());
  EXPECT_THAT(lines, ElementsAre(1, 2, 4));
}

TEST(CsvReader, RefusesMalformedTextByLine) {
  const auto message = [](std::string_view text) { return read_all(text).error().message; };
  EXPECT_EQ(message("a\n\"b\nc"), "t.csv, line 2: a quoted field is never closed");
  EXPECT_EQ(message("a\nb\"c\n"), "t.csv, line 2: a quote inside a field that does not begin with one");
  EXPECT_EQ(message("\"a\"b\n"), "t.csv, line 1: text after the closing quote of a field");
  EXPECT_THAT(message(std::string_view("a\0b", 3)), HasSubstr("NUL"));
  EXPECT_THAT(message(std::string_view("\"a\0b\"", 5)), HasSubstr("NUL"));
}

TEST(CsvReader, LimitsFieldsAndTheirLength) {
  EXPECT_TRUE(read_all(std::string(kMaxCsvFieldBytes, 'x')).ok());
  EXPECT_EQ(read_all(std::string(kMaxCsvFieldBytes + 1, 'x')).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(read_all('"' + std::string(kMaxCsvFieldBytes + 1, 'x') + '"').error().code, ErrorCode::kLimitExceeded);
  EXPECT_TRUE(read_all(std::string(kMaxCsvFields - 1, ',')).ok());
  EXPECT_EQ(read_all(std::string(kMaxCsvFields, ',')).error().code, ErrorCode::kLimitExceeded);
}

const Records kAwkward{{"", "filepath", "label"},
                       {"0", "a,b.png", "x"},
                       {"1", "say \"hi\".png", " spaced "},
                       {"2", "two\nlines", "cr\rhere"},
                       {"3", "\xc3\xa9.png", "'"}};

TEST(AppendCsvRecord, WritesWhatPythonReads) {
  CHECKBOX_NEED_PYTHON("csv");
  const testing::TempDir dir;
  std::string text;
  for (const auto& record : kAwkward) append_csv_record(text, record);
  ASSERT_TRUE(write_file(dir.path() / "a.csv", text).ok());
  const auto judge = testing::run_command(
      "python3 -c 'import csv,json,sys; print(json.dumps(list(csv.reader(open(sys.argv[1],newline=\"\")))))' " +
      (dir.path() / "a.csv").string());
  EXPECT_EQ(parse_json(judge.output, "judge").value(), Json(kAwkward));
}

TEST(CsvReader, ReadsWhatPythonWrites) {
  CHECKBOX_NEED_PYTHON("csv");
  const testing::TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "a.json", Json(kAwkward).dump()).ok());
  const auto judge = testing::run_command(
      "python3 -c 'import csv,json,sys; csv.writer(sys.stdout).writerows(json.load(open(sys.argv[1])))' " +
      (dir.path() / "a.json").string());
  EXPECT_EQ(read_all(judge.output).value(), kAwkward);
}

}  // namespace
}  // namespace checkbox::data
