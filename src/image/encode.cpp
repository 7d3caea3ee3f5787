#include "image/encode.hpp"

#include <spng.h>

#include <cstdlib>
#include <memory>

namespace checkbox::image {
namespace {

struct ContextDeleter {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
struct MallocDeleter {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

Result<std::vector<std::uint8_t>> encode_png(const Image& image) {
  if (image.width < 1 || image.height < 1 ||
      image.pixels.size() != std::size_t{3} * static_cast<std::size_t>(image.width) * image.height) {
    return error(ErrorCode::kInvalidArgument, "encode_png: {} x {} pixels with {} bytes", image.width, image.height,
                 image.pixels.size());
  }
  const std::unique_ptr<spng_ctx, ContextDeleter> context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (context == nullptr) return error(ErrorCode::kInternal, "encode_png: cannot start the encoder");
  spng_ctx* const png = context.get();
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(image.width);
  header.height = static_cast<std::uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  int code = spng_set_ihdr(png, &header);
  if (code == 0) code = spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1);
  if (code == 0) {
    code = spng_encode_image(png, image.pixels.data(), image.pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  }
  std::size_t size = 0;
  std::unique_ptr<void, MallocDeleter> bytes;
  if (code == 0) bytes.reset(spng_get_png_buffer(png, &size, &code));
  if (code != 0 || bytes == nullptr) return error(ErrorCode::kInternal, "encode_png: {}", spng_strerror(code));
  const auto* first = static_cast<const std::uint8_t*>(bytes.get());
  return std::vector<std::uint8_t>(first, first + size);
}

}  // namespace checkbox::image
