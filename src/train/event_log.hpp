// TensorBoard's event file: scalars and images over the steps of a run, as TFRecords (length, masked CRC-32C, Event
// protobuf). The log is kept whole in memory and written whole, so a killed run never leaves half a record: a training
// of 1,000 epochs takes about 1 MB. One thread at a time. Formats: tensorflow's record_writer.h and event.proto.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace checkbox::train {

class EventLog {
 public:
  // wall_time: seconds since 1970, of the run's start. It opens the file's version record.
  explicit EventLog(double wall_time);

  void add_scalar(std::string_view tag, std::int64_t step, double wall_time, float value);
  // Stored as PNG; the error is encode_png's.
  [[nodiscard]] Status add_image(std::string_view tag, std::int64_t step, double wall_time, const image::Image& image);

  // The file's content so far.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  void append_record(std::string_view event);
  std::vector<std::uint8_t> bytes_;
};

// CRC-32C (Castagnoli, RFC 3720), as the records carry it before masking.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes);

}  // namespace checkbox::train
