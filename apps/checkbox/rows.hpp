// One result per image as text: a table for people, JSON, JSON lines and CSV for programs. Streams: each row gives its
// text at once, but for the first kMeasuredRows of a table, which set its column widths. One thread at a time.
#pragma once

#include <checkbox/classifier.hpp>
#include <optional>
#include <string>
#include <vector>

namespace checkbox {

struct Row {
  std::string file;
  std::optional<std::string> truth;  // the known label; `evaluate` writes it, `predict` has none
  std::optional<Prediction> prediction;
  std::string error;  // where there is no prediction
  double elapsed_ms = 0;
};

enum class RowFormat { kTable, kJson, kJsonLines, kCsv };

class RowWriter {
 public:
  // labels: the classifier's, in whose order the probabilities stand everywhere.
  RowWriter(RowFormat format, std::vector<std::string> labels, bool with_truth = false);

  // The text to write next; concatenate begin(), row()..., end().
  [[nodiscard]] std::string begin() const;
  [[nodiscard]] std::string row(Row row);
  [[nodiscard]] std::string end();

  static constexpr std::size_t kMeasuredRows = 64;

 private:
  [[nodiscard]] std::string json_object(const Row& row) const;
  [[nodiscard]] std::string csv_line(const Row& row) const;
  [[nodiscard]] std::string table_line(const Row& row) const;
  [[nodiscard]] std::string measured_rows();

  RowFormat format_;
  std::vector<std::string> labels_;
  bool with_truth_;
  bool first_ = true;
  bool measured_ = false;
  std::vector<Row> held_;        // until the columns are measured
  std::size_t file_width_ = 0;   // columns
  std::size_t label_width_ = 0;  // columns
};

}  // namespace checkbox
