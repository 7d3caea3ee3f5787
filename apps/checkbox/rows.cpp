#include "checkbox/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"

namespace checkbox {
namespace {

constexpr int kProbabilityDecimals = 6;
constexpr int kElapsedDecimals = 3;
constexpr std::size_t kMaxFileColumns = 60;  // a longer name pushes its own row to the right, not all rows

// fmt pads by code points it knows the width of; names from outside are padded here, by display_width.
std::string padded(const std::string& text, std::size_t width) {
  const std::size_t used = cli::display_width(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

std::string right(const std::string& text, std::size_t width) {
  const std::size_t used = cli::display_width(text);
  return used < width ? std::string(width - used, ' ') + text : text;
}

constexpr std::size_t kNumberColumns = 9;

std::size_t number_columns(const std::string& label) {
  return std::max(cli::display_width(label), kNumberColumns);
}

}  // namespace

RowWriter::RowWriter(RowFormat format, std::vector<std::string> labels, bool with_truth)
    : format_(format), labels_(std::move(labels)), with_truth_(with_truth) {}

std::string RowWriter::begin() const {
  if (format_ == RowFormat::kJson) return "[";
  if (format_ != RowFormat::kCsv) return "";
  std::string line = with_truth_ ? "file,truth,label,confidence" : "file,label,confidence";
  for (const auto& label : labels_) line += "," + cli::csv_field("probability_" + label);
  return line + ",elapsed_ms,error\n";
}

std::string RowWriter::row(Row row) {
  switch (format_) {
    case RowFormat::kJsonLines:
      return json_object(row) + "\n";
    case RowFormat::kCsv:
      return csv_line(row);
    case RowFormat::kJson:
      return (std::exchange(first_, false) ? "\n  " : ",\n  ") + json_object(row);
    case RowFormat::kTable:
      break;
  }
  if (measured_) return table_line(row);
  held_.push_back(std::move(row));
  return held_.size() < kMeasuredRows ? "" : measured_rows();
}

std::string RowWriter::end() {
  if (format_ == RowFormat::kJson) return first_ ? "]\n" : "\n]\n";
  return format_ == RowFormat::kTable && !measured_ ? measured_rows() : "";
}

std::string RowWriter::json_object(const Row& row) const {
  std::string text = fmt::format("{{\"file\": {}", cli::json_string(row.file));
  if (row.truth) text += fmt::format(", \"truth\": {}", cli::json_string(*row.truth));
  if (!row.prediction) return text + fmt::format(", \"error\": {}}}", cli::json_string(row.error));
  const Prediction& prediction = *row.prediction;
  text += fmt::format(", \"label\": {}, \"confidence\": {}, \"probabilities\": {{", cli::json_string(prediction.label),
                      cli::decimal(static_cast<double>(prediction.confidence), kProbabilityDecimals));
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", cli::json_string(labels_[i]),
                        cli::decimal(static_cast<double>(prediction.probabilities[i]), kProbabilityDecimals));
  }
  return text + fmt::format("}}, \"elapsed_ms\": {}}}", cli::decimal(row.elapsed_ms, kElapsedDecimals));
}

std::string RowWriter::csv_line(const Row& row) const {
  std::string line = cli::csv_field(row.file);
  if (with_truth_) line += "," + cli::csv_field(row.truth.value_or(""));
  if (!row.prediction) return line + std::string(labels_.size() + 4, ',') + cli::csv_field(row.error) + "\n";
  const Prediction& prediction = *row.prediction;
  line += fmt::format(",{},{}", cli::csv_field(prediction.label),
                      cli::decimal(static_cast<double>(prediction.confidence), kProbabilityDecimals));
  for (const float probability : prediction.probabilities) {
    line += "," + cli::decimal(static_cast<double>(probability), kProbabilityDecimals);
  }
  return line + fmt::format(",{},\n", cli::decimal(row.elapsed_ms, kElapsedDecimals));
}

std::string RowWriter::table_line(const Row& row) const {
  std::string line = padded(cli::printable(row.file), file_width_) + "  ";
  if (!row.prediction) return line + "error: " + cli::printable(row.error) + "\n";
  line += padded(cli::printable(row.prediction->label), label_width_);
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    line += "  " +
            right(fmt::format("{:.4f}", row.prediction->probabilities[i]), number_columns(cli::printable(labels_[i])));
  }
  return line + fmt::format("  {:7.1f}\n", row.elapsed_ms);
}

std::string RowWriter::measured_rows() {
  measured_ = true;
  if (held_.empty()) return "";
  file_width_ = cli::display_width("file");
  for (const Row& row : held_) {
    file_width_ = std::max(file_width_, std::min(cli::display_width(cli::printable(row.file)), kMaxFileColumns));
  }
  label_width_ = cli::display_width("state");
  for (const auto& label : labels_) label_width_ = std::max(label_width_, cli::display_width(cli::printable(label)));

  std::string text = padded("file", file_width_) + "  " + padded("state", label_width_);
  for (const auto& label : labels_) text += "  " + right(cli::printable(label), number_columns(cli::printable(label)));
  text += fmt::format("  {:>7}\n", "ms");
  for (const Row& row : held_) text += table_line(row);
  held_.clear();
  return text;
}

}  // namespace checkbox
