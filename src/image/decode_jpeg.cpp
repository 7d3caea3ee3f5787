// JPEG through libjpeg-turbo with its default transform and upsampling, as Pillow uses it. Four components are taken
// for inverted CMYK, Adobe's way, whatever the markers say: Pillow does so. EXIF orientation is not applied.
//
// libjpeg reports errors by longjmp: every function that calls it holds only trivial objects.
#include <csetjmp>
#include <cstdio>
// After cstdio, whose types it uses.
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <vector>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

// A progressive file may repeat scans without end, each a pass over the whole picture. Encoders write 10 or so.
constexpr int kMaxScans = 500;

struct ErrorManager {
  jpeg_error_mgr base;  // first: libjpeg hands back its address
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> message;
  ErrorCode code;
};

ErrorCode code_of(int message) {
  switch (message) {
    case JERR_IMAGE_TOO_BIG:
      return ErrorCode::kLimitExceeded;
    case JERR_SOF_UNSUPPORTED:  // lossless, hierarchical
    case JERR_BAD_PRECISION:    // 12 bits
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
      return ErrorCode::kUnsupported;
    default:
      return ErrorCode::kCorrupt;
  }
}

[[noreturn]] void on_error(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message.data());
  manager->code = code_of(info->err->msg_code);
  std::longjmp(manager->jump, 1);
}

void on_message(j_common_ptr, int) {}
void on_output(j_common_ptr) {}

void on_source_event(j_decompress_ptr) {}

// At the end of the bytes the decoder stops instead of inventing grey pixels, as it does for a warning.
boolean on_end_of_bytes(j_decompress_ptr) {
  return FALSE;
}

void on_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const auto skipped = std::min(static_cast<std::size_t>(count), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(manager->message.data(), manager->message.size(), "more than the limit of %d scans", kMaxScans);
  manager->code = ErrorCode::kLimitExceeded;
  std::longjmp(manager->jump, 1);
}

// The decoder's state with the functions that may jump. Not copyable: libjpeg keeps pointers into it.
class Decompressor {
 public:
  explicit Decompressor(std::span<const std::uint8_t> bytes) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    errors_.base.output_message = on_output;
    errors_.message[0] = '\0';
    errors_.code = ErrorCode::kCorrupt;
    input_.init_source = on_source_event;
    input_.fill_input_buffer = on_end_of_bytes;
    input_.skip_input_data = on_skip;
    input_.resync_to_restart = jpeg_resync_to_restart;
    input_.term_source = on_source_event;
    input_.next_input_byte = bytes.data();
    input_.bytes_in_buffer = bytes.size();
    progress_.progress_monitor = on_progress;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Each returns false on an error, described by failure().
  bool read_header() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.src = &input_;
    info_.progress = &progress_;
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }
  bool start() {
    if (setjmp(errors_.jump) != 0) return false;
    info_.out_color_space = info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    return jpeg_start_decompress(&info_) != FALSE;
  }
  bool read_row(std::uint8_t* row) {
    if (setjmp(errors_.jump) != 0) return false;
    return jpeg_read_scanlines(&info_, &row, 1) == 1;
  }

  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }
  // Of the call that returned false.
  [[nodiscard]] Error failure(const Source& source) const {
    const char* message = errors_.message[0] != '\0' ? errors_.message.data() : "the data end too soon";
    if (errors_.code == ErrorCode::kUnsupported) return unsupported(source, Format::kJpeg, message);
    if (errors_.code == ErrorCode::kLimitExceeded) return error(errors_.code, "{}: JPEG: {}", source.name, message);
    return damaged(source, Format::kJpeg, message);
  }

 private:
  jpeg_decompress_struct info_{};
  ErrorManager errors_{};
  jpeg_source_mgr input_{};
  jpeg_progress_mgr progress_{};
};

}  // namespace

Result<Image> decode_jpeg(const Source& source) {
  constexpr auto kFormat = Format::kJpeg;
  Decompressor decompressor(source.bytes);
  if (!decompressor.read_header()) return decompressor.failure(source);
  const auto& info = decompressor.info();
  if (info.num_components != 1 && info.num_components != 3 && info.num_components != 4) {
    return unsupported(source, kFormat, fmt::format("{} components, 1, 3 or 4 expected", info.num_components));
  }
  CHECKBOX_TRY(Image image, new_image(source, kFormat, info.image_width, info.image_height));
  if (!decompressor.start()) return decompressor.failure(source);

  std::vector<std::uint8_t> inks(info.num_components == 4 ? std::size_t{4} * info.output_width : 0);
  for (int y = 0; y < image.height; ++y) {
    if (!decompressor.read_row(inks.empty() ? image.row(y) : inks.data())) {
      return decompressor.failure(source);
    }
    if (inks.empty()) continue;
    for (auto& ink : inks) ink = static_cast<std::uint8_t>(255 - ink);
    for (int x = 0; x < image.width; ++x) set_cmyk(image.row(y) + 3 * x, inks.data() + 4 * x);
  }
  return image;
}

}  // namespace checkbox::image
