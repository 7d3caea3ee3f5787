// Damaged, lying and oversized files, written byte by byte: each gets its error and costs no memory beyond the limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::image {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Bytes = std::vector<std::uint8_t>;
using namespace std::string_view_literals;

void append(Bytes& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}
void append_number(Bytes& bytes, std::uint64_t value, int count, bool big_endian = false) {
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (big_endian ? count - 1 - i : i)));
  }
}
Bytes to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0U;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

Bytes png_chunk(std::string_view kind, std::span<const std::uint8_t> data) {
  Bytes chunk;
  append_number(chunk, data.size(), 4, true);
  append(chunk, kind);
  chunk.insert(chunk.end(), data.begin(), data.end());
  append_number(chunk, crc32(std::span(chunk).subspan(4)), 4, true);
  return chunk;
}

constexpr std::size_t kPngHeaderEnd = 33;  // signature and IHDR

Bytes png_header(std::uint32_t width, std::uint32_t height) {
  Bytes data;
  append_number(data, width, 4, true);
  append_number(data, height, 4, true);
  append(data, "\x08\x02\0\0\0"sv);  // 8 bits, RGB
  Bytes bytes = to_bytes("\x89PNG\r\n\x1a\n"sv);
  const Bytes chunk = png_chunk("IHDR", data);
  bytes.insert(bytes.end(), chunk.begin(), chunk.end());
  return bytes;
}

Bytes png_of(int width, int height, bool noisy) {
  Image image{width, height, {}};
  image.pixels.resize(std::size_t{3} * static_cast<std::size_t>(width) * height);
  Rng rng(1);
  for (auto& value : image.pixels) value = noisy ? static_cast<std::uint8_t>(rng.below(256)) : std::uint8_t{0};
  auto encoded = encode_png(image);
  EXPECT_TRUE(encoded.ok());
  return std::move(encoded).value();
}

// The data of all IDAT chunks: one zlib stream.
Bytes zlib_stream_of(const Bytes& png) {
  Bytes stream;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = std::size_t{png[at]} << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
    const std::string_view kind(reinterpret_cast<const char*>(&png[at + 4]), 4);
    if (kind == "IDAT") stream.insert(stream.end(), &png[at + 8], &png[at + 8] + length);
    at += 12 + length;
  }
  return stream;
}

void expect_error(const Bytes& bytes, ErrorCode code, std::string_view part, const DecodeLimits& limits = {}) {
  const auto result = decode(bytes, "in.png", limits);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_THAT(result.error().message, StartsWith("in.png: "));
  EXPECT_THAT(result.error().message, HasSubstr(part));
}

long peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(HostileImage, EmptyFileIsCorrupt) {
  expect_error({}, ErrorCode::kCorrupt, "empty");
}

TEST(HostileImage, TextNamedPngIsUnsupported) {
  expect_error(to_bytes("checked,unchecked\n"), ErrorCode::kUnsupported, "not a PNG, JPEG, WebP, GIF, BMP or TIFF");
}

TEST(HostileImage, EveryMagicNumberAloneIsAnError) {
  for (const auto magic : {"\x89PNG\r\n\x1a\n"sv, "\xff\xd8\xff"sv, "RIFF\0\0\0\0WEBP"sv, "GIF87a"sv, "GIF89a"sv,
                           "BM"sv, "II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    SCOPED_TRACE(std::string(magic));
    expect_error(to_bytes(magic), ErrorCode::kCorrupt, "damaged or truncated");
  }
}

TEST(HostileImage, PngTruncatedAtEveryEighthIsCorrupt) {
  const Bytes whole = png_of(40, 30, true);
  ASSERT_TRUE(decode(whole, "whole").ok());
  for (std::size_t part = 1; part < 8; ++part) {
    expect_error(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * part / 8)),
                 ErrorCode::kCorrupt, "damaged or truncated PNG");
  }
}

TEST(HostileImage, PngWithAWrongChecksumIsCorrupt) {
  Bytes bytes = png_of(40, 30, true);
  ++bytes[kPngHeaderEnd - 1];  // of IHDR
  expect_error(bytes, ErrorCode::kCorrupt, "PNG");
  bytes = png_of(40, 30, true);
  ++bytes[bytes.size() - 12 - 1];  // of the last IDAT
  expect_error(bytes, ErrorCode::kCorrupt, "PNG");
  bytes = png_of(40, 30, true);
  ++bytes[bytes.size() / 2];  // within the data
  expect_error(bytes, ErrorCode::kCorrupt, "PNG");
}

TEST(HostileImage, GiantHeadersExceedTheLimitBeforeMemoryIsTaken) {
  Bytes jpeg = to_bytes("\xff\xd8\xff\xc0\0\x11\x08\xff\xd0\xff\xd0\x03\1\x11\0\2\x11\0\3\x11\0"sv);
  append(jpeg, "\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0"sv);
  // An animation: canvas of 60,000 x 60,000, frame of 1 x 1.
  Bytes webp = to_bytes("RIFF\x56\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x5f\xea\0\x5f\xea\0"sv);
  append(webp, "ANIM\6\0\0\0\0\0\0\0\0\0"sv);
  append(webp, "ANMF\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x64\0\0\0"sv);
  append(webp, "VP8L\x11\0\0\0\x2f\0\0\0\0\x07\x50\xf6\xfe\xd5\xb2\xff\x81\x88\xe8\x7f\0\0"sv);
  Bytes webp_lossless = to_bytes("RIFF\x14\0\0\0WEBPVP8L\x08\0\0\0\x2f\xff\xff\xff\x0f\0\0\0"sv);
  Bytes gif = to_bytes("GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\1\0\1\0\0\x02\x02\x44\1\0;"sv);
  Bytes gif_frame = to_bytes("GIF89a\1\0\1\0\0\0\0,\xff\xff\xff\xff\xff\xff\xff\xff\0\x02\x02\x44\1\0;"sv);
  Bytes bmp = to_bytes("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"sv);
  append_number(bmp, 100'000, 4);
  append_number(bmp, 100'000, 4);
  append(bmp, "\1\0\x18\0"sv);
  bmp.resize(80);
  Bytes tiff = to_bytes("II*\0\x08\0\0\0\x05\0"sv);
  for (const std::uint32_t tag : {256U, 257U, 258U, 273U, 279U}) {
    append_number(tiff, tag, 2);
    append_number(tiff, 4, 2);  // LONG
    append_number(tiff, 1, 4);
    append_number(tiff, tag <= 257 ? 100'000 : 8, 4);
  }
  tiff.resize(tiff.size() + 4);

  const long before = peak_memory_kib();
  for (const auto& bytes :
       {png_header(100'000, 100'000), png_header(32'768, 32'768), jpeg, gif, gif_frame, bmp, tiff}) {
    SCOPED_TRACE(std::string(format_name(*detect_format(bytes))));
    expect_error(bytes, ErrorCode::kLimitExceeded, "limit");
  }
  for (const auto& bytes : {webp, webp_lossless}) expect_error(bytes, ErrorCode::kLimitExceeded, "limit");
  EXPECT_LT(peak_memory_kib() - before, 32 * 1024);
}

TEST(HostileImage, JpegOfTwelveBitsOrLosslessIsUnsupported) {
  Bytes jpeg = to_bytes("\xff\xd8\xff\xc1\0\x0b\x0c\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0"sv);
  expect_error(jpeg, ErrorCode::kUnsupported, "unsupported JPEG");
  jpeg[3] = 0xc3;
  expect_error(jpeg, ErrorCode::kUnsupported, "unsupported JPEG");
}

TEST(HostileImage, LimitsAreTheCallersToSet) {
  const Bytes bytes = png_of(40, 30, false);
  EXPECT_TRUE(decode(bytes, "in", {.max_bytes = bytes.size(), .max_pixels = 1200, .max_side = 40}).ok());
  expect_error(bytes, ErrorCode::kLimitExceeded, "limit of 1199", {.max_pixels = 1199});
  expect_error(bytes, ErrorCode::kLimitExceeded, "limit of 39", {.max_side = 39});
  expect_error(bytes, ErrorCode::kLimitExceeded, fmt::format("limit of {}", bytes.size() - 1),
               {.max_bytes = bytes.size() - 1});
}

TEST(HostileImage, DataThatInflatePastTheImageAreNotInflated) {
  const Bytes bomb = zlib_stream_of(png_of(2600, 2600, false));  // 20 MB of zeros
  ASSERT_LT(bomb.size(), 100'000U);
  const long before = peak_memory_kib();

  Bytes in_pixels = png_header(64, 64);
  const Bytes pixels = png_chunk("IDAT", bomb), end = png_chunk("IEND", {});
  in_pixels.insert(in_pixels.end(), pixels.begin(), pixels.end());
  in_pixels.insert(in_pixels.end(), end.begin(), end.end());
  const auto image = decode(in_pixels, "in");  // whether that is damage is libspng's to say
  if (image.ok()) {
    EXPECT_EQ(image->pixels, Bytes(std::size_t{3} * 64 * 64));
  }

  Bytes text = to_bytes("Comment\0\0"sv);
  text.insert(text.end(), bomb.begin(), bomb.end());
  for (const auto kind : {"zTXt", "iCCP"}) {
    const Bytes small = png_of(8, 8, true), chunk = png_chunk(kind, text);
    Bytes in_text(small.begin(), small.begin() + kPngHeaderEnd);
    in_text.insert(in_text.end(), chunk.begin(), chunk.end());
    in_text.insert(in_text.end(), small.begin() + kPngHeaderEnd, small.end());
    expect_error(in_text, ErrorCode::kLimitExceeded, "16777216 bytes");
  }
  EXPECT_LT(peak_memory_kib() - before, 64 * 1024);
}

TEST(HostileImage, PngWithLessDataThanItsSizeIsCorrupt) {
  const Bytes stream = zlib_stream_of(png_of(8, 8, false));
  Bytes bytes = png_header(4000, 4000);
  const Bytes pixels = png_chunk("IDAT", stream), end = png_chunk("IEND", {});
  bytes.insert(bytes.end(), pixels.begin(), pixels.end());
  bytes.insert(bytes.end(), end.begin(), end.end());
  expect_error(bytes, ErrorCode::kCorrupt, "PNG");
}

Bytes bmp_with(std::int32_t width, std::int32_t height, int bits, int compression = 0, std::uint32_t colours = 0,
               std::uint32_t offset = 54) {
  Bytes bytes = to_bytes("BM\0\0\0\0\0\0\0\0"sv);
  append_number(bytes, offset, 4);
  append_number(bytes, 40, 4);
  append_number(bytes, static_cast<std::uint32_t>(width), 4);
  append_number(bytes, static_cast<std::uint32_t>(height), 4);
  append_number(bytes, 1, 2);
  append_number(bytes, static_cast<std::uint32_t>(bits), 2);
  append_number(bytes, static_cast<std::uint32_t>(compression), 4);
  bytes.resize(bytes.size() + 12);
  append_number(bytes, colours, 4);
  bytes.resize(54 + 64);
  return bytes;
}

TEST(HostileImage, BmpHeadersThatLie) {
  ASSERT_TRUE(decode(bmp_with(4, -4, 24), "in").ok());
  constexpr auto kLowest = std::numeric_limits<std::int32_t>::min();
  expect_error(bmp_with(-4, 4, 24), ErrorCode::kCorrupt, "width -4");
  expect_error(bmp_with(0, 4, 24), ErrorCode::kCorrupt, "width 0");
  expect_error(bmp_with(4, 0, 24), ErrorCode::kCorrupt, "4 x 0");
  expect_error(bmp_with(4, kLowest, 24), ErrorCode::kLimitExceeded, "limit");
  expect_error(bmp_with(kLowest, kLowest, 24), ErrorCode::kCorrupt, "width");
  expect_error(bmp_with(32'768, 2048, 32), ErrorCode::kCorrupt, "bytes of pixels");
  expect_error(bmp_with(4, 4, 7), ErrorCode::kUnsupported, "7 bits");
  expect_error(bmp_with(4, 4, 24, 4), ErrorCode::kUnsupported, "compression 4");
  expect_error(bmp_with(4, 4, 24, 1), ErrorCode::kUnsupported, "compression 1");
  expect_error(bmp_with(4, 4, 8), ErrorCode::kCorrupt, "palette");
  expect_error(bmp_with(4, 4, 8, 0, 0xffff'ffff), ErrorCode::kCorrupt, "palette");
  expect_error(bmp_with(4, 4, 24, 0, 0, 0xffff'ffff), ErrorCode::kCorrupt, "no pixels");
  expect_error(bmp_with(4, 4, 24, 0, 0, 117), ErrorCode::kCorrupt, "1 bytes of pixels");
  Bytes masks = bmp_with(4, 4, 16, 3);
  ASSERT_TRUE(decode(masks, "in").ok());  // no masks: the usual ones
  masks[54] = 5;
  expect_error(masks, ErrorCode::kUnsupported, "bit mask 0x5 of 16 bits");
  masks.resize(60);
  expect_error(masks, ErrorCode::kCorrupt, "no bit masks");
}

TEST(HostileImage, GifWithoutAFrameIsCorrupt) {
  expect_error(to_bytes("GIF89a\1\0\1\0\0\0\0;"sv), ErrorCode::kCorrupt, "no frame");
  expect_error(to_bytes("GIF89a\1\0\1\0\0\0\0,\0\0\0\0\0\0\0\0\0\x02\x02\x44\1\0;"sv), ErrorCode::kCorrupt, "0 x 0");
}

// Small files of every kind, cut and with bytes changed: any answer but a crash, and every error names its input.
TEST(HostileImage, CutAndChangedFilesGiveAnImageOrAnErrorThatNamesThem) {
  const DecodeLimits limits{.max_pixels = 1 << 16};
  Rng rng(3);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(testing::source_dir() / "fuzz" / "corpus" / "image")) {
    const auto bytes = read_file(entry.path());
    ASSERT_TRUE(bytes.ok());
    ++files;
    for (std::size_t part = 0; part < 16; ++part) {
      Bytes changed = *bytes;
      if (part < 8) {
        changed.resize(changed.size() * part / 8);
      } else {
        for (int i = 0; i < 4; ++i) changed[rng.below(changed.size())] = static_cast<std::uint8_t>(rng.below(256));
      }
      const auto result = decode(changed, "in.png", limits);
      if (!result.ok()) {
        EXPECT_THAT(result.error().message, StartsWith("in.png: "));
      }
    }
  }
  EXPECT_GE(files, 100);
}

TEST(LoadImage, NamesTheFileThatIsMissingOrTooLarge) {
  const testing::TempDir folder;
  const auto missing = load(folder.path() / "missing.png");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("missing.png"));
  const Bytes bytes = png_of(8, 8, true);
  ASSERT_TRUE(write_file(folder.path() / "large.png", bytes).ok());
  const auto large = load(folder.path() / "large.png", {.max_bytes = bytes.size() - 1});
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::kLimitExceeded);
  EXPECT_THAT(large.error().message, HasSubstr("large.png"));
}

TEST(EncodePng, ComesBackAsItWentAndIsTheSameTwice) {
  for (const auto& [width, height] : {std::pair{1, 1}, {37, 20}, {3, 50}}) {
    Image image{width, height, Bytes(std::size_t{3} * static_cast<std::size_t>(width) * height)};
    Rng rng(5);
    for (auto& value : image.pixels) value = static_cast<std::uint8_t>(rng.below(256));
    const auto encoded = encode_png(image);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(*encoded, *encode_png(image));
    const auto back = decode(*encoded, "back");
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, image);
  }
  EXPECT_EQ(encode_png({}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(encode_png({2, 2, Bytes(11)}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace checkbox::image
