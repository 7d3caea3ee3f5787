// For tests: pickles, zip archives and PyTorch files put together byte by byte, so that any of them can be wrong.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace checkbox::weights::made {

using namespace std::string_literals;  // NOLINT: "\0"s

inline std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class T>
std::string little_endian(T value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}

inline std::string pickle(const std::string& body) {
  return "\x80\x02" + body + ".";
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string text(const std::string& value) {
  return "X" + little_endian(static_cast<std::uint32_t>(value.size())) + value;
}
inline std::string integer(std::int64_t value) {
  return "\x8a\x08" + little_endian(value);
}
inline std::string tuple(const std::string& items) {
  return "(" + items + "t";
}
inline std::string integers(std::initializer_list<std::int64_t> values) {
  std::string items;
  for (const auto value : values) items += integer(value);
  return tuple(items);
}
inline std::string call(const std::string& function, const std::string& arguments) {
  return function + tuple(arguments) + "R";
}

struct TensorText {
  std::string key = "0";
  std::string type = "FloatStorage";
  std::int64_t stored = 6;  // elements
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes{2, 3};
  std::vector<std::int64_t> strides{3, 1};
};

inline std::string tensor(const TensorText& t) {
  const auto list = [](const std::vector<std::int64_t>& values) {
    std::string items;
    for (const auto value : values) items += integer(value);
    return tuple(items);
  };
  const std::string storage =
      tuple(text("storage") + global("torch", t.type) + text(t.key) + text("cpu") + integer(t.stored)) + "Q";
  return call(global("torch._utils", "_rebuild_tensor_v2"), storage + integer(t.offset) + list(t.sizes) +
                                                                list(t.strides) + "\x89" +
                                                                call(global("collections", "OrderedDict"), ""));
}

// {name: value} with one entry.
inline std::string dict(const std::string& name, const std::string& value) {
  return "}" + text(name) + value + "s";
}

struct ZipOptions {
  std::int32_t size_error = 0;    // added to the sizes in the central directory
  std::int32_t offset_error = 0;  // added to the local header's offset there
  std::uint32_t crc_error = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::string local_name = {};  // where it differs
};

// A zip archive of stored records; the last record is written with `options`.
inline std::string zip(const std::vector<std::pair<std::string, std::string>>& records,
                       const ZipOptions& options = {}) {
  std::string file, directory;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& [name, content] = records[i];
    const ZipOptions used = i + 1 == records.size() ? options : ZipOptions{};
    const auto u16 = [](std::size_t value) { return little_endian(static_cast<std::uint16_t>(value)); };
    const auto u32 = [](std::uint64_t value) { return little_endian(static_cast<std::uint32_t>(value)); };
    const std::string local_name = used.local_name.empty() ? name : used.local_name;
    const auto crc = static_cast<std::uint32_t>(::crc32_z(0, bytes_of(content).data(), content.size()));
    const std::string common = u16(used.flags) + u16(used.method) + u32(0) + u32(crc + used.crc_error) +
                               u32(content.size() + used.size_error) + u32(content.size() + used.size_error);
    directory += "PK\x01\x02"s + u16(20) + u16(20) + common + u16(name.size()) + u16(0) + u16(0) + u16(0) + u16(0) +
                 u32(0) + u32(file.size() + used.offset_error) + name;
    file += "PK\x03\x04"s + u16(20) + common + u16(local_name.size()) + u16(0) + local_name + content;
  }
  const auto count = little_endian(static_cast<std::uint16_t>(records.size()));
  return file + directory + "PK\x05\x06"s + std::string(4, '\0') + count + count +
         little_endian(static_cast<std::uint32_t>(directory.size())) +
         little_endian(static_cast<std::uint32_t>(file.size())) + std::string(2, '\0');
}

inline std::string floats(std::initializer_list<float> values) {
  std::string result;
  for (const float value : values) result += little_endian(value);
  return result;
}

inline std::string pytorch_zip(const std::string& data_pickle, const std::string& storage) {
  return zip({{"archive/data.pkl", data_pickle}, {"archive/data/0", storage}, {"archive/version", "3\n"}});
}

inline std::string pytorch_legacy(const std::string& object_pickle, const std::string& storage,
                                  std::int64_t stored = 6) {
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"s) + pickle("M\xe9\x03"s) +
         pickle("}" + text("little_endian") + "\x88s") + object_pickle + pickle("]" + text("0") + "a") +
         little_endian(stored) + storage;
}

}  // namespace checkbox::weights::made
