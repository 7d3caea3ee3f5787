// The first page of a TIFF or BigTIFF through libtiff, from memory: strips and tiles, samples side by side or in
// planes, every compression that libtiff was built with. The orientation tag is applied, as Pillow does for TIFF alone.
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <vector>

#include "image/codecs.hpp"
#include "image/tiff_pixels.hpp"

namespace checkbox::image {
namespace {

constexpr auto kFormat = Format::kTiff;
constexpr int kMaxSamples = 6;                                     // of a pixel; Pillow's limit too
constexpr tmsize_t kMaxLibraryBytes = tmsize_t{256} << 20;         // of one allocation inside libtiff
constexpr std::uint64_t kMaxTileBytes = std::uint64_t{256} << 20;  // of one tile, decoded

// What libtiff reads from and complains to.
struct Client {
  std::span<const std::uint8_t> bytes;
  toff_t position = 0;
  std::string message;
};

Client& client_of(thandle_t handle) {
  return *static_cast<Client*>(handle);
}

tmsize_t read_bytes(thandle_t handle, void* out, tmsize_t count) {
  Client& client = client_of(handle);
  if (count <= 0 || client.position >= client.bytes.size()) return 0;
  const auto taken = std::min<std::size_t>(client.bytes.size() - client.position, static_cast<std::size_t>(count));
  std::copy_n(client.bytes.data() + client.position, taken, static_cast<std::uint8_t*>(out));
  client.position += taken;
  return static_cast<tmsize_t>(taken);
}
tmsize_t write_bytes(thandle_t, void*, tmsize_t) {
  return 0;
}
toff_t seek(thandle_t handle, toff_t offset, int from) {
  Client& client = client_of(handle);
  const toff_t base = from == SEEK_CUR ? client.position : from == SEEK_END ? client.bytes.size() : 0;
  client.position = base + offset;
  return client.position;
}
int close_client(thandle_t) {
  return 0;
}
toff_t size_of(thandle_t handle) {
  return client_of(handle).bytes.size();
}
int map_bytes(thandle_t handle, void** base, toff_t* size) {
  *base = const_cast<std::uint8_t*>(client_of(handle).bytes.data());  // libtiff copies before it changes anything
  *size = client_of(handle).bytes.size();
  return 1;
}
void unmap_bytes(thandle_t, void*, toff_t) {}

[[gnu::format(printf, 4, 0)]] int on_error(TIFF*, void* user_data, const char*, const char* format, va_list arguments) {
  std::string& message = static_cast<Client*>(user_data)->message;
  if (!message.empty()) return 1;  // the first is the cause
  std::array<char, 256> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  message = text.data();
  return 1;
}
int on_warning(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

struct TiffDeleter {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, TiffDeleter>;

Tiff open_tiff(Client& client) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  if (options == nullptr) return nullptr;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxLibraryBytes);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &client);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, nullptr);
  return Tiff(TIFFClientOpenExt("", "r", &client, read_bytes, write_bytes, seek, close_client, size_of, map_bytes,
                                unmap_bytes, options.get()));
}

std::uint16_t tag16(TIFF* tiff, std::uint32_t tag, std::uint16_t otherwise) {
  std::uint16_t value = 0;
  return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : otherwise;
}

struct Layout {
  TiffPixels pixels;
  std::uint32_t width = 0, height = 0;
  std::uint32_t tile_width = 0, tile_height = 0;  // of strips: the width, and rows to decode at once
  bool tiled = false;
  bool planes = false;        // each sample of a pixel in a plane of its own
  bool through_rgba = false;  // YCbCr that only libtiff's own RGBA reader turns into RGB
  int orientation = 1;
};

Status read_palette(const Source& source, TIFF* tiff, TiffPixels& pixels) {
  if (pixels.bits > 8) return {};  // refused later
  std::array<std::uint16_t*, 3> channels{};
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2]) != 1) {
    return damaged(source, kFormat, "no colour map");
  }
  for (std::size_t i = 0; i < std::size_t{1} << pixels.bits; ++i) {
    for (std::size_t c = 0; c < 3; ++c) pixels.palette[i][c] = static_cast<std::uint8_t>(channels[c][i] >> 8);
  }
  return {};
}

Status read_colour(const Source& source, TIFF* tiff, Layout& layout) {
  TiffPixels& pixels = layout.pixels;
  const auto compression = tag16(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  auto photometric = tag16(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  if (compression == COMPRESSION_OJPEG) photometric = PHOTOMETRIC_YCBCR;
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
      pixels.min_is_white = true;
      break;
    case PHOTOMETRIC_MINISBLACK:
      break;
    case PHOTOMETRIC_RGB:
      pixels.colour = TiffColour::kRgb;
      break;
    case PHOTOMETRIC_PALETTE:
      pixels.colour = TiffColour::kPalette;
      return read_palette(source, tiff, pixels);
    case PHOTOMETRIC_SEPARATED:
      pixels.colour = TiffColour::kCmyk;
      break;
    case PHOTOMETRIC_YCBCR:
      pixels.colour = TiffColour::kRgb;
      if (compression == COMPRESSION_JPEG && !layout.planes) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      } else {
        layout.through_rgba = true;
      }
      break;
    default:
      return unsupported(source, kFormat, fmt::format("photometric interpretation {}", photometric));
  }
  return {};
}

Result<Layout> read_layout(const Source& source, TIFF* tiff) {
  Layout layout;
  TiffPixels& pixels = layout.pixels;
  if (TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width) != 1 ||
      TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height) != 1) {
    return damaged(source, kFormat, "no width and height");
  }
  CHECKBOX_CHECK(check_size(source, kFormat, layout.width, layout.height));
  pixels.bits = tag16(tiff, TIFFTAG_BITSPERSAMPLE, 1);
  pixels.samples = tag16(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  if (pixels.samples > kMaxSamples) {
    return unsupported(source, kFormat,
                       fmt::format("{} samples per pixel, at most {} expected", pixels.samples, kMaxSamples));
  }
  const auto number = tag16(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (number < SAMPLEFORMAT_UINT || number > SAMPLEFORMAT_IEEEFP) {
    return unsupported(source, kFormat, fmt::format("sample format {}", number));
  }
  pixels.number = static_cast<TiffNumber>(number - SAMPLEFORMAT_UINT);
  std::uint16_t extra_count = 0;
  std::uint16_t* extras = nullptr;
  if (TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras) == 1 && extra_count > 0) {
    pixels.premultiplied = extras[0] == EXTRASAMPLE_ASSOCALPHA && pixels.samples >= 4 &&
                           tag16(tiff, TIFFTAG_PHOTOMETRIC, 0) == PHOTOMETRIC_RGB;
  }
  layout.planes = pixels.samples > 1 && tag16(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.orientation = tag16(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  CHECKBOX_CHECK(read_colour(source, tiff, layout));
  if (const std::string reason = refusal(pixels); !layout.through_rgba && !reason.empty()) {
    return unsupported(source, kFormat, reason);
  }

  layout.tiled = TIFFIsTiled(tiff) != 0;
  layout.tile_width = layout.width;
  if (!layout.tiled) {
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &layout.tile_height);
    layout.tile_height = std::clamp(layout.tile_height, 1U, layout.height);
    return layout;
  }
  if (TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout.tile_width) != 1 ||
      TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout.tile_height) != 1 || layout.tile_width == 0 ||
      layout.tile_height == 0) {
    return damaged(source, kFormat, "no tile size");
  }
  // The tiles overhang the image; what they decode to counts.
  const auto whole = [](std::uint64_t size, std::uint64_t tile) { return (size + tile - 1) / tile * tile; };
  const std::uint64_t across = whole(layout.width, layout.tile_width), down = whole(layout.height, layout.tile_height);
  if (down > source.limits.max_pixels / across) {
    return error(ErrorCode::kLimitExceeded, "{}: tiles of {} x {}: more pixels than the limit of {}", source.name,
                 layout.tile_width, layout.tile_height, source.limits.max_pixels);
  }
  return layout;
}

// Calls take(y, x, count, row) for each stretch of each row of one plane. False on an error, which the client holds.
template <class Take>
bool read_plane(TIFF* tiff, const Layout& layout, std::uint16_t plane, const Take& take) {
  const std::uint64_t row_samples = layout.planes ? 1 : static_cast<std::uint64_t>(layout.pixels.samples);
  const std::uint64_t needed = (layout.tile_width * row_samples * static_cast<unsigned>(layout.pixels.bits) + 7) / 8;
  if (!layout.tiled) {
    const std::uint64_t row_bytes = TIFFScanlineSize64(tiff);
    if (row_bytes < needed || row_bytes > kMaxTileBytes) return false;
    std::vector<std::uint8_t> row(row_bytes);
    for (std::uint32_t y = 0; y < layout.height; ++y) {
      if (TIFFReadScanline(tiff, row.data(), y, plane) != 1) return false;
      take(y, 0U, layout.width, row.data());
    }
    return true;
  }
  const std::uint64_t tile_bytes = TIFFTileSize64(tiff), row_bytes = TIFFTileRowSize64(tiff);
  if (row_bytes < needed || tile_bytes > kMaxTileBytes || tile_bytes / row_bytes < layout.tile_height) return false;
  std::vector<std::uint8_t> tile(tile_bytes);
  for (std::uint32_t y = 0; y < layout.height; y += layout.tile_height) {
    for (std::uint32_t x = 0; x < layout.width; x += layout.tile_width) {
      if (TIFFReadTile(tiff, tile.data(), x, y, 0, plane) < 0) return false;
      const std::uint32_t count = std::min(layout.tile_width, layout.width - x);
      const std::uint32_t rows = std::min(layout.tile_height, layout.height - y);
      for (std::uint32_t i = 0; i < rows; ++i) take(y + i, x, count, tile.data() + row_bytes * i);
    }
  }
  return true;
}

bool read_side_by_side(TIFF* tiff, const Layout& layout, Image& image) {
  return read_plane(
      tiff, layout, 0, [&](std::uint32_t y, std::uint32_t x, std::uint32_t count, const std::uint8_t* row) {
        convert_row(layout.pixels, row, static_cast<int>(count), image.row(static_cast<int>(y)) + std::size_t{3} * x);
      });
}

// Grey and palette need the first plane alone; the colours are brought side by side, then converted.
bool read_planes(TIFF* tiff, const Layout& layout, Image& image) {
  TiffPixels pixels = layout.pixels;
  if (pixels.colour == TiffColour::kGrey || pixels.colour == TiffColour::kPalette) {
    Layout first = layout;
    first.pixels.samples = 1;
    return read_side_by_side(tiff, first, image);
  }
  pixels.samples = pixels.colour == TiffColour::kCmyk || pixels.premultiplied ? 4 : 3;
  const std::size_t sample_bytes = static_cast<std::size_t>(pixels.bits) / 8;
  const std::size_t pixel_bytes = sample_bytes * static_cast<std::size_t>(pixels.samples);
  std::vector<std::uint8_t> merged(pixel_bytes * layout.width * layout.height);
  for (int plane = 0; plane < pixels.samples; ++plane) {
    const auto take = [&](std::uint32_t y, std::uint32_t x, std::uint32_t count, const std::uint8_t* row) {
      std::uint8_t* to = merged.data() + pixel_bytes * (std::size_t{y} * layout.width + x) + sample_bytes * plane;
      for (std::uint32_t i = 0; i < count; ++i, to += pixel_bytes, row += sample_bytes) {
        std::copy_n(row, sample_bytes, to);
      }
    };
    if (!read_plane(tiff, layout, static_cast<std::uint16_t>(plane), take)) return false;
  }
  for (int y = 0; y < image.height; ++y) {
    convert_row(pixels, merged.data() + pixel_bytes * layout.width * y, image.width, image.row(y));
  }
  return true;
}

bool read_through_rgba(TIFF* tiff, const Layout& layout, Image& image, Client& client) {
  TIFFRGBAImage reader;
  std::array<char, 1024> message{};
  if (TIFFRGBAImageBegin(&reader, tiff, 1, message.data()) != 1) {
    if (client.message.empty()) client.message = message.data();
    return false;
  }
  const std::unique_ptr<TIFFRGBAImage, decltype(&TIFFRGBAImageEnd)> guard(&reader, TIFFRGBAImageEnd);
  reader.orientation = reader.req_orientation = ORIENTATION_TOPLEFT;  // ours to apply
  const std::uint32_t block = std::min(layout.tile_height, layout.height);
  std::vector<std::uint32_t> raster(std::size_t{layout.width} * block);
  for (std::uint32_t y = 0; y < layout.height; y += block) {
    const std::uint32_t rows = std::min(block, layout.height - y);
    reader.row_offset = static_cast<int>(y);
    reader.col_offset = 0;
    if (TIFFRGBAImageGet(&reader, raster.data(), layout.width, rows) != 1) return false;
    std::uint8_t* rgb = image.row(static_cast<int>(y));
    for (std::size_t i = 0; i < std::size_t{layout.width} * rows; ++i, rgb += 3) {
      rgb[0] = static_cast<std::uint8_t>(TIFFGetR(raster[i]));
      rgb[1] = static_cast<std::uint8_t>(TIFFGetG(raster[i]));
      rgb[2] = static_cast<std::uint8_t>(TIFFGetB(raster[i]));
    }
  }
  return true;
}

}  // namespace

Result<Image> decode_tiff(const Source& source) {
  Client client;
  client.bytes = source.bytes;
  const auto failure = [&] {
    return damaged(source, kFormat, client.message.empty() ? "its rows are not of their size" : client.message);
  };
  const Tiff tiff = open_tiff(client);
  if (tiff == nullptr) return failure();
  CHECKBOX_TRY(const Layout layout, read_layout(source, tiff.get()));
  CHECKBOX_TRY(Image image, new_image(source, kFormat, layout.width, layout.height));
  const bool done = layout.through_rgba ? read_through_rgba(tiff.get(), layout, image, client)
                    : layout.planes     ? read_planes(tiff.get(), layout, image)
                                        : read_side_by_side(tiff.get(), layout, image);
  if (!done) return failure();
  return oriented(std::move(image), layout.orientation);
}

}  // namespace checkbox::image
