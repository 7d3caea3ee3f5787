#include "weights/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/made_files.hpp"

namespace checkbox::weights {
namespace {

using namespace made;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string file(const std::string& header, std::size_t data_size) {
  return little_endian(std::uint64_t{header.size()}) + header + std::string(data_size, '\0');
}

Error error_of(const std::string& bytes) {
  const auto result = parse_safetensors(bytes_of(bytes), "file");
  EXPECT_FALSE(result.ok()) << bytes;
  return result.ok() ? Error{ErrorCode::kInternal, "accepted"} : result.error();
}

// The example of the format's description.
TEST(Safetensors, ReadsTheFormat) {
  const std::string bytes =
      little_endian(std::uint64_t{104}) +
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":)" +
      R"({"dtype":"I16","shape":[],"data_offsets":[8,10]}})" + floats({1.5, -2}) + "\x07\x00"s;
  const std::string fixed = little_endian(std::uint64_t{bytes.size() - 18}) + bytes.substr(8);
  const auto parsed = parse_safetensors(bytes_of(fixed), "file");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_THAT(parsed->tensors.at("a").floats(), ElementsAre(1.5f, -2.0f));
  EXPECT_EQ(parsed->tensors.at("b").dtype, DType::kI16);
  EXPECT_EQ(parsed->metadata.at("format"), "pt");
}

TEST(Safetensors, WhatIsWrittenReadsTheSame) {
  WeightFile original;
  original.metadata = {{"epoch", "3"}, {"a \"quote\"", "\n"}};
  original.tensors["one"] = Tensor::from_floats({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  original.tensors["flag"] = {DType::kBool, {3}, std::vector<std::byte>(3, std::byte{1})};
  original.tensors["wide"] = {DType::kF64, {2}, std::vector<std::byte>(16, std::byte{9})};
  original.tensors["none"] = {DType::kF16, {0, 7}, {}};
  original.tensors["scalar"] = {DType::kI64, {}, std::vector<std::byte>(8, std::byte{2})};
  const auto bytes = format_safetensors(original);
  EXPECT_EQ(bytes, format_safetensors(original));
  const auto again = parse_safetensors(bytes, "file");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->metadata, original.metadata);
  ASSERT_EQ(again->tensors.size(), original.tensors.size());
  for (const auto& [name, tensor] : original.tensors) {
    EXPECT_EQ(again->tensors.at(name).dtype, tensor.dtype) << name;
    EXPECT_EQ(again->tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(again->tensors.at(name).bytes, tensor.bytes) << name;
  }
}

TEST(Safetensors, RefusesRangesThatDoNotCoverTheData) {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  EXPECT_TRUE(parse_safetensors(bytes_of(file(two("[4,8]", "[0,4]"), 8)), "file").ok());
  EXPECT_THAT(error_of(file(two("[0,4]", "[3,7]"), 8)).message, HasSubstr("overlap"));
  EXPECT_THAT(error_of(file(two("[0,4]", "[0,4]"), 4)).message, HasSubstr("overlap"));
  EXPECT_THAT(error_of(file(two("[0,4]", "[5,9]"), 9)).message, HasSubstr("gap"));
  EXPECT_EQ(error_of(file(two("[0,4]", "[4,8]"), 9)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(file(two("[0,4]", "[4,8]"), 7)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(file(two("[0,4]", "[8,4]"), 8)).code, ErrorCode::kCorrupt);
}

TEST(Safetensors, RefusesHeadersThatAreNotTheFormat) {
  const auto one = [](const std::string& entry) { return file(R"({"a":)" + entry + "}", 4); };
  for (const std::string entry : {
           R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})",
           R"({"dtype":"F32","shape":[1]})",
           R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1})",
           R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})",
           R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})",
           R"({"dtype":"F32","shape":[1],"data_offsets":[0]})",
           R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})",
           R"({"dtype":5,"shape":[1],"data_offsets":[0,4]})",
           R"([])",
           R"({"dtype":"F32","shape":[1],"data_offsets":[[[[0]]],4]})",
       }) {
    EXPECT_EQ(error_of(one(entry)).code, ErrorCode::kCorrupt) << entry;
  }
  EXPECT_EQ(error_of(one(R"({"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]})")).code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})")).code,
            ErrorCode::kLimitExceeded);
  const std::string twice = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_THAT(error_of(file("{\"a\":" + twice + ",\"a\":" + twice + "}", 4)).message, HasSubstr("twice"));
  EXPECT_EQ(error_of(file(R"({"__metadata__":{"a":1}})", 0)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(file("[]", 0)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(file("{" + std::string(100'000, '['), 0)).code, ErrorCode::kCorrupt);
}

TEST(Safetensors, RefusesHeaderSizesBeyondFileAndLimit) {
  EXPECT_EQ(error_of("").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(little_endian(std::uint64_t{100}) + "{}").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(little_endian(~std::uint64_t{0}) + "{}").code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of(little_endian(std::uint64_t{0}) + "{}").code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace checkbox::weights
