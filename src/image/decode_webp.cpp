// WebP through libwebp; of an animation the first frame, on a black canvas where it is smaller.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

struct DemuxerDeleter {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

struct Frame : WebPIterator {
  Frame() : WebPIterator{} {}
  ~Frame() { WebPDemuxReleaseIterator(this); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
};

}  // namespace

Result<Image> decode_webp(const Source& source) {
  constexpr auto kFormat = Format::kWebp;
  const WebPData data{source.bytes.data(), source.bytes.size()};
  const std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(WebPDemux(&data));
  if (demuxer == nullptr) return damaged(source, kFormat, "its chunks are not whole");
  CHECKBOX_TRY(Image image, new_image(source, kFormat, WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH),
                                      WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT)));

  Frame frame;
  if (WebPDemuxGetFrame(demuxer.get(), 1, &frame) == 0) return damaged(source, kFormat, "no frame");
  if (frame.x_offset < 0 || frame.y_offset < 0 || frame.width < 1 || frame.height < 1 ||
      frame.width > image.width - frame.x_offset || frame.height > image.height - frame.y_offset) {
    return damaged(source, kFormat, "the first frame lies outside the canvas");
  }

  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    return error(ErrorCode::kInternal, "{}: libwebp has another version than its headers", source.name);
  }
  std::uint8_t* const first = image.row(frame.y_offset) + 3 * frame.x_offset;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = first;
  config.output.u.RGBA.stride = 3 * image.width;
  config.output.u.RGBA.size = static_cast<std::size_t>(image.pixels.data() + image.pixels.size() - first);
  const auto status = WebPDecode(frame.fragment.bytes, frame.fragment.size, &config);
  if (status != VP8_STATUS_OK) {
    return damaged(source, kFormat, fmt::format("libwebp's status {}", static_cast<int>(status)));
  }
  return image;
}

}  // namespace checkbox::image
