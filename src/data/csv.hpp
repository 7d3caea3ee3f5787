// CSV as RFC 4180 describes it and pandas writes it: commas, fields quoted with '"' where needed, a quote inside
// doubled, line breaks allowed within quotes. Lines end in LF, CRLF or CR; a leading byte order mark and blank lines
// are skipped. A reader belongs to one thread and keeps only the current record, so memory does not grow with the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace checkbox::data {

inline constexpr std::size_t kMaxCsvFieldBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxCsvFields = 1000;  // per record

class CsvReader {
 public:
  // `text` must outlive the reader. `name` (a file name) opens every error message.
  CsvReader(std::string_view text, std::string_view name);

  // Reads the next record into `fields`; false at the end. kCorrupt, with the line number, for an open quote at the end
  // of the file, text after a closing quote, a quote inside an unquoted field or a NUL byte; kLimitExceeded likewise.
  [[nodiscard]] Result<bool> next(std::vector<std::string>& fields);

  // Line, counted from 1, on which the record that next() gave last begins.
  [[nodiscard]] std::size_t line() const { return record_line_; }

 private:
  [[nodiscard]] Result<std::string> quoted_field();
  [[nodiscard]] Result<std::string> plain_field();
  [[nodiscard]] bool at_line_end() const;
  void skip_line_end();

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_line_ = 0;
};

// Appends one record ended by "\n", quoting the fields that need it and no others.
void append_csv_record(std::string& text, const std::vector<std::string>& fields);

}  // namespace checkbox::data
