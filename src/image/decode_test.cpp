// The decoders against Pillow: tests/judges/make_images.py draws some 400 files and says what RGB each holds.
#include "image/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include "base/files.hpp"
#include "tests/support/support.hpp"

namespace checkbox::image {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

Image read_ppm(std::istream& file) {
  std::string magic;
  int top = 0;
  Image image;
  file >> magic >> image.width >> image.height >> top;
  file.get();
  image.pixels.resize(std::size_t{3} * static_cast<std::size_t>(image.width) * image.height);
  file.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  return image;
}

// The drawn files, made once for all tests.
class DecodedLikePillow : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::python_has("PIL, numpy")) return;
    folder_ = new TempDir;
    const auto script = testing::source_dir() / "tests" / "judges" / "make_images.py";
    const auto run = testing::run_command("python3 " + script.string() + " " + folder_->path().string() + " 2>&1");
    ASSERT_EQ(run.status, 0) << run.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  // Every file whose name starts with `prefix`, at least `at_least` of them.
  static void check(const std::string& prefix, int at_least, Format format) {
    if (folder_ == nullptr) GTEST_SKIP() << "needs Python's PIL, numpy";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_->path())) {
      const auto& path = entry.path();
      if (path.extension() == ".ppm" || !path.filename().string().starts_with(prefix)) continue;
      SCOPED_TRACE(path.filename().string());
      ++count;
      std::ifstream ppm(std::filesystem::path(path).replace_extension(".ppm"), std::ios::binary);
      const Image expected = read_ppm(ppm);
      const auto bytes = read_file(path);
      ASSERT_TRUE(bytes.ok());
      const auto found_format = detect_format(*bytes);
      ASSERT_TRUE(found_format.ok());
      EXPECT_EQ(*found_format, format);
      const auto found = load(path);
      if (!found.ok()) {
        ADD_FAILURE() << found.error().message;
        continue;
      }
      EXPECT_EQ(found->width, expected.width);
      EXPECT_EQ(found->height, expected.height);
      if (found->pixels == expected.pixels) continue;
      const auto [a, b] =
          std::mismatch(found->pixels.begin(), found->pixels.end(), expected.pixels.begin(), expected.pixels.end());
      const auto at = (a - found->pixels.begin()) / 3;
      ADD_FAILURE() << "first difference at x " << at % expected.width << ", y " << at / expected.width << ": "
                    << int{*a} << ", expected " << int{*b};
    }
    EXPECT_GE(count, at_least);
  }

  [[nodiscard]] static const TempDir* folder() { return folder_; }

 private:
  static inline TempDir* folder_ = nullptr;
};

TEST_F(DecodedLikePillow, PngOfEveryColourTypeDepthAndInterlacing) {
  check("png_", 90, Format::kPng);
}
TEST_F(DecodedLikePillow, JpegOfEveryColourSpaceAndSampling) {
  check("jpeg_", 40, Format::kJpeg);
}
TEST_F(DecodedLikePillow, WebpLossyLosslessAndAnimated) {
  check("webp_", 18, Format::kWebp);
}
TEST_F(DecodedLikePillow, GifFirstFrame) {
  check("gif_", 29, Format::kGif);
}
TEST_F(DecodedLikePillow, BmpOfEveryDepthHeaderAndCompression) {
  check("bmp_", 50, Format::kBmp);
}
TEST_F(DecodedLikePillow, TiffOfEveryLayoutAndCompression) {
  check("tiff_", 150, Format::kTiff);
}

// As Pillow raises for them.
TEST_F(DecodedLikePillow, TruncatedFilesAreCorrupt) {
  if (folder() == nullptr) GTEST_SKIP() << "needs Python's PIL, numpy";
  for (const auto* name :
       {"jpeg_rgb_53x37_2.jpg", "jpeg_progressive_53x37.jpg", "jpeg_cmyk_53x37.jpg", "webp_lossy_53x37_4.webp",
        "webp_lossless_53x37.webp", "webp_animation.webp", "gif_global.gif", "gif_pillow_large.gif", "bmp_8.bmp",
        "bmp_24.bmp", "bmp_rle8_no_end.bmp", "tiff_rgb8_raw_le_strips.tif", "tiff_rgb8_le_tiles.tif",
        "tiff_pillow_rgb_tiff_lzw.tif", "png_6_8_13x11.png", "png_2_16_13x11_interlaced.png"}) {
    const auto bytes = read_file(folder()->path() / name);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    for (std::size_t part = 1; part < 8; ++part) {
      SCOPED_TRACE(std::string(name) + " cut at " + std::to_string(part) + " / 8");
      const auto result = decode(std::span(*bytes).first(bytes->size() * part / 8), "cut");
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
      EXPECT_THAT(result.error().message, HasSubstr("cut: damaged or truncated"));
    }
  }
}

// A small file whose scans, each a pass over the picture, take for ever.
TEST_F(DecodedLikePillow, JpegOfEndlessScansExceedsTheLimit) {
  if (folder() == nullptr) GTEST_SKIP() << "needs Python's PIL, numpy";
  auto bytes = read_file(folder()->path() / "jpeg_progressive_53x37.jpg");
  ASSERT_TRUE(bytes.ok());
  const std::array<std::uint8_t, 2> scan_marker{0xff, 0xda};
  const auto last = std::find_end(bytes->begin(), bytes->end(), scan_marker.begin(), scan_marker.end());
  const std::vector<std::uint8_t> scan(last, bytes->end() - 2);
  bytes->resize(bytes->size() - 2);
  for (int i = 0; i < 600; ++i) bytes->insert(bytes->end(), scan.begin(), scan.end());
  bytes->insert(bytes->end(), {0xff, 0xd9});
  const auto result = decode(*bytes, "in");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimitExceeded);
  EXPECT_THAT(result.error().message, HasSubstr("limit of 500 scans"));
}

TEST(Decode, EqualsPillowOnRealImages) {
  CHECKBOX_NEED_SHARED();
  CHECKBOX_NEED_PYTHON("PIL");
  const TempDir folder;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(testing::shared_dir() / "data")) {
    const auto extension = entry.path().extension();
    if (extension == ".png" || extension == ".jpg") files.push_back(entry.path());
  }
  ASSERT_GE(files.size(), 400U);
  std::ofstream list(folder.path() / "list");
  for (const auto& file : files) list << file.string() << "\n";
  list.close();
  const auto script = testing::source_dir() / "tests" / "judges" / "decode_files.py";
  const auto run = testing::run_command("python3 " + script.string() + " " + (folder.path() / "list").string() + " " +
                                        (folder.path() / "out").string() + " 2>&1");
  ASSERT_EQ(run.status, 0) << run.output;
  std::ifstream out(folder.path() / "out", std::ios::binary);
  for (const auto& file : files) {
    const Image expected = read_ppm(out);
    const auto found = load(file);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_TRUE(*found == expected) << file;
  }
}

}  // namespace
}  // namespace checkbox::image
