#include "weights/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "base/json.hpp"

namespace checkbox::weights {
namespace {

constexpr std::size_t kLengthBytes = 8;  // the header's length, u64 little endian
constexpr std::size_t kHeaderAlignment = 8;
constexpr int kMaxHeaderDepth = 3;  // {"name": {"shape": [..]}}

constexpr std::array kAllDTypes{DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kI64,
                                DType::kI32, DType::kI16, DType::kI8,  DType::kU8,   DType::kBool};

std::optional<DType> dtype_from_name(std::string_view spelled) {
  for (const DType dtype : kAllDTypes) {
    if (name_of(dtype) == spelled) return dtype;
  }
  return std::nullopt;
}

// parse_json keeps the last of two equal keys, which would hide a tensor; the format forbids them.
Result<Json> parse_header(std::string_view text, std::string_view name) {
  std::vector<std::set<std::string>> keys(kMaxHeaderDepth + 1);
  std::optional<std::string> duplicate;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > kMaxHeaderDepth) too_deep = true;
    if (too_deep) return false;
    if (event == Json::parse_event_t::object_start) keys[static_cast<std::size_t>(depth)].clear();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys[static_cast<std::size_t>(depth - 1)].insert(key).second) duplicate = key;
    }
    return true;
  };
  try {
    Json header = Json::parse(text, watch);
    if (too_deep) return error(ErrorCode::kCorrupt, "{}: safetensors header nested too deep", name);
    if (duplicate) return error(ErrorCode::kCorrupt, "{}: safetensors header names \"{}\" twice", name, *duplicate);
    if (!header.is_object()) return error(ErrorCode::kCorrupt, "{}: safetensors header is not an object", name);
    return header;
  } catch (const Json::exception& failure) {
    return error(ErrorCode::kCorrupt, "{}: safetensors header is not valid JSON: {}", name, failure.what());
  }
}

struct Entry {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

bool is_array_of_unsigned(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& item) {
           return item.is_number_unsigned() && item.get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
         });
}

Result<Entry> parse_entry(const std::string& key, const Json& value, std::string_view name) {
  const auto wrong = [&](std::string_view what) {
    return error(ErrorCode::kCorrupt, "{}: tensor \"{}\": {}", name, key, what);
  };
  if (!value.is_object() || value.size() != 3) return wrong("exactly dtype, shape and data_offsets are expected");
  const auto dtype_name = value.find("dtype"), shape = value.find("shape"), offsets = value.find("data_offsets");
  if (dtype_name == value.end() || !dtype_name->is_string()) return wrong("dtype is not a string");
  if (shape == value.end() || !is_array_of_unsigned(*shape)) return wrong("shape is not a list of sizes");
  if (offsets == value.end() || !is_array_of_unsigned(*offsets) || offsets->size() != 2) {
    return wrong("data_offsets is not [begin, end]");
  }
  const auto dtype = dtype_from_name(dtype_name->get_ref<const std::string&>());
  if (!dtype) {
    return error(ErrorCode::kUnsupported, "{}: tensor \"{}\": dtype \"{}\" is not one we read", name, key,
                 dtype_name->get_ref<const std::string&>());
  }
  Entry entry{key, *dtype, shape->get<std::vector<std::int64_t>>(), (*offsets)[0], (*offsets)[1]};
  CHECKBOX_TRY(const std::size_t size, checked_byte_size(entry.shape, *dtype, fmt::format("{}: \"{}\"", name, key)));
  if (entry.begin > entry.end || entry.end - entry.begin != size) {
    return wrong(fmt::format("data_offsets [{}, {}], but shape and dtype take {} bytes", entry.begin, entry.end, size));
  }
  return entry;
}

// The ranges must cover the data from its first to its last byte, each byte once.
Status check_coverage(std::vector<Entry>& entries, std::size_t data_size, std::string_view name) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      return error(ErrorCode::kCorrupt, "{}: tensor \"{}\" begins at byte {} of the data, expected {} ({})", name,
                   entry.name, entry.begin, covered, entry.begin < covered ? "ranges overlap" : "a gap");
    }
    covered = entry.end;
  }
  if (covered != data_size) {
    return error(ErrorCode::kCorrupt, "{}: {} bytes of tensor data found, the header names {}", name, data_size,
                 covered);
  }
  return {};
}

Result<std::map<std::string, std::string>> parse_metadata(const Json& value, std::string_view name) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) return error(ErrorCode::kCorrupt, "{}: __metadata__ is not an object", name);
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return error(ErrorCode::kCorrupt, "{}: __metadata__ \"{}\" is not a string", name, key);
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

}  // namespace

Result<WeightFile> parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view name) {
  if (bytes.size() < kLengthBytes) {
    return error(ErrorCode::kCorrupt, "{}: {} bytes are too few for a safetensors file", name, bytes.size());
  }
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), kLengthBytes);
  if (header_size > kMaxHeaderBytes) {
    return error(ErrorCode::kLimitExceeded, "{}: safetensors header of {} bytes, the limit is {}", name, header_size,
                 kMaxHeaderBytes);
  }
  if (header_size > bytes.size() - kLengthBytes) {
    return error(ErrorCode::kCorrupt, "{}: safetensors header of {} bytes in a file of {}", name, header_size,
                 bytes.size());
  }
  const auto header_bytes = bytes.subspan(kLengthBytes, header_size);
  const auto data = bytes.subspan(kLengthBytes + header_size);
  if (header_bytes.empty() || header_bytes[0] != '{') {
    return error(ErrorCode::kCorrupt, "{}: safetensors header does not begin with '{{'", name);
  }
  CHECKBOX_TRY(const Json header,
               parse_header({reinterpret_cast<const char*>(header_bytes.data()), header_bytes.size()}, name));

  WeightFile file;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key == kMetadataKey) {
      CHECKBOX_TRY(file.metadata, parse_metadata(value, name));
    } else {
      CHECKBOX_TRY(Entry entry, parse_entry(key, value, name));
      entries.push_back(std::move(entry));
    }
  }
  CHECKBOX_CHECK(check_coverage(entries, data.size(), name));
  for (Entry& entry : entries) {
    const auto content = std::as_bytes(data.subspan(entry.begin, entry.end - entry.begin));
    file.tensors.emplace(std::move(entry.name),
                         Tensor{entry.dtype, std::move(entry.shape), {content.begin(), content.end()}});
  }
  return file;
}

std::vector<std::uint8_t> format_safetensors(const WeightFile& file) {
  // Widest elements first keeps every tensor aligned to its element, as the format's own writer does.
  std::vector<const TensorMap::value_type*> order;
  for (const auto& entry : file.tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return size_of(a->second.dtype) > size_of(b->second.dtype); });

  OrderedJson header = OrderedJson::object();
  if (!file.metadata.empty()) header[std::string(kMetadataKey)] = file.metadata;
  std::size_t data_size = 0;
  for (const auto* entry : order) {
    const Tensor& tensor = entry->second;
    header[entry->first] = {{"dtype", name_of(tensor.dtype)},
                            {"shape", tensor.shape},
                            {"data_offsets", {data_size, data_size + tensor.bytes.size()}}};
    data_size += tensor.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');

  std::vector<std::uint8_t> bytes(kLengthBytes + text.size() + data_size);
  const std::uint64_t header_size = text.size();
  std::memcpy(bytes.data(), &header_size, kLengthBytes);
  std::memcpy(bytes.data() + kLengthBytes, text.data(), text.size());
  std::uint8_t* at = bytes.data() + kLengthBytes + text.size();
  for (const auto* entry : order) {
    const auto& content = entry->second.bytes;
    if (!content.empty()) std::memcpy(at, content.data(), content.size());
    at += content.size();
  }
  return bytes;
}

}  // namespace checkbox::weights
