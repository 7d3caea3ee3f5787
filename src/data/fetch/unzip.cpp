#include "data/fetch/unzip.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cstddef>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/progress.hpp"
#include "data/dataset_files.hpp"
#include "data/files/new_file.hpp"
#include "data/scan.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstEntryMagic = "PK\x03\x04";
constexpr std::string_view kEndOfDirectoryMagic = "PK\x05\x06";  // what a zip file without entries begins with
constexpr std::size_t kReadBlockBytes = 64 << 10;
constexpr std::size_t kMaxPathBytes = 4000;
constexpr int kMaxDepth = 32;

// libarchive converts names to the thread's locale and loses what that cannot hold, so the thread gets a UTF-8 one.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) previous_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(previous_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t previous_ = nullptr;
};

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

std::string magic_of(const fs::path& file) {
  std::string head(kFirstEntryMagic.size(), '\0');
  std::ifstream(file, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  return head;
}

bool is_ignored_path(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (is_ignored_name(std::string(path.substr(begin, end - begin)))) return true;
    begin = end + 1;
  }
  return false;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

class Unzipper {
 public:
  Unzipper(const fs::path& zip, const fs::path& folder, const UnzipLimits& limits, bool quiet)
      : zip_(zip), folder_(folder), limits_(limits), reader_(archive_read_new()), progress_("unpack", 0, quiet) {}

  Status run() {
    std::error_code failure;
    packed_bytes_ = fs::file_size(zip_, failure);
    if (failure) return error(ErrorCode::kIo, "{}: cannot read: {}", zip_.string(), failure.message());
    if (!looks_like_zip(zip_)) return error(ErrorCode::kUnsupported, "{}: not a zip file", zip_.string());
    if (magic_of(zip_) == kEndOfDirectoryMagic) return {};  // libarchive does not know it for a zip file
    if (reader_ == nullptr) return error(ErrorCode::kInternal, "{}: libarchive cannot be started", zip_.string());
    archive_read_support_format_zip_seekable(reader_.get());
    if (archive_read_open_filename(reader_.get(), zip_.c_str(), kReadBlockBytes) != ARCHIVE_OK) return damaged("");
    progress_.set_total(packed_bytes_);
    while (true) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status < ARCHIVE_WARN) return damaged("");  // a warning is about the name, which take_entry looks at
      if (++entries_ > limits_.max_entries) {
        return error(ErrorCode::kLimitExceeded, "{}: more than {} entries", zip_.string(), limits_.max_entries);
      }
      CHECKBOX_CHECK(take_entry(entry));
    }
    progress_.finish(format_bytes(total_bytes_));
    return {};
  }

 private:
  [[nodiscard]] Error damaged(std::string_view name) const {
    const char* reason = archive_error_string(reader_.get());
    return error(ErrorCode::kCorrupt, "{}: {}{}damaged: {}", zip_.string(), name, name.empty() ? "" : ": ",
                 reason != nullptr ? reason : "no reason given");
  }
  [[nodiscard]] Error refuse(ErrorCode code, std::string_view name, std::string_view reason) const {
    return error(code, "{}: entry \"{}\": {}", zip_.string(), name.substr(0, kMaxNameBytes), reason);
  }

  [[nodiscard]] Result<std::string> name_of(archive_entry* entry) const {
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) raw = archive_entry_pathname_utf8(entry);
    if (raw == nullptr) return error(ErrorCode::kCorrupt, "{}: an entry whose name cannot be read", zip_.string());
    std::string name = is_utf8(raw) ? std::string(raw) : cp437_to_utf8(raw);
    if (name.size() > kMaxPathBytes) return refuse(ErrorCode::kLimitExceeded, name, "its name is too long");
    if (has_control_character(name)) {
      return error(ErrorCode::kCorrupt, "{}: an entry whose name has a control character", zip_.string());
    }
    return name;
  }

  Status take_entry(archive_entry* entry) {
    CHECKBOX_TRY(std::string name, name_of(entry));
    const mode_t type = archive_entry_filetype(entry);
    if (archive_entry_symlink(entry) != nullptr || archive_entry_hardlink(entry) != nullptr ||
        (type != AE_IFREG && type != AE_IFDIR)) {
      return refuse(ErrorCode::kCorrupt, name, "a link or device; only files and folders are unpacked");
    }
    if (name.ends_with('/')) name.pop_back();
    if (!is_inside_path(name)) return refuse(ErrorCode::kCorrupt, name, "its path leads out of the folder");
    if (is_ignored_path(name)) return {};
    if (std::ranges::count(name, '/') > kMaxDepth) {
      return refuse(ErrorCode::kLimitExceeded, name, "folders nested too deep");
    }
    if (archive_entry_is_encrypted(entry) != 0) {
      return refuse(ErrorCode::kUnsupported, name, "encrypted; unpack it with its password first");
    }
    const fs::path path = folder_ / name;
    const bool is_folder = type == AE_IFDIR;
    std::error_code failure;
    fs::create_directories(is_folder ? path : path.parent_path(), failure);
    if (failure == std::errc::not_a_directory || failure == std::errc::file_exists) {
      return refuse(ErrorCode::kCorrupt, name, "a file and a folder of one name");
    }
    if (failure) return refuse(ErrorCode::kIo, name, failure.message());
    return is_folder ? Status() : write_entry(entry, path, name);
  }

  Status write_entry(archive_entry* entry, const fs::path& path, const std::string& name) {
    if (archive_entry_size_is_set(entry) != 0 &&
        static_cast<std::uint64_t>(archive_entry_size(entry)) > limits_.max_entry_bytes) {
      return refuse(ErrorCode::kLimitExceeded, name, fmt::format("larger than {} bytes", limits_.max_entry_bytes));
    }
    auto file = NewFile::create(path);
    if (!file.ok() && file.error().code == ErrorCode::kAlreadyExists) {
      return refuse(ErrorCode::kCorrupt, name, "occurs twice");
    }
    if (!file.ok()) return file.error();
    std::uint64_t entry_bytes = 0;
    while (true) {
      const la_ssize_t count = archive_read_data(reader_.get(), block_.data(), block_.size());
      if (count < 0) return damaged(name);
      if (count == 0) return file->close();
      entry_bytes += static_cast<std::uint64_t>(count);
      total_bytes_ += static_cast<std::uint64_t>(count);
      CHECKBOX_CHECK(check_limits(entry_bytes, name));
      CHECKBOX_CHECK(file->write(std::span(block_).first(static_cast<std::size_t>(count))));
      progress_.update(static_cast<std::uint64_t>(std::max<la_int64_t>(archive_filter_bytes(reader_.get(), -1), 0)),
                       format_bytes(total_bytes_));
    }
  }

  [[nodiscard]] Status check_limits(std::uint64_t entry_bytes, const std::string& name) const {
    if (entry_bytes > limits_.max_entry_bytes) {
      return refuse(ErrorCode::kLimitExceeded, name, fmt::format("larger than {} bytes", limits_.max_entry_bytes));
    }
    if (total_bytes_ > limits_.max_total_bytes) {
      return error(ErrorCode::kLimitExceeded, "{}: unpacks to more than {} bytes", zip_.string(),
                   limits_.max_total_bytes);
    }
    if (total_bytes_ > limits_.ratio_free_bytes && total_bytes_ / limits_.max_ratio > packed_bytes_) {
      return error(ErrorCode::kLimitExceeded, "{}: unpacks to more than {} times its {} bytes", zip_.string(),
                   limits_.max_ratio, packed_bytes_);
    }
    return {};
  }

  const fs::path& zip_;
  const fs::path& folder_;
  const UnzipLimits& limits_;
  const Utf8Locale locale_;
  const std::unique_ptr<archive, FreeArchive> reader_;
  Progress progress_;
  std::vector<std::uint8_t> block_ = std::vector<std::uint8_t>(kReadBlockBytes);
  std::uint64_t packed_bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace

bool looks_like_zip(const fs::path& file) {
  const std::string magic = magic_of(file);
  return magic == kFirstEntryMagic || magic == kEndOfDirectoryMagic;
}

std::string cp437_to_utf8(const std::string& text) {
  // From 0x80 on; every character is one UTF-16 unit.
  static constexpr std::u16string_view kUpperHalf =
      u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
  static_assert(kUpperHalf.size() == 128);
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const unsigned code = byte < 0x80 ? byte : kUpperHalf[byte - 0x80u];
    if (code < 0x80) {
      utf8 += c;
    } else if (code < 0x800) {
      utf8 += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
    } else {
      utf8 += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
               static_cast<char>(0x80 | (code & 0x3f))};
    }
  }
  return utf8;
}

Status unzip(const fs::path& zip, const fs::path& folder, const UnzipLimits& limits, bool quiet) {
  return Unzipper(zip, folder, limits, quiet).run();
}

}  // namespace checkbox::data
