// PNG through libspng. Its raw samples are taken, so that the way to 8-bit RGB is Pillow's: 16-bit grey is clipped at
// 255 (not scaled), 16-bit colour loses its low byte, palette indices beyond PLTE are grey of that value, tRNS and
// alpha are dropped.
#include <spng.h>

#include <array>
#include <memory>
#include <vector>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

constexpr auto kFormat = Format::kPng;
// Of one ancillary chunk (text, colour profile), also once inflated, and of all together.
constexpr std::size_t kMaxChunkBytes = std::size_t{16} << 20;

// Deflate packs no run into fewer than one byte for 1032.
constexpr std::size_t kMaxInflation = 1032;

struct ContextDeleter {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

class RowConverter {
 public:
  RowConverter(const spng_ihdr& header, const spng_plte& palette)
      : colour_type_(header.color_type), depth_(header.bit_depth), width_(static_cast<int>(header.width)) {
    for (std::size_t i = 0; i < palette_.size(); ++i) palette_[i].fill(static_cast<std::uint8_t>(i));
    for (std::size_t i = 0; i < palette.n_entries; ++i) {
      palette_[i] = {palette.entries[i].red, palette.entries[i].green, palette.entries[i].blue};
    }
  }

  void operator()(const std::uint8_t* raw, std::uint8_t* rgb) const {
    switch (colour_type_) {
      case SPNG_COLOR_TYPE_GRAYSCALE:
        return grey(raw, rgb);
      case SPNG_COLOR_TYPE_INDEXED:
        return indexed(raw, rgb);
      case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
        return colour(raw, rgb, 2, {0, 0, 0});
      case SPNG_COLOR_TYPE_TRUECOLOR:
        return colour(raw, rgb, 3, {0, 1, 2});
      default:
        return colour(raw, rgb, 4, {0, 1, 2});
    }
  }

 private:
  void grey(const std::uint8_t* raw, std::uint8_t* rgb) const {
    for (int x = 0; x < width_; ++x) {
      std::uint8_t value = 0;
      if (depth_ == 16) {
        value = raw[2 * x] != 0 ? std::uint8_t{255} : raw[2 * x + 1];
      } else {
        value = static_cast<std::uint8_t>(packed_sample(raw, x, depth_) * (255 / ((1 << depth_) - 1)));
      }
      set_grey(rgb + 3 * x, value);
    }
  }
  void indexed(const std::uint8_t* raw, std::uint8_t* rgb) const {
    for (int x = 0; x < width_; ++x) {
      const auto& entry = palette_[packed_sample(raw, x, depth_)];
      std::copy(entry.begin(), entry.end(), rgb + 3 * x);
    }
  }
  void colour(const std::uint8_t* raw, std::uint8_t* rgb, int channels, std::array<int, 3> order) const {
    const int bytes = depth_ / 8;
    for (int x = 0; x < width_; ++x, raw += channels * bytes, rgb += 3) {
      for (std::size_t c = 0; c < 3; ++c) rgb[c] = raw[order[c] * bytes];
    }
  }

  int colour_type_;
  int depth_;
  int width_;
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
};

Error png_error(const Source& source, int code) {
  if (code == SPNG_ECHUNK_LIMITS) {
    return error(ErrorCode::kLimitExceeded, "{}: PNG chunks of text or colour profile over the limit of {} bytes",
                 source.name, kMaxChunkBytes);
  }
  return damaged(source, kFormat, spng_strerror(code));
}

// All rows to `image`; 0 or libspng's error. An interlaced picture is decoded whole, any other row by row.
int read_rows(spng_ctx* png, bool interlaced, std::size_t raw_bytes, const RowConverter& convert, Image& image) {
  const std::size_t row_bytes = raw_bytes / static_cast<std::size_t>(image.height);
  std::vector<std::uint8_t> raw(interlaced ? raw_bytes : row_bytes);
  if (interlaced) {
    if (const int code = spng_decode_image(png, raw.data(), raw.size(), SPNG_FMT_RAW, 0); code != 0) return code;
    for (int y = 0; y < image.height; ++y) convert(raw.data() + row_bytes * y, image.row(y));
    return 0;
  }
  if (const int code = spng_decode_image(png, nullptr, 0, SPNG_FMT_RAW, SPNG_DECODE_PROGRESSIVE); code != 0)
    return code;
  for (int y = 0; y < image.height; ++y) {
    const int code = spng_decode_row(png, raw.data(), raw.size());
    if (code != 0 && !(code == SPNG_EOI && y + 1 == image.height)) return code;
    convert(raw.data(), image.row(y));
  }
  return 0;
}

}  // namespace

Result<Image> decode_png(const Source& source) {
  const std::unique_ptr<spng_ctx, ContextDeleter> context(spng_ctx_new(0));
  if (context == nullptr) return error(ErrorCode::kInternal, "{}: cannot start the PNG decoder", source.name);
  spng_ctx* const png = context.get();
  spng_set_chunk_limits(png, kMaxChunkBytes, kMaxChunkBytes);
  spng_set_png_buffer(png, source.bytes.data(), source.bytes.size());

  spng_ihdr header{};
  if (const int code = spng_get_ihdr(png, &header); code != 0) return png_error(source, code);
  CHECKBOX_CHECK(check_size(source, kFormat, header.width, header.height));
  std::size_t raw_bytes = 0;
  if (const int code = spng_decoded_image_size(png, SPNG_FMT_RAW, &raw_bytes); code != 0)
    return png_error(source, code);
  if (raw_bytes / kMaxInflation > source.bytes.size()) {
    return damaged(
        source, kFormat,
        fmt::format("{} bytes cannot hold {} x {} pixels", source.bytes.size(), header.width, header.height));
  }
  spng_plte palette{};
  if (const int code = spng_get_plte(png, &palette); code != 0 && code != SPNG_ECHUNKAVAIL) {
    return png_error(source, code);
  }

  CHECKBOX_TRY(Image image, new_image(source, kFormat, header.width, header.height));
  const RowConverter convert(header, palette);
  if (const int code = read_rows(png, header.interlace_method != 0, raw_bytes, convert, image); code != 0) {
    return png_error(source, code);
  }
  // The last checksum stands after the pixels. What else may be amiss there (no IEND) spoils nothing.
  if (const int code = spng_decode_chunks(png); code == SPNG_ECHUNK_CRC) return png_error(source, code);
  return image;
}

}  // namespace checkbox::image
