#include "weights/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

// Sizes and signatures from PKWARE's APPNOTE 6.3, section 4.3.
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint32_t kLocator64Signature = 0x07064b50;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kCentralSize = 46;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kLocator64Size = 20;
constexpr std::size_t kMaxComment = 0xffff;
constexpr std::uint16_t kExtraZip64 = 1;
constexpr std::uint16_t kFlagEncrypted = 1;
constexpr std::uint16_t kMethodStored = 0;
constexpr std::uint32_t kIn64 = 0xffffffff;  // "the value is in the zip64 field"

using Bytes = std::span<const std::uint8_t>;

template <class T>
T load(Bytes bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t count = 0;
};

struct Entry {
  std::string_view name;
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t local_offset = 0;
};

class Parser {
 public:
  Parser(Bytes bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  Result<std::map<std::string_view, ZipRecord>> parse() {
    CHECKBOX_TRY(const Directory directory, find_directory());
    CHECKBOX_TRY(const std::vector<Entry> entries, read_directory(directory));
    std::map<std::string_view, ZipRecord> records;
    std::uint64_t free_from = 0;
    for (const Entry& entry : entries) {
      if (entry.local_offset < free_from)
        return wrong(fmt::format("record \"{}\" overlaps another", shown(entry.name)));
      CHECKBOX_TRY(const Bytes content, locate(entry, directory.offset));
      free_from = static_cast<std::uint64_t>(content.data() - bytes_.data()) + content.size();
      if (!records.emplace(entry.name, ZipRecord{content, entry.crc32}).second) {
        return wrong(fmt::format("record \"{}\" is there twice", shown(entry.name)));
      }
    }
    return records;
  }

 private:
  [[nodiscard]] Error wrong(std::string_view what) const {
    return error(ErrorCode::kCorrupt, "{}: damaged zip archive: {}", name_, what);
  }
  [[nodiscard]] Error unsupported(std::string_view what) const {
    return error(ErrorCode::kUnsupported, "{}: {}, which torch.save never writes", name_, what);
  }

  // The end record is the last thing but for a comment whose length it gives.
  [[nodiscard]] std::optional<std::size_t> find_end() const {
    if (bytes_.size() < kEndSize) return std::nullopt;
    const std::size_t last = bytes_.size() - kEndSize;
    for (std::size_t at = last; at + kMaxComment >= last; --at) {
      if (load<std::uint32_t>(bytes_, at) == kEndSignature && load<std::uint16_t>(bytes_, at + 20) == last - at) {
        return at;
      }
      if (at == 0) break;
    }
    return std::nullopt;
  }

  Result<Directory> find_directory() const {
    const auto end = find_end();
    if (!end) return wrong("no end of the central directory; is the file cut off?");
    if (load<std::uint16_t>(bytes_, *end + 4) != 0 || load<std::uint16_t>(bytes_, *end + 6) != 0) {
      return unsupported("a zip archive in several parts");
    }
    Directory directory{load<std::uint32_t>(bytes_, *end + 16), load<std::uint32_t>(bytes_, *end + 12),
                        load<std::uint16_t>(bytes_, *end + 10)};
    std::uint64_t directory_limit = *end;
    if (*end >= kLocator64Size && load<std::uint32_t>(bytes_, *end - kLocator64Size) == kLocator64Signature) {
      const auto at = load<std::uint64_t>(bytes_, *end - kLocator64Size + 8);
      if (at > *end - kLocator64Size || *end - kLocator64Size - at < kEnd64Size ||
          load<std::uint32_t>(bytes_, at) != kEnd64Signature) {
        return wrong("no zip64 end record where its locator points");
      }
      directory = {load<std::uint64_t>(bytes_, at + 48), load<std::uint64_t>(bytes_, at + 40),
                   load<std::uint64_t>(bytes_, at + 32)};
      directory_limit = at;
    }
    if (directory.offset > directory_limit || directory.size > directory_limit - directory.offset) {
      return wrong("the central directory lies outside the file");
    }
    if (directory.count > kMaxZipRecords) {
      return error(ErrorCode::kLimitExceeded, "{}: {} records in the zip archive, the limit is {}", name_,
                   directory.count, kMaxZipRecords);
    }
    return directory;
  }

  // Sorted by offset in the file.
  Result<std::vector<Entry>> read_directory(const Directory& directory) const {
    std::vector<Entry> entries;
    Bytes rest = bytes_.subspan(directory.offset, directory.size);
    for (std::uint64_t i = 0; i < directory.count; ++i) {
      if (rest.size() < kCentralSize || load<std::uint32_t>(rest, 0) != kCentralSignature) {
        return wrong(fmt::format("the central directory ends after {} of {} records", i, directory.count));
      }
      const std::size_t name_size = load<std::uint16_t>(rest, 28), extra_size = load<std::uint16_t>(rest, 30);
      const std::size_t size = kCentralSize + name_size + extra_size + load<std::uint16_t>(rest, 32);
      if (rest.size() < size) return wrong("a record's name or extra field reaches beyond the central directory");
      Entry entry{text_of(rest.subspan(kCentralSize, name_size)), load<std::uint32_t>(rest, 16),
                  load<std::uint32_t>(rest, 20), load<std::uint32_t>(rest, 24), load<std::uint32_t>(rest, 42)};
      if ((load<std::uint16_t>(rest, 8) & kFlagEncrypted) != 0) return unsupported("an encrypted zip record");
      if (load<std::uint16_t>(rest, 10) != kMethodStored) {
        // TorchScript compresses the sources that it keeps beside the tensors.
        if (entry.name.find("/code/") != std::string::npos) return unsupported("a TorchScript program");
        return unsupported(
            fmt::format("record \"{}\" is compressed (method {})", shown(entry.name), load<std::uint16_t>(rest, 10)));
      }
      CHECKBOX_CHECK(read_zip64(rest.subspan(kCentralSize + name_size, extra_size), entry));
      if (entry.compressed_size != entry.size) {
        return wrong(fmt::format("record \"{}\" is stored, yet has the sizes {} and {}", shown(entry.name),
                                 entry.compressed_size, entry.size));
      }
      entries.push_back(entry);
      rest = rest.subspan(size);
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.local_offset < b.local_offset; });
    return entries;
  }

  // The zip64 extra field holds, in this order, those of the three values that are kIn64 in the record itself.
  Status read_zip64(Bytes extra, Entry& entry) const {
    if (entry.size != kIn64 && entry.compressed_size != kIn64 && entry.local_offset != kIn64) return {};
    while (extra.size() >= 4) {
      const std::size_t size = load<std::uint16_t>(extra, 2);
      if (size > extra.size() - 4) break;
      if (load<std::uint16_t>(extra, 0) == kExtraZip64) {
        Bytes values = extra.subspan(4, size);
        for (std::uint64_t* value : {&entry.size, &entry.compressed_size, &entry.local_offset}) {
          if (*value != kIn64) continue;
          if (values.size() < sizeof *value) return wrong("a zip64 field is too short");
          *value = load<std::uint64_t>(values, 0);
          values = values.subspan(sizeof *value);
        }
        return {};
      }
      extra = extra.subspan(4 + size);
    }
    return wrong("a zip64 field is missing");
  }

  Result<Bytes> locate(const Entry& entry, std::uint64_t limit) const {
    if (entry.local_offset > limit || limit - entry.local_offset < kLocalSize) {
      return wrong(fmt::format("record \"{}\" begins outside the file", shown(entry.name)));
    }
    const Bytes local = bytes_.subspan(entry.local_offset, limit - entry.local_offset);
    const std::size_t name_size = load<std::uint16_t>(local, 26);
    const std::size_t header_size = kLocalSize + name_size + load<std::uint16_t>(local, 28);
    if (load<std::uint32_t>(local, 0) != kLocalSignature || header_size > local.size() ||
        load<std::uint16_t>(local, 8) != kMethodStored || text_of(local.subspan(kLocalSize, name_size)) != entry.name) {
      return wrong(fmt::format("record \"{}\" has another local header", shown(entry.name)));
    }
    if (entry.size > local.size() - header_size) {
      return wrong(fmt::format("record \"{}\" of {} bytes reaches beyond the file", shown(entry.name), entry.size));
    }
    return local.subspan(header_size, entry.size);
  }

  Bytes bytes_;
  std::string_view name_;
};

}  // namespace

Result<ZipArchive> ZipArchive::parse(std::span<const std::uint8_t> bytes, std::string_view name) {
  ZipArchive archive;
  CHECKBOX_TRY(archive.records_, Parser(bytes, name).parse());
  return archive;
}

Status check_crc32(const ZipRecord& record, std::string_view name) {
  const auto found = static_cast<std::uint32_t>(::crc32_z(0, record.bytes.data(), record.bytes.size()));
  if (found == record.crc32) return {};
  return error(ErrorCode::kCorrupt, "{}: checksum {:08x}, expected {:08x}: the file is damaged", name, found,
               record.crc32);
}

}  // namespace checkbox::weights
