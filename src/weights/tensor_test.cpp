#include "weights/tensor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "weights/strided.hpp"
#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

using ::testing::ElementsAre;

Tensor make(DType dtype, std::vector<std::uint16_t> values) {
  Tensor tensor{dtype, {static_cast<std::int64_t>(values.size())}, std::vector<std::byte>(values.size() * 2)};
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

// Every finite binary16 value is fraction * 2^exponent by definition.
TEST(Tensor, WidensEveryHalfExactly) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const Tensor wide = make(DType::kF16, all).to_f32().value();
  for (std::uint32_t bits = 0; bits < all.size(); ++bits) {
    const int exponent = static_cast<int>(bits >> 10) & 31, fraction = static_cast<int>(bits & 1023);
    const double sign = bits >= 0x8000 ? -1 : 1;
    const float found = wide.floats()[bits];
    if (exponent == 31) {
      EXPECT_TRUE(fraction == 0 ? std::isinf(found) && std::signbit(found) == (sign < 0) : std::isnan(found)) << bits;
    } else {
      const double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      EXPECT_EQ(found, static_cast<float>(sign * expected)) << bits;
      EXPECT_EQ(std::signbit(found), sign < 0) << bits;
    }
  }
}

TEST(Tensor, WidensBfloat16AndNarrowsDouble) {
  EXPECT_THAT(make(DType::kBF16, {0x3f80, 0xc040, 0x0000}).to_f32()->floats(), ElementsAre(1.0f, -3.0f, 0.0f));
  Tensor wide{DType::kF64, {2}, std::vector<std::byte>(16)};
  const double values[] = {0.1, -1e300};
  std::memcpy(wide.bytes.data(), values, sizeof values);
  EXPECT_THAT(wide.to_f32()->floats(), ElementsAre(0.1f, -std::numeric_limits<float>::infinity()));
}

TEST(Tensor, RefusesToTakeIntegersForFloats) {
  EXPECT_EQ((Tensor{DType::kI64, {}, std::vector<std::byte>(8)}.to_f32().error().code), ErrorCode::kUnsupported);
}

TEST(Tensor, ByteSizeOverflowIsRefused) {
  const std::vector<std::int64_t> wraps{std::int64_t{1} << 32, std::int64_t{1} << 32}, negative{2, -1}, fits{3, 4};
  EXPECT_EQ(checked_byte_size(wraps, DType::kF32, "t").error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(checked_byte_size(negative, DType::kF32, "t").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(checked_byte_size(fits, DType::kF64, "t").value(), 96u);
}

constexpr std::uint64_t kPlenty = 1 << 20;

std::vector<float> copy(const Window& window) {
  const std::vector<float> storage{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const auto tensor = copy_window(std::as_bytes(std::span(storage)), DType::kF32, window, kPlenty, "t");
  EXPECT_TRUE(tensor.ok()) << tensor.error().message;
  return {tensor->floats().begin(), tensor->floats().end()};
}

TEST(Window, CopiesInRowMajorOrder) {
  EXPECT_THAT(copy({2, {2, 2}, {2, 1}}), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(copy({0, {3, 2}, {1, 4}}), ElementsAre(0, 4, 1, 5, 2, 6));  // transposed
  EXPECT_THAT(copy({1, {2, 2}, {6, 3}}), ElementsAre(1, 4, 7, 10));       // every third
  EXPECT_THAT(copy({5, {2, 3}, {1, 0}}), ElementsAre(5, 5, 5, 6, 6, 6));  // expanded
  EXPECT_THAT(copy({0, {2, 2, 3}, {6, 1, 2}}), ElementsAre(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11));
  EXPECT_THAT(copy({11, {}, {}}), ElementsAre(11));
  EXPECT_THAT(copy({11, {0, 4}, {9, 9}}), ElementsAre());
}

TEST(Window, RefusesToReachBeyondItsStorage) {
  const std::vector<float> storage(12);
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const std::vector<Window> outside{
      {0, {13}, {1}},
      {12, {1}, {1}},
      {9, {2, 2}, {2, 1}},
      {huge, {1}, {1}},
      {0, {2}, {huge}},
      {1, {2}, {huge - 1}},
      {-1, {1}, {1}},
      {0, {2}, {-1}},
      {0, {-1}, {1}},
      {0, {2, 2}, {1}},
      {0, {2, 2}, {huge, huge}},
  };
  for (const Window& window : outside) {
    const auto result = copy_window(std::as_bytes(std::span(storage)), DType::kF32, window, kPlenty, "t");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << result.error().message;
  }
  const std::vector<std::int64_t> many(kMaxDimensions + 1, 1);
  EXPECT_FALSE(copy_window(std::as_bytes(std::span(storage)), DType::kF32, {0, many, many}, kPlenty, "t").ok());
}

TEST(Window, ExpandedBeyondTheLimitIsRefusedBeforeMemoryIsTaken) {
  const std::vector<float> storage(1);
  const Window window{0, {1 << 20, 1 << 8}, {0, 0}};
  EXPECT_EQ(copy_window(std::as_bytes(std::span(storage)), DType::kF32, window, kPlenty, "t").error().code,
            ErrorCode::kLimitExceeded);
}

TEST(Text, KnowsWellFormedUtf8) {
  for (const char* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << shown(bad);
  }
}

TEST(Text, ShowsHostileNamesShortAndPrintable) {
  EXPECT_EQ(shown("a\nb\x1b[31m"), "a?b?[31m");
  EXPECT_EQ(shown(std::string(500, 'x')).size(), 123u);
}

}  // namespace
}  // namespace checkbox::weights
