#include "train/event_log.hpp"

#include <array>
#include <bit>

#include "image/encode.hpp"

namespace checkbox::train {
namespace {

constexpr std::uint32_t kCastagnoliReversed = 0x82f63b78;
constexpr std::uint32_t kMaskDelta = 0xa282ead8;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoliReversed : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

// Fields of Event, Summary, Summary.Value and Summary.Image that we write.
enum EventField : std::uint32_t { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5 };
enum ValueField : std::uint32_t { kTag = 1, kSimpleValue = 2, kImage = 4 };
enum ImageField : std::uint32_t { kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4 };
constexpr std::uint32_t kSummaryValue = 1;
constexpr std::uint64_t kRgb = 3;

// Protobuf's wire format for the few types that events need.
class Message {
 public:
  void add_varint(std::uint32_t field, std::uint64_t value) {
    put_varint(field << 3);
    put_varint(value);
  }
  void add_double(std::uint32_t field, double value) {
    put_varint(field << 3 | 1);
    put_little_endian(std::bit_cast<std::uint64_t>(value), 8);
  }
  void add_float(std::uint32_t field, float value) {
    put_varint(field << 3 | 5);
    put_little_endian(std::bit_cast<std::uint32_t>(value), 4);
  }
  void add_bytes(std::uint32_t field, std::string_view value) {
    put_varint(field << 3 | 2);
    put_varint(value.size());
    bytes_ += value;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void put_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void put_little_endian(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  std::string bytes_;
};

Message event_at(double wall_time, std::int64_t step) {
  Message event;
  event.add_double(kWallTime, wall_time);
  event.add_varint(kStep, static_cast<std::uint64_t>(step));
  return event;
}

std::string with_summary(Message event, const Message& value) {
  Message summary;
  summary.add_bytes(kSummaryValue, value.bytes());
  event.add_bytes(kSummary, summary.bytes());
  return event.bytes();
}

void put_little_endian(std::vector<std::uint8_t>& out, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint32_t masked_crc(std::span<const std::uint8_t> bytes) {
  return std::rotr(crc32c(bytes), 15) + kMaskDelta;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ byte) & 0xff];
  return ~crc;
}

EventLog::EventLog(double wall_time) {
  Message event;
  event.add_double(kWallTime, wall_time);
  event.add_bytes(kFileVersion, "brain.Event:2");
  append_record(event.bytes());
}

void EventLog::add_scalar(std::string_view tag, std::int64_t step, double wall_time, float value) {
  Message scalar;
  scalar.add_bytes(kTag, tag);
  scalar.add_float(kSimpleValue, value);
  append_record(with_summary(event_at(wall_time, step), scalar));
}

Status EventLog::add_image(std::string_view tag, std::int64_t step, double wall_time, const image::Image& image) {
  CHECKBOX_TRY(const auto png, image::encode_png(image));
  Message picture;
  picture.add_varint(kHeight, static_cast<std::uint64_t>(image.height));
  picture.add_varint(kWidth, static_cast<std::uint64_t>(image.width));
  picture.add_varint(kColorspace, kRgb);
  picture.add_bytes(kEncoded, {reinterpret_cast<const char*>(png.data()), png.size()});
  Message value;
  value.add_bytes(kTag, tag);
  value.add_bytes(kImage, picture.bytes());
  append_record(with_summary(event_at(wall_time, step), value));
  return {};
}

void EventLog::append_record(std::string_view event) {
  const std::size_t start = bytes_.size();
  put_little_endian(bytes_, event.size(), 8);
  put_little_endian(bytes_, masked_crc(std::span(bytes_).subspan(start, 8)), 4);
  const std::span data(reinterpret_cast<const std::uint8_t*>(event.data()), event.size());
  bytes_.insert(bytes_.end(), data.begin(), data.end());
  put_little_endian(bytes_, masked_crc(data), 4);
}

}  // namespace checkbox::train
