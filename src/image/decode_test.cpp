// The decoders against Pillow: tests/judges/make_images.py draws some 400 files and says what RGB each holds.
#include "image/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "base/files.hpp"
#include "image/encode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::image {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

Image read_ppm(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
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
      const Image expected = read_ppm(std::filesystem::path(path).replace_extension(".ppm"));
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

}  // namespace
}  // namespace checkbox::image
