#include "data/dataset_files.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/json.hpp"
#include "data/csv.hpp"

namespace checkbox::data {
namespace {

constexpr std::size_t kMaxExcerptBytes = 120;  // of hostile text in a message

std::string excerpt(std::string_view text) {
  return text.size() <= kMaxExcerptBytes ? std::string(text) : std::string(text.substr(0, kMaxExcerptBytes)) + "...";
}

std::optional<std::size_t> parse_index(std::string_view text) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (text.empty() || failure != std::errc() || stop != end) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;  // "01" would be a second spelling of 1
  return value;
}

// JSON objects in memory keep one of two equal keys, so they have to be looked for while parsing.
std::optional<std::string> duplicate_key(std::string_view text) {
  std::unordered_set<std::string> seen;
  std::optional<std::string> duplicate;
  const auto watch_keys = [&](int depth, Json::parse_event_t event, const Json& key) {
    if (event == Json::parse_event_t::key && depth == 1 && !seen.insert(key.get<std::string>()).second) {
      duplicate = key.get<std::string>();
    }
    return true;
  };
  [[maybe_unused]] const Json discarded = Json::parse(text, watch_keys, /*allow_exceptions=*/false);
  return duplicate;
}

Result<Json> parse_object(std::string_view text, std::string_view name) {
  CHECKBOX_TRY(Json document, parse_json(text, name));
  if (!document.is_object()) {
    return error(ErrorCode::kCorrupt, "{}: a JSON object expected, found {}", name, document.type_name());
  }
  if (const auto key = duplicate_key(text)) {
    return error(ErrorCode::kCorrupt, "{}: key \"{}\" occurs twice", name, excerpt(*key));
  }
  return document;
}

std::string json_string(const std::string& text) {
  return Json(text).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

// fmt prints the shortest digits with an exponent outside 1e-4..1e16, as Python does, but drops the ".0" of integers.
std::string python_repr(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

struct Columns {
  std::size_t count = 0;
  std::size_t file = 0;
  std::size_t label = 0;
  std::size_t split = 0;
};

Result<std::size_t> find_column(const std::vector<std::string>& header, std::string_view column,
                                std::string_view name) {
  const auto found = std::ranges::find(header, column);
  if (found == header.end()) {
    return error(ErrorCode::kCorrupt,
                 "{}: no column \"{}\"; the header must name filepath, label and split, found \"{}\"", name, column,
                 excerpt(fmt::format("{}", fmt::join(header, ","))));
  }
  if (std::find(found + 1, header.end(), column) != header.end()) {
    return error(ErrorCode::kCorrupt, "{}: column \"{}\" occurs twice", name, column);
  }
  return static_cast<std::size_t>(found - header.begin());
}

Result<Columns> parse_header(const std::vector<std::string>& header, std::string_view name) {
  Columns columns{.count = header.size()};
  CHECKBOX_TRY(columns.file, find_column(header, "filepath", name));
  CHECKBOX_TRY(columns.label, find_column(header, "label", name));
  CHECKBOX_TRY(columns.split, find_column(header, "split", name));
  return columns;
}

std::optional<std::size_t> find_label(const std::string& text, const std::vector<std::string>& labels) {
  if (const auto index = parse_index(text)) {
    return *index < labels.size() ? index : std::nullopt;
  }
  const auto found = std::ranges::find(labels, text);
  if (found == labels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - labels.begin());
}

Result<std::array<double, 3>> channel_values(const Json& document, const char* key, std::string_view name) {
  const auto found = document.find(key);
  const auto wrong = [&] {
    return error(
        ErrorCode::kCorrupt, "{}: key \"{}\": a list of 3 numbers in 0..1 expected, found {}", name, key,
        found == document.end() ? "none" : excerpt(found->dump(-1, ' ', true, Json::error_handler_t::replace)));
  };
  if (found == document.end() || !found->is_array() || found->size() != 3) return wrong();
  std::array<double, 3> values{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!(*found)[i].is_number()) return wrong();
    values[i] = (*found)[i].get<double>();
    if (!(values[i] >= 0 && values[i] <= 1)) return wrong();
  }
  return values;
}

}  // namespace

bool is_inside_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    const unsigned lead = *at++;
    if (lead < 0x80) continue;
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || end - at < more) return false;
    std::uint32_t code = lead & (0x3fu >> more);
    for (int i = 0; i < more; ++i) {
      if ((at[i] & 0xc0) != 0x80) return false;
      code = code << 6 | (at[i] & 0x3fu);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    at += more;
  }
  return true;
}

Result<std::vector<std::string>> parse_label_mapping(std::string_view text, std::string_view name) {
  CHECKBOX_TRY(const Json document, parse_object(text, name));
  if (document.empty()) return error(ErrorCode::kCorrupt, "{}: no classes", name);
  if (document.size() > kMaxClasses) {
    return error(ErrorCode::kLimitExceeded, "{}: {} classes; the limit is {}", name, document.size(), kMaxClasses);
  }
  std::vector<std::string> labels(document.size());
  std::unordered_set<std::string> seen;
  for (const auto& [key, value] : document.items()) {
    const auto index = parse_index(key);
    if (!index) {
      return error(ErrorCode::kCorrupt, "{}: keys must be the integers 0 to {}, found \"{}\"", name, labels.size() - 1,
                   excerpt(key));
    }
    if (*index >= labels.size()) {
      std::size_t gap = 0;
      while (document.contains(std::to_string(gap))) ++gap;
      return error(ErrorCode::kCorrupt, "{}: key \"{}\" with {} classes leaves a gap: \"{}\" is missing", name,
                   excerpt(key), labels.size(), gap);
    }
    if (!value.is_string() || value.get_ref<const std::string&>().empty() ||
        value.get_ref<const std::string&>().size() > kMaxNameBytes) {
      return error(ErrorCode::kCorrupt, "{}: key \"{}\": a class name of 1 to {} bytes expected", name, key,
                   kMaxNameBytes);
    }
    labels[*index] = value.get<std::string>();
    if (!seen.insert(labels[*index]).second) {
      return error(ErrorCode::kCorrupt, "{}: class name \"{}\" occurs twice", name, labels[*index]);
    }
  }
  return labels;
}

std::string format_label_mapping(const std::vector<std::string>& labels) {
  std::string text = "{";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", i, json_string(labels[i]));
  }
  return text + "}";
}

Result<std::vector<SplitRow>> parse_splits(std::string_view text, std::string_view name,
                                           const std::vector<std::string>& labels) {
  CsvReader reader(text, name);
  std::vector<std::string> fields;
  CHECKBOX_TRY(const bool has_header, reader.next(fields));
  if (!has_header)
    return error(ErrorCode::kCorrupt, "{}: empty; a header with filepath, label and split expected", name);
  CHECKBOX_TRY(const Columns columns, parse_header(fields, name));

  std::vector<SplitRow> rows;
  std::unordered_map<std::string, std::size_t> line_of_file;
  while (true) {
    CHECKBOX_TRY(const bool has_row, reader.next(fields));
    if (!has_row) return rows;
    const std::size_t line = reader.line();
    if (rows.size() == kMaxRows) {
      return error(ErrorCode::kLimitExceeded, "{}: more than {} rows", name, kMaxRows);
    }
    if (fields.size() != columns.count) {
      return error(ErrorCode::kCorrupt, "{}, line {}: {} fields, but the header has {}", name, line, fields.size(),
                   columns.count);
    }
    std::string& file = fields[columns.file];
    std::string& split = fields[columns.split];
    if (!is_inside_path(file)) {
      return error(ErrorCode::kCorrupt, "{}, line {}: filepath \"{}\" is not a path inside the dataset folder", name,
                   line, excerpt(file));
    }
    const auto label = find_label(fields[columns.label], labels);
    if (!label) {
      return error(ErrorCode::kCorrupt, "{}, line {}: label \"{}\" is neither an index 0 to {} nor one of {}", name,
                   line, excerpt(fields[columns.label]), labels.size() - 1,
                   excerpt(fmt::format("{}", fmt::join(labels, ", "))));
    }
    if (split.empty() || split.size() > kMaxNameBytes) {
      return error(ErrorCode::kCorrupt, "{}, line {}: a split name of 1 to {} bytes expected", name, line,
                   kMaxNameBytes);
    }
    if (const auto [earlier, is_new] = line_of_file.try_emplace(file, line); !is_new) {
      return error(ErrorCode::kCorrupt, "{}, line {}: \"{}\" is already listed in line {}", name, line, excerpt(file),
                   earlier->second);
    }
    rows.push_back({Sample{std::move(file), static_cast<int>(*label), std::move(split)}, line});
  }
}

std::string format_splits(const std::vector<Sample>& samples) {
  std::string text;
  append_csv_record(text, {"", "filepath", "label", "split"});
  for (std::size_t i = 0; i < samples.size(); ++i) {
    append_csv_record(text, {std::to_string(i), samples[i].file, std::to_string(samples[i].label), samples[i].split});
  }
  return text;
}

Result<Statistics> parse_statistics(std::string_view text, std::string_view name) {
  CHECKBOX_TRY(const Json document, parse_object(text, name));
  Statistics statistics;
  CHECKBOX_TRY(statistics.mean, channel_values(document, "mean", name));
  CHECKBOX_TRY(statistics.std, channel_values(document, "std", name));
  return statistics;
}

std::string format_statistics(const Statistics& statistics) {
  const auto list = [](const std::array<double, 3>& values) {
    return fmt::format("[{}, {}, {}]", python_repr(values[0]), python_repr(values[1]), python_repr(values[2]));
  };
  return fmt::format("{{\"mean\": {}, \"std\": {}}}", list(statistics.mean), list(statistics.std));
}

}  // namespace checkbox::data
