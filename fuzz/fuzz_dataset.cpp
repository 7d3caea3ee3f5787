// Any text as label_mapping.json, as splits.csv or as ds_stats.json; or the first two joined by kSeparator. What is
// accepted keeps its promises and survives being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv.hpp"
#include "data/dataset_files.hpp"

namespace {

using namespace checkbox::data;

constexpr std::string_view kSeparator = "\n---\n";

void require(bool condition) {
  if (!condition) std::abort();
}

template <class T>
bool accepted(const checkbox::Result<T>& result) {
  if (!result.ok()) require(result.error().message.starts_with("fuzz"));
  return result.ok();
}

std::vector<std::vector<std::string>> records_of(std::string_view text, bool& complete) {
  CsvReader reader(text, "fuzz");
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> fields;
  while (true) {
    const auto more = reader.next(fields);
    complete = accepted(more);
    if (!complete || !*more) return records;
    records.push_back(fields);
  }
}

void check_csv(std::string_view text) {
  bool complete = false;
  const auto records = records_of(text, complete);
  std::string written;
  for (const auto& record : records) append_csv_record(written, record);
  const auto again = records_of(written, complete);
  require(complete && again == records);
}

std::vector<std::string> check_mapping(std::string_view text) {
  const auto labels = parse_label_mapping(text, "fuzz");
  if (!accepted(labels)) return {"other", "checked", "unchecked"};
  require(!labels->empty() && labels->size() <= kMaxClasses);
  const auto again = parse_label_mapping(format_label_mapping(*labels), "fuzz");
  require(accepted(again) && *again == *labels);
  return *labels;
}

void check_splits(std::string_view text, const std::vector<std::string>& labels) {
  const auto rows = parse_splits(text, "fuzz", labels);
  if (!accepted(rows)) return;
  std::vector<Sample> samples;
  for (const auto& row : *rows) {
    require(is_inside_path(row.sample.file) && !row.sample.split.empty());
    require(row.sample.label >= 0 && static_cast<std::size_t>(row.sample.label) < labels.size());
    samples.push_back(row.sample);
  }
  const auto again = parse_splits(format_splits(samples), "fuzz", labels);
  require(accepted(again) && again->size() == samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = (*again)[i].sample;
    require(sample.file == samples[i].file && sample.label == samples[i].label && sample.split == samples[i].split);
  }
}

void check_statistics(std::string_view text) {
  const auto statistics = parse_statistics(text, "fuzz");
  if (!accepted(statistics)) return;
  const auto again = parse_statistics(format_statistics(*statistics), "fuzz");
  require(accepted(again) && again->mean == statistics->mean && again->std == statistics->std);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t separator = text.find(kSeparator);
  const auto labels = check_mapping(text.substr(0, separator));
  const std::string_view splits =
      separator == std::string_view::npos ? text : text.substr(separator + kSeparator.size());
  check_splits(splits, labels);
  check_csv(splits);
  check_statistics(text);
  static_cast<void>(is_utf8(text));
  return 0;
}
