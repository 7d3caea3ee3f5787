// The first frame of a GIF through giflib. As Pillow draws it: the canvas grows where the frame overhangs it, and
// around a smaller frame lies the transparent index, or index 0 (not the background colour).
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

constexpr auto kFormat = Format::kGif;

struct Reader {
  std::span<const std::uint8_t> rest;
};

int read_bytes(GifFileType* file, GifByteType* out, int count) {
  auto& rest = static_cast<Reader*>(file->UserData)->rest;
  const auto taken = std::min(rest.size(), static_cast<std::size_t>(std::max(count, 0)));
  std::copy_n(rest.begin(), taken, out);
  rest = rest.subspan(taken);
  return static_cast<int>(taken);
}

struct FileDeleter {
  void operator()(GifFileType* file) const { DGifCloseFile(file, nullptr); }
};

Error gif_error(const Source& source, int code) {
  const char* text = GifErrorString(code);
  return damaged(source, kFormat, text != nullptr ? text : "unknown error");
}

// Reads up to the first image descriptor. Yields the transparent index, if a graphic control extension sets one.
Result<std::optional<int>> seek_first_frame(const Source& source, GifFileType* file) {
  std::optional<int> transparent;
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(file, &record) == GIF_ERROR) return gif_error(source, file->Error);
    if (record == TERMINATE_RECORD_TYPE) return damaged(source, kFormat, "no frame");
    if (record == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(file) == GIF_ERROR) return gif_error(source, file->Error);
      return transparent;
    }
    if (record != EXTENSION_RECORD_TYPE) continue;
    int kind = 0;
    GifByteType* block = nullptr;  // its first byte is the length
    if (DGifGetExtension(file, &kind, &block) == GIF_ERROR) return gif_error(source, file->Error);
    if (kind == GRAPHICS_EXT_FUNC_CODE && block != nullptr && block[0] >= 4) {
      if ((block[1] & 1) != 0) transparent = block[4];
    }
    while (block != nullptr) {
      if (DGifGetExtensionNext(file, &block) == GIF_ERROR) return gif_error(source, file->Error);
    }
  }
}

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

Palette make_palette(const ColorMapObject* colours) {
  Palette palette;
  for (std::size_t i = 0; i < palette.size(); ++i) palette[i].fill(static_cast<std::uint8_t>(i));
  if (colours == nullptr) return palette;
  for (std::size_t i = 0; i < std::min<std::size_t>(256, static_cast<std::size_t>(colours->ColorCount)); ++i) {
    palette[i] = {colours->Colors[i].Red, colours->Colors[i].Green, colours->Colors[i].Blue};
  }
  return palette;
}

// The row of the frame that its n-th stored row is.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> order;
  order.reserve(static_cast<std::size_t>(height));
  if (!interlaced) {
    for (int y = 0; y < height; ++y) order.push_back(y);
    return order;
  }
  constexpr std::array<std::array<int, 2>, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  for (const auto& [first, step] : kPasses) {
    for (int y = first; y < height; y += step) order.push_back(y);
  }
  return order;
}

}  // namespace

Result<Image> decode_gif(const Source& source) {
  Reader reader{source.bytes};
  int code = 0;
  const std::unique_ptr<GifFileType, FileDeleter> file(DGifOpen(&reader, read_bytes, &code));
  if (file == nullptr) return gif_error(source, code);
  CHECKBOX_TRY(const std::optional<int> transparent, seek_first_frame(source, file.get()));

  const GifImageDesc& frame = file->Image;
  if (frame.Width < 1 || frame.Height < 1 || frame.Left < 0 || frame.Top < 0) {
    return damaged(source, kFormat, fmt::format("a frame of {} x {} pixels", frame.Width, frame.Height));
  }
  CHECKBOX_TRY(Image image,
               new_image(source, kFormat, static_cast<std::uint64_t>(std::max(file->SWidth, frame.Left + frame.Width)),
                         static_cast<std::uint64_t>(std::max(file->SHeight, frame.Top + frame.Height))));
  const Palette palette = make_palette(frame.ColorMap != nullptr ? frame.ColorMap : file->SColorMap);
  if (frame.Width < image.width || frame.Height < image.height) {
    const auto& around = palette[static_cast<std::size_t>(transparent.value_or(0))];
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = around[i % 3];
  }
  std::vector<GifByteType> indices(static_cast<std::size_t>(frame.Width));
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(file.get(), indices.data(), frame.Width) == GIF_ERROR) return gif_error(source, file->Error);
    std::uint8_t* rgb = image.row(frame.Top + y) + 3 * frame.Left;
    for (const auto index : indices) rgb = std::copy_n(palette[index].begin(), 3, rgb);
  }
  return image;
}

}  // namespace checkbox::image
