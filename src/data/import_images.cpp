#include "data/import_images.hpp"

#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/progress.hpp"
#include "base/threads.hpp"
#include "data/dataset_files.hpp"
#include "data/files/new_file.hpp"
#include "image/decode.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

class Importer {
 public:
  Importer(const ImportOptions& options, std::size_t total)
      : options_(options), progress_("check images", total, options.quiet) {}

  Result<Imported> run(std::vector<Sample> found) {
    std::set<fs::path> folders;
    for (const auto& sample : found) folders.insert((options_.destination / sample.file).parent_path());
    for (const auto& folder : folders) CHECKBOX_CHECK(make_directories(folder));

    std::vector<std::optional<std::string>> refusals(found.size());
    parallel_for(found.size(), options_.threads, [&](std::size_t i, int) {
      if (stopped_) return;
      refusals[i] = take(found[i].file);
    });
    if (failure_) return *std::move(failure_);
    progress_.finish(fmt::format("{} files", found.size()));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (refusals[i]) {
        imported_.rejected.push_back({std::move(found[i].file), *std::move(refusals[i])});
      } else {
        imported_.samples.push_back(std::move(found[i]));
      }
    }
    return std::move(imported_);
  }

 private:
  // Why the image is left out, if it is. A failure to write ends the whole.
  std::optional<std::string> take(const std::string& file) try {
    if (!is_utf8(file)) return "its name is not UTF-8";
    const image::DecodeLimits limits;
    const auto bytes = read_file(options_.root / file, limits.max_bytes);
    if (!bytes.ok()) return refuse(bytes.error(), (options_.root / file).string());
    const auto image = image::decode(*bytes, file, limits);
    if (!image.ok()) return refuse(image.error(), file);
    PixelSums image_sums;
    image_sums.add(*image);
    const Status stored = store(file, *bytes);
    const std::lock_guard lock(mutex_);
    if (stored.ok()) {
      imported_.sums.add(image_sums);
    } else {
      failure_ = stored.error();
      stopped_ = true;
    }
    progress_.update(++done_, file);
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return "not enough memory to decode it";
  }

  std::string refuse(const Error& reason, const std::string& prefix) {
    const std::lock_guard lock(mutex_);
    progress_.update(++done_);
    const bool repeats_name = reason.message.starts_with(prefix + ": ");
    return repeats_name ? reason.message.substr(prefix.size() + 2) : reason.message;
  }

  Status store(const std::string& file, std::span<const std::uint8_t> bytes) const {
    if (options_.may_move) {
      std::error_code failure;
      fs::rename(options_.root / file, options_.destination / file, failure);
      if (!failure) return {};
      return error(ErrorCode::kIo, "{}: cannot write: {}", (options_.destination / file).string(), failure.message());
    }
    CHECKBOX_TRY(NewFile copy, NewFile::create(options_.destination / file));
    CHECKBOX_CHECK(copy.write(bytes));
    return copy.close();
  }

  const ImportOptions& options_;
  Progress progress_;
  std::mutex mutex_;  // of everything else
  Imported imported_;
  std::size_t done_ = 0;
  std::optional<Error> failure_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

Result<Imported> import_images(const std::vector<ClassFolder>& classes, const ImportOptions& options) {
  std::vector<Sample> found;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    for (const auto& file : classes[label].files) found.push_back({file, static_cast<int>(label), {}});
  }
  const std::size_t total = found.size();
  return Importer(options, total).run(std::move(found));
}

}  // namespace checkbox::data
