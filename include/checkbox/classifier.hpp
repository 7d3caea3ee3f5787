// The C++ API: load an artifact once, then classify images from files, bytes or pixels. A loaded Classifier may be used
// by any number of threads at once. Nothing here throws on bad input, prints or exits.
#pragma once

#include <checkbox/result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace checkbox {

struct Prediction {
  std::size_t label_index = 0;
  std::string label;                 // "checked", "unchecked", "other"
  float confidence = 0;              // probabilities[label_index]
  std::vector<float> probabilities;  // by label index, summing to 1
};

class Classifier {
 public:
  struct Options {
    int threads = 1;                                     // for one call; N calls at once use N times as many
    std::uint64_t max_bytes = std::uint64_t{64} << 20;   // of one encoded image
    std::uint64_t max_pixels = std::uint64_t{64} << 20;  // of one image
  };

  // kNotFound, kCorrupt or kUnsupported: the message names the file and the reason.
  [[nodiscard]] static Result<Classifier> load(const std::string& artifact_path);
  [[nodiscard]] static Result<Classifier> load(const std::string& artifact_path, const Options& options);

  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  [[nodiscard]] const std::vector<std::string>& labels() const;
  [[nodiscard]] const std::string& architecture() const;

  // PNG, JPEG, WebP, GIF, BMP or TIFF, told apart by content.
  [[nodiscard]] Result<Prediction> classify_file(const std::string& path) const;
  // `name` opens the error message.
  [[nodiscard]] Result<Prediction> classify_bytes(std::span<const std::uint8_t> encoded,
                                                  const std::string& name = "image") const;
  // rgb: [height, width, 3] u8, rows row_bytes apart (0: no padding).
  [[nodiscard]] Result<Prediction> classify_pixels(std::span<const std::uint8_t> rgb, int width, int height,
                                                   std::size_t row_bytes = 0) const;

 private:
  class Impl;
  explicit Classifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace checkbox
