#include "data/csv.hpp"

#include <algorithm>

namespace checkbox::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string_view name) : text_(text), name_(name) {
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
}

bool CsvReader::at_line_end() const {
  return at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r');
}

void CsvReader::skip_line_end() {
  at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
  ++line_;
}

Result<bool> CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  while (at_line_end()) skip_line_end();
  if (at_ >= text_.size()) return false;
  record_line_ = line_;
  while (true) {
    if (fields.size() == kMaxCsvFields) {
      return error(ErrorCode::kLimitExceeded, "{}, line {}: more than {} fields", name_, line_, kMaxCsvFields);
    }
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    CHECKBOX_TRY(std::string field, quoted ? quoted_field() : plain_field());
    fields.push_back(std::move(field));
    if (at_ >= text_.size()) return true;
    if (at_line_end()) {
      skip_line_end();
      return true;
    }
    ++at_;  // the comma
  }
}

Result<std::string> CsvReader::plain_field() {
  const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
  const std::string_view field = text_.substr(at_, end - at_);
  if (field.size() > kMaxCsvFieldBytes) {
    return error(ErrorCode::kLimitExceeded, "{}, line {}: a field longer than {} bytes", name_, line_,
                 kMaxCsvFieldBytes);
  }
  if (field.find('"') != std::string_view::npos) {
    return error(ErrorCode::kCorrupt, "{}, line {}: a quote inside a field that does not begin with one", name_, line_);
  }
  if (field.find('\0') != std::string_view::npos) {
    return error(ErrorCode::kCorrupt, "{}, line {}: a NUL byte; not a text file", name_, line_);
  }
  at_ = end;
  return std::string(field);
}

Result<std::string> CsvReader::quoted_field() {
  const std::size_t opening_line = line_;
  std::string field;
  ++at_;
  while (true) {
    if (at_ >= text_.size()) {
      return error(ErrorCode::kCorrupt, "{}, line {}: a quoted field is never closed", name_, opening_line);
    }
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      if (at_ >= text_.size() || text_[at_] == ',' || at_line_end()) return field;
      if (text_[at_] != '"') {
        return error(ErrorCode::kCorrupt, "{}, line {}: text after the closing quote of a field", name_, line_);
      }
    } else if (c == '\0') {
      return error(ErrorCode::kCorrupt, "{}, line {}: a NUL byte; not a text file", name_, line_);
    } else if (c == '\n' || (c == '\r' && !text_.substr(at_).starts_with("\r\n"))) {
      ++line_;
    }
    if (field.size() == kMaxCsvFieldBytes) {
      return error(ErrorCode::kLimitExceeded, "{}, line {}: a field longer than {} bytes", name_, opening_line,
                   kMaxCsvFieldBytes);
    }
    field += c;
    ++at_;
  }
}

void append_csv_record(std::string& text, const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ',';
    const std::string& field = fields[i];
    // Python's csv module, which pandas writes with, also quotes a record's only field where it is empty.
    const bool alone_and_empty = fields.size() == 1 && field.empty();
    const bool like_byte_order_mark = text.empty() && field.starts_with(kByteOrderMark);
    if (!alone_and_empty && !like_byte_order_mark && field.find_first_of(",\"\r\n") == std::string::npos) {
      text += field;
      continue;
    }
    text += '"';
    for (char c : field) {
      if (c == '"') text += '"';
      text += c;
    }
    text += '"';
  }
  text += '\n';
}

}  // namespace checkbox::data
