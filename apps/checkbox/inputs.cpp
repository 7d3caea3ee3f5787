#include "checkbox/inputs.hpp"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/result.hpp"
#include "data/scan.hpp"

namespace checkbox {
namespace {

constexpr std::size_t kMaxListedPath = 1 << 16;  // bytes; Linux takes paths of 4096

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

enum class Kind { kNothing, kFile, kFolder };

Kind kind_of(const std::string& path, bool follow_links) {
  struct stat info {};
  if ((follow_links ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info)) != 0) return Kind::kNothing;
  return S_ISDIR(info.st_mode) ? Kind::kFolder : Kind::kFile;
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.ends_with('/') ? folder + name : folder + '/' + name;
}

// Sorted; hidden ones too.
Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  if (failure) return error(ErrorCode::kIo, "cannot read the folder: {}", failure.message());
  std::sort(names.begin(), names.end());
  return names;
}

// Appends what matches parts[at..] under `base` to `found`. Deeper by one folder each call, so PATH_MAX bounds it.
void match_parts(const std::string& base, const std::vector<std::string>& parts, std::size_t at,
                 std::vector<std::string>& found) {
  const std::string& part = parts[at];
  const bool last = at + 1 == parts.size();
  const auto accept = [&](const std::string& path) {
    if (last) {
      if (kind_of(path, false) != Kind::kNothing) found.push_back(path);
    } else if (kind_of(path, true) == Kind::kFolder) {
      match_parts(path, parts, at + 1, found);
    }
  };
  if (!has_wildcard(part)) return accept(join(base, part));
  const auto names = names_in(base);
  if (!names.ok()) return;
  if (part == "**") {
    if (!last) match_parts(base, parts, at + 1, found);
    for (const auto& name : *names) {
      const std::string path = join(base, name);
      if (name.starts_with('.')) continue;
      if (kind_of(path, false) == Kind::kFolder) {
        match_parts(path, parts, at, found);
      } else if (last) {
        found.push_back(path);
      }
    }
    return;
  }
  for (const auto& name : *names) {
    if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) accept(join(base, name));
  }
}

}  // namespace

std::vector<std::string> expand_glob(const std::string& pattern) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    std::string part = pattern.substr(begin, end - begin);
    const bool repeated = part == "**" && !parts.empty() && parts.back() == "**";
    if (!part.empty() && !repeated) parts.push_back(std::move(part));
    begin = end + 1;
  }
  std::vector<std::string> found;
  if (!parts.empty()) match_parts(pattern.starts_with('/') ? "/" : "", parts, 0, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Inputs::Inputs(std::vector<std::string> arguments, std::FILE* list, char separator)
    : arguments_(std::move(arguments)), list_(list), separator_(separator) {}

std::optional<Inputs::Item> Inputs::next() {
  while (true) {
    std::optional<Item> item;
    if (!folders_.empty()) {
      item = next_in_folder();
    } else if (match_ < matches_.size()) {
      item = resolve(matches_[match_++], false);
    } else if (reading_list_) {
      item = next_line();
    } else if (argument_ < arguments_.size()) {
      item = next_argument();
    } else {
      return std::nullopt;
    }
    if (item) return item;
  }
}

std::optional<Inputs::Item> Inputs::next_argument() {
  const std::string& argument = arguments_[argument_++];
  reading_list_ = argument == "-";
  return reading_list_ ? std::nullopt : resolve(argument, true);
}

std::optional<Inputs::Item> Inputs::next_line() {
  std::string line;
  bool too_long = false;
  int c = 0;
  while ((c = std::getc(list_)) != EOF && c != separator_) {
    too_long = too_long || line.size() >= kMaxListedPath;
    if (!too_long) line += static_cast<char>(c);
  }
  if (c == EOF) reading_list_ = false;
  if (too_long) return Item{line.substr(0, 64), fmt::format("path longer than {} bytes", kMaxListedPath)};
  return line.empty() ? std::nullopt : resolve(line, false);
}

std::optional<Inputs::Item> Inputs::resolve(const std::string& path, bool may_be_pattern) {
  switch (kind_of(path, true)) {
    case Kind::kFolder:
      folder_had_image_ = false;
      return enter(path);
    case Kind::kFile:
      return Item{path, ""};
    case Kind::kNothing:
      break;
  }
  if (!may_be_pattern || !has_wildcard(path)) return Item{path, ""};  // reading it says what is wrong
  matches_ = expand_glob(path);
  match_ = 0;
  return matches_.empty() ? std::optional(Item{path, "no file matches this pattern"}) : std::nullopt;
}

std::optional<Inputs::Item> Inputs::enter(const std::string& path) {
  auto names = names_in(path);
  if (!names.ok()) {
    folder_had_image_ = true;  // one complaint is enough
    return Item{path, names.error().message};
  }
  folders_.push_back({path, std::move(*names), 0});
  return std::nullopt;
}

std::optional<Inputs::Item> Inputs::next_in_folder() {
  Folder& folder = folders_.back();
  if (folder.position == folder.names.size()) {
    const std::string path = std::move(folder.path);
    folders_.pop_back();
    if (!folders_.empty() || folder_had_image_) return std::nullopt;
    return Item{path, "the folder holds no image file (.png .jpg .webp .gif .bmp .tif)"};
  }
  const std::string& name = folder.names[folder.position++];
  if (data::is_ignored_name(name)) return std::nullopt;
  const std::string path = join(folder.path, name);
  if (kind_of(path, false) == Kind::kFolder) return enter(path);
  if (!data::has_image_extension(name) || kind_of(path, true) == Kind::kFolder) return std::nullopt;
  folder_had_image_ = true;
  return Item{path, ""};
}

}  // namespace checkbox
