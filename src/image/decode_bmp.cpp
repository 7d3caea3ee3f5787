// BMP: OS/2 and Windows headers, 1, 4, 8, 16, 24 and 32 bits, RLE4, RLE8, bit fields, either row order. Alpha is
// dropped. Format: Microsoft, "Bitmap Storage" (BITMAPINFOHEADER .. BITMAPV5HEADER); RLE in "Bitmap Compression".
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

constexpr auto kFormat = Format::kBmp;
constexpr std::size_t kFileHeaderBytes = 14;
enum Compression : std::uint32_t { kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3 };

using Bytes = std::span<const std::uint8_t>;
using Colour = std::array<std::uint8_t, 3>;

std::uint32_t read_u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] | bytes[at + 1] << 8);
}
std::uint32_t read_u32(Bytes bytes, std::size_t at) {
  return read_u16(bytes, at) | read_u16(bytes, at + 2) << 16;
}

struct Header {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool top_down = false;
  int bits = 0;
  std::uint32_t compression = kRaw;
  std::array<std::uint32_t, 3> masks{};  // red, green, blue, of 16 and 32 bits
  std::array<Colour, 256> palette{};
  std::size_t pixels_at = 0;  // offset in the file, within it
};

// Where `count` bytes from `at` on do not lie within the file.
bool misses(Bytes bytes, std::size_t at, std::size_t count) {
  return at > bytes.size() || bytes.size() - at < count;
}

Status read_masks(const Source& source, std::size_t info_bytes, Header& header, std::size_t& end) {
  header.masks = header.bits == 16 ? std::array<std::uint32_t, 3>{0x7c00, 0x3e0, 0x1f}
                                   : std::array<std::uint32_t, 3>{0xff0000, 0xff00, 0xff};
  if (header.compression != kBitFields) return {};
  const std::size_t at = kFileHeaderBytes + 40;
  if (info_bytes < 52) end = at + 12;  // the masks follow the short header
  if (misses(source.bytes, at, 12)) return damaged(source, kFormat, "no bit masks");
  std::array<std::uint32_t, 3> masks{};
  for (std::size_t i = 0; i < 3; ++i) masks[i] = read_u32(source.bytes, at + 4 * i);
  if (masks == std::array<std::uint32_t, 3>{}) return {};  // as if there were none
  for (const auto mask : masks) {
    const std::uint32_t run = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    if (run == 0 || (run & (run + 1)) != 0 || static_cast<int>(std::bit_width(mask)) > header.bits) {
      return unsupported(source, kFormat, fmt::format("bit mask {:#x} of {} bits", mask, header.bits));
    }
  }
  if (header.bits == 24 && masks != header.masks) {
    return unsupported(source, kFormat, "bit masks of 24 bits other than blue, green, red");
  }
  header.masks = masks;
  return {};
}

// Entries that the file does not hold are grey of their number, as in Pillow.
Status read_palette(const Source& source, std::uint32_t colours, std::size_t entry_bytes, Header& header,
                    std::size_t& end) {
  for (std::size_t i = 0; i < header.palette.size(); ++i) header.palette[i].fill(static_cast<std::uint8_t>(i));
  if (header.bits > 8) return {};
  const std::size_t count = colours == 0 ? std::size_t{1} << header.bits : colours;
  if (count > 65'536) return damaged(source, kFormat, fmt::format("a palette of {} colours", count));
  if (misses(source.bytes, end, count * entry_bytes)) return damaged(source, kFormat, "the palette is cut off");
  for (std::size_t i = 0; i < std::min(count, header.palette.size()); ++i) {
    const auto entry = source.bytes.subspan(end + i * entry_bytes, 3);
    header.palette[i] = {entry[2], entry[1], entry[0]};
  }
  end += count * entry_bytes;
  return {};
}

Result<Header> read_header(const Source& source) {
  const Bytes bytes = source.bytes;
  if (misses(bytes, kFileHeaderBytes, 4)) return damaged(source, kFormat, "no header");
  const std::size_t info_bytes = read_u32(bytes, kFileHeaderBytes);
  constexpr auto kKnown = std::to_array<std::size_t>({12, 40, 52, 56, 64, 108, 124});
  if (std::find(kKnown.begin(), kKnown.end(), info_bytes) == kKnown.end()) {
    return unsupported(source, kFormat, fmt::format("header of {} bytes", info_bytes));
  }
  if (misses(bytes, kFileHeaderBytes, info_bytes)) return damaged(source, kFormat, "the header is cut off");

  const Bytes info = bytes.subspan(kFileHeaderBytes, info_bytes);
  Header header;
  std::uint32_t colours = 0;
  if (info_bytes == 12) {
    header.width = read_u16(info, 4);
    header.height = read_u16(info, 6);
    header.bits = static_cast<int>(read_u16(info, 10));
  } else {
    header.width = static_cast<std::int32_t>(read_u32(info, 4));
    header.height = static_cast<std::int32_t>(read_u32(info, 8));
    header.top_down = header.height < 0;
    header.height = std::abs(header.height);
    header.bits = static_cast<int>(read_u16(info, 14));
    header.compression = read_u32(info, 16);
    colours = read_u32(info, 32);
  }
  if (header.width <= 0) return damaged(source, kFormat, fmt::format("width {}", header.width));
  CHECKBOX_CHECK(
      check_size(source, kFormat, static_cast<std::uint64_t>(header.width), static_cast<std::uint64_t>(header.height)));

  constexpr auto kDepths = std::to_array({1, 4, 8, 16, 24, 32});
  if (std::find(kDepths.begin(), kDepths.end(), header.bits) == kDepths.end()) {
    return unsupported(source, kFormat, fmt::format("{} bits per pixel", header.bits));
  }
  const bool fits = header.compression == kRaw || (header.compression == kRle8 && header.bits == 8) ||
                    (header.compression == kRle4 && header.bits == 4) ||
                    (header.compression == kBitFields && header.bits >= 16);
  if (!fits) {
    return unsupported(source, kFormat, fmt::format("compression {} of {} bits", header.compression, header.bits));
  }

  std::size_t end = kFileHeaderBytes + info_bytes;
  CHECKBOX_CHECK(read_masks(source, info_bytes, header, end));
  const std::size_t palette_at = end;
  CHECKBOX_CHECK(read_palette(source, colours, info_bytes == 12 ? 3 : 4, header, end));
  header.pixels_at = read_u32(bytes, 10);
  // Some writers leave the offset out, or the palette out of the offset.
  if (header.pixels_at == 0 || (header.bits <= 8 && header.pixels_at == palette_at)) header.pixels_at = end;
  if (misses(bytes, header.pixels_at, 1)) return damaged(source, kFormat, "no pixels");
  return header;
}

std::uint8_t scaled_field(std::uint32_t pixel, std::uint32_t mask) {
  const int shift = std::countr_zero(mask);
  const std::uint64_t value = (pixel & mask) >> shift;
  return static_cast<std::uint8_t>(value * 255 / (mask >> shift));
}

void convert_row(const Header& header, Bytes row, std::uint8_t* rgb) {
  const int width = static_cast<int>(header.width);
  for (int x = 0; x < width; ++x, rgb += 3) {
    const auto at = static_cast<std::size_t>(x);
    if (header.bits <= 8) {
      std::copy_n(header.palette[packed_sample(row.data(), x, header.bits)].begin(), 3, rgb);
    } else if (header.bits == 24) {
      for (std::size_t c = 0; c < 3; ++c) rgb[c] = row[3 * at + 2 - c];
    } else {
      const std::uint32_t pixel = header.bits == 16 ? read_u16(row, 2 * at) : read_u32(row, 4 * at);
      for (std::size_t c = 0; c < 3; ++c) rgb[c] = scaled_field(pixel, header.masks[c]);
    }
  }
}

Result<Image> decode_rows(const Source& source, const Header& header) {
  const auto width = static_cast<std::size_t>(header.width), height = static_cast<std::size_t>(header.height);
  const std::size_t row_bits = width * static_cast<std::size_t>(header.bits);
  const std::size_t row_bytes = (row_bits + 7) / 8, stride = (row_bits + 31) / 32 * 4;
  const std::size_t needed = stride * (height - 1) + row_bytes;  // the last row may go without its padding
  if (misses(source.bytes, header.pixels_at, needed)) {
    return damaged(source, kFormat,
                   fmt::format("{} bytes of pixels, {} expected", source.bytes.size() - header.pixels_at, needed));
  }
  CHECKBOX_TRY(Image image, new_image(source, kFormat, width, height));
  for (std::size_t y = 0; y < height; ++y) {
    const auto row = source.bytes.subspan(header.pixels_at + stride * y, row_bytes);
    convert_row(header, row, image.row(static_cast<int>(header.top_down ? y : height - 1 - y)));
  }
  return image;
}

// Palette indices, rows in the file's order; what the runs leave out is 0. False where the data end too soon.
bool expand_runs(Bytes data, const Header& header, std::vector<std::uint8_t>& indices) {
  const auto width = static_cast<std::size_t>(header.width), height = static_cast<std::size_t>(header.height);
  const bool nibbles = header.compression == kRle4;
  std::size_t x = 0, y = 0, at = 0;
  const auto put = [&](std::uint8_t index) {
    if (x < width) indices[y * width + x++] = index;  // a run ends with its row
  };
  while (y < height) {
    if (misses(data, at, 2)) return x == width && y + 1 == height;
    const unsigned count = data[at], value = data[at + 1];
    at += 2;
    if (count > 0) {
      for (unsigned i = 0; i < count; ++i) {
        put(static_cast<std::uint8_t>(!nibbles ? value : i % 2 == 0 ? value >> 4 : value & 15));
      }
    } else if (value == 0) {
      x = 0, ++y;
    } else if (value == 1) {
      return true;
    } else if (value == 2) {
      if (misses(data, at, 2)) return false;
      x = std::min(x + data[at], width), y += data[at + 1];
      at += 2;
    } else {
      const std::size_t bytes = nibbles ? (value + 1) / 2 : value;
      if (misses(data, at, bytes)) return false;
      for (std::size_t i = 0; i < value; ++i)
        put(nibbles ? packed_sample(&data[at], static_cast<int>(i), 4) : data[at + i]);
      at += bytes + bytes % 2;
    }
  }
  return true;
}

Result<Image> decode_runs(const Source& source, const Header& header) {
  const auto width = static_cast<std::size_t>(header.width), height = static_cast<std::size_t>(header.height);
  CHECKBOX_TRY(Image image, new_image(source, kFormat, width, height));
  std::vector<std::uint8_t> indices(width * height);
  if (!expand_runs(source.bytes.subspan(header.pixels_at), header, indices)) {
    return damaged(source, kFormat, "the runs end too soon");
  }
  for (std::size_t y = 0; y < height; ++y) {
    std::uint8_t* rgb = image.row(static_cast<int>(header.top_down ? y : height - 1 - y));
    for (std::size_t x = 0; x < width; ++x) rgb = std::copy_n(header.palette[indices[y * width + x]].begin(), 3, rgb);
  }
  return image;
}

}  // namespace

Result<Image> decode_bmp(const Source& source) {
  CHECKBOX_TRY(const Header header, read_header(source));
  if (header.compression == kRle4 || header.compression == kRle8) return decode_runs(source, header);
  return decode_rows(source, header);
}

}  // namespace checkbox::image
