// The texts of a dataset folder's three files: splits.csv, label_mapping.json, ds_stats.json. Parsing treats them as
// hostile; formatting gives the bytes that pandas and Python's json write for the same content. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "data/dataset.hpp"

namespace checkbox::data {

inline constexpr std::string_view kSplitsFile = "splits.csv";
inline constexpr std::string_view kLabelMappingFile = "label_mapping.json";
inline constexpr std::string_view kStatisticsFile = "ds_stats.json";

inline constexpr std::uint64_t kMaxSplitsBytes = std::uint64_t{256} << 20;
inline constexpr std::uint64_t kMaxJsonBytes = std::uint64_t{1} << 20;  // label_mapping.json, ds_stats.json
inline constexpr std::size_t kMaxRows = 5'000'000;
inline constexpr std::size_t kMaxClasses = 1000;
inline constexpr std::size_t kMaxNameBytes = 255;  // of a label or split name

// {"0": "other", "1": "checked"} in any order -> names by index. kCorrupt for a key that is not a decimal integer, a
// gap, a duplicate key or name, an empty name; kLimitExceeded above kMaxClasses. `name` opens every error message.
[[nodiscard]] Result<std::vector<std::string>> parse_label_mapping(std::string_view text, std::string_view name);
[[nodiscard]] std::string format_label_mapping(const std::vector<std::string>& labels);

struct SplitRow {
  Sample sample;
  std::size_t line = 0;  // in splits.csv, from 1
};

// Columns filepath, label and split in any order, others ignored. A label is an index into `labels` or one of the
// names. kCorrupt, naming the line: a missing or doubled column, another number of fields than the header has, an
// unknown label, an empty split, a file listed twice, a path that is_inside_path refuses.
[[nodiscard]] Result<std::vector<SplitRow>> parse_splits(std::string_view text, std::string_view name,
                                                         const std::vector<std::string>& labels);
// With pandas's leading index column; labels as indices.
[[nodiscard]] std::string format_splits(const std::vector<Sample>& samples);

// {"mean": [r, g, b], "std": [r, g, b]}, each in 0..1.
[[nodiscard]] Result<Statistics> parse_statistics(std::string_view text, std::string_view name);
// Numbers as Python's repr() prints them: the shortest text that reads back as the same double.
[[nodiscard]] std::string format_statistics(const Statistics& statistics);

// Whether `path` ('/' as separator) is relative, not empty and names something below the folder it is relative to,
// without "." or ".." or empty parts.
[[nodiscard]] bool is_inside_path(std::string_view path);

// Valid UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace checkbox::data
