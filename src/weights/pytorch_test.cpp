#include "weights/pytorch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/made_files.hpp"
#include "weights/read.hpp"

namespace checkbox::weights {
namespace {

using namespace made;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kSix = floats({0, 1, 2, 3, 4, 5});

Result<WeightFile> parse(const std::string& bytes) {
  return parse_weights(bytes_of(bytes), "file");
}

Error error_of(const std::string& bytes) {
  const auto result = parse(bytes);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{ErrorCode::kInternal, "accepted"} : result.error();
}

// Every container around the same pickle.
std::vector<std::string> containers(const std::string& object, const std::string& storage = kSix) {
  return {pytorch_zip(object, storage),
          pytorch_legacy(object, storage, static_cast<std::int64_t>(storage.size() / sizeof(float)))};
}

TEST(PyTorchFile, GivesTheTensorsOfAStateDict) {
  for (const auto& bytes : containers(pickle(dict("weight", tensor({}))))) {
    const auto parsed = parse(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->tensors.at("weight").shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_THAT(parsed->tensors.at("weight").floats(), ElementsAre(0, 1, 2, 3, 4, 5));
  }
}

TEST(PyTorchFile, TakesTheStateDictOfACheckpointAndItsScalars) {
  const std::string checkpoint =
      pickle("}(" + text("epoch") + integer(7) + text("name") + text("x") + text("state_dict") +
             dict("module.weight", tensor({})) + text("hyper_parameters") + dict("shuffle", "\x88") + text("ignored") +
             global("a.b", "C") + ")\x81" + "u");
  for (const auto& bytes : containers(checkpoint)) {
    const auto parsed = parse(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->tensors.size(), 1u);
    EXPECT_TRUE(parsed->tensors.contains("weight"));
    EXPECT_EQ(parsed->metadata, (std::map<std::string, std::string>{
                                    {"epoch", "7"}, {"name", "x"}, {"hyper_parameters.shuffle", "true"}}));
  }
}

TEST(PyTorchFile, TheLastOfTwoEqualKeysCounts) {
  const std::string object = pickle("}(" + text("w") + tensor({.offset = 0, .sizes = {1}, .strides = {1}}) + text("w") +
                                    tensor({.offset = 5, .sizes = {1}, .strides = {1}}) + "u");
  EXPECT_THAT(parse(pytorch_zip(object, kSix))->tensors.at("w").floats(), ElementsAre(5));
}

TEST(PyTorchFile, RefusesWindowsOutsideTheStorage) {
  const std::int64_t huge = INT64_MAX;
  for (const TensorText& wrong : std::vector<TensorText>{{.sizes = {3, 3}},
                                                         {.offset = 1},
                                                         {.offset = -1},
                                                         {.offset = huge},
                                                         {.strides = {-3, -1}},
                                                         {.strides = {huge, 1}},
                                                         {.sizes = {-2, -3}},
                                                         {.sizes = {2}, .strides = {3, 1}},
                                                         {.stored = 7},
                                                         {.stored = -6},
                                                         {.key = "1"},
                                                         {.key = "../version"},
                                                         {.type = "DoubleStorage"}}) {
    for (const auto& bytes : containers(pickle(dict("weight", tensor(wrong))))) {
      EXPECT_EQ(error_of(bytes).code, ErrorCode::kCorrupt);
    }
  }
  for (const auto& bytes : containers(pickle(dict("weight", tensor({.sizes = {huge, huge}}))))) {
    EXPECT_EQ(error_of(bytes).code, ErrorCode::kLimitExceeded);
  }
}

TEST(PyTorchFile, ManyTensorsOnOneStorageStopAtTheLimit) {
  std::string object = "}(" + text("0") + tensor({.stored = 250'000, .sizes = {250'000}, .strides = {1}}) + "q\x01";
  for (int i = 1; i < 1000; ++i) object += text(std::to_string(i)) + "h\x01";
  for (const auto& bytes : containers(pickle(object + "u"), std::string(1'000'000, '\0'))) {
    EXPECT_EQ(error_of(bytes).code, ErrorCode::kLimitExceeded);
  }
}

TEST(PyTorchFile, NeverTakesAnythingButTensorsForTensors) {
  const std::string values[] = {
      integer(3),
      text("x"),
      "N",
      "]",
      global("torch", "FloatStorage"),
      global("my.module", "Tensor") + ")\x81",
      call(global("collections", "OrderedDict"), ""),
      call(global("torch._utils", "_rebuild_tensor_v2"), integer(1) + integer(2)),
      call(global("torch._utils", "_rebuild_tensor_v2"), "NNNNNN"),
      call(global("torch._utils", "_rebuild_parameter"), text("x")),
      call(global("torch._tensor", "_rebuild_from_type_v2"), global("posix", "system") + "N" + tuple(text("id"))),
      call(global("torch._utils", "_rebuild_qtensor"), ""),
  };
  for (const std::string& value : values) {
    EXPECT_THAT(error_of(pytorch_zip(pickle(dict("weight", value)), kSix)).message, HasSubstr("weight"));
  }
  EXPECT_EQ(error_of(pytorch_zip(pickle("]"), kSix)).code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(pytorch_zip(pickle("}"), kSix)).code, ErrorCode::kNotFound);
}

// A parameter that wraps itself: through the memo an object can be its own argument.
TEST(PyTorchFile, WrappersWithoutEndAreRefused) {
  const std::string arguments = "]q\x01" + global("torch._utils", "_rebuild_parameter") + "h\x01\x85R";
  EXPECT_FALSE(parse(pytorch_zip(pickle(dict("w", arguments + "a")), kSix)).ok());
  std::string nested = tensor({});
  for (int i = 0; i < 100; ++i) nested = call(global("torch._utils", "_rebuild_parameter"), nested + "\x88N");
  EXPECT_EQ(error_of(pytorch_zip(pickle(dict("w", nested)), kSix)).code, ErrorCode::kUnsupported);
}

TEST(PyTorchFile, RefusesMaliciousPicklesInEveryContainer) {
  for (const auto& bytes : containers(pickle(call(global("posix", "system"), text("touch /tmp/owned"))))) {
    EXPECT_EQ(error_of(bytes).code, ErrorCode::kUnsupported);
    EXPECT_THAT(error_of(bytes).message, HasSubstr("posix.system"));
  }
}

TEST(PyTorchFile, NamesMustBeUtf8) {
  EXPECT_EQ(error_of(pytorch_zip(pickle(dict("\xff\xfe", tensor({}))), kSix)).code, ErrorCode::kCorrupt);
}

TEST(PyTorchFile, NamesThatSafetensorsCouldNotHoldAreRefused) {
  for (const std::string name : {"", "module.", "__metadata__", "module.__metadata__"}) {
    EXPECT_EQ(error_of(pytorch_zip(pickle(dict(name, tensor({}))), kSix)).code, ErrorCode::kCorrupt) << name;
  }
}

TEST(PyTorchFile, DroppingModuleMustNotMergeTwoNames) {
  const std::string both = pickle("}(" + text("module.w") + tensor({}) + "q\x01" + text("w") + "h\x01" + "u");
  EXPECT_THAT(error_of(pytorch_zip(both, kSix)).message, HasSubstr("with and without"));
}

TEST(PyTorchFile, EveryTruncationIsAnError) {
  for (const auto& whole : containers(pickle(dict("weight", tensor({}))))) {
    ASSERT_TRUE(parse(whole).ok());
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size)).ok()) << size;
  }
}

// Any bit turned: an error or some tensors, never a crash; the checksums see the bits of the zip's records.
TEST(PyTorchFile, AnyFlippedBitIsSurvived) {
  for (std::string bytes : containers(pickle(dict("state_dict", dict("weight", tensor({})))))) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      static_cast<void>(parse(bytes));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    }
    EXPECT_TRUE(parse(bytes).ok());
  }
}

TEST(PyTorchZip, RefusesContradictorySizesOffsetsAndNames) {
  const std::string object = pickle(dict("weight", tensor({})));
  const auto with = [&](const ZipOptions& options) {
    return error_of(zip({{"a/data.pkl", object}, {"a/data/0", kSix}}, options));
  };
  ASSERT_TRUE(parse(zip({{"a/data.pkl", object}, {"a/data/0", kSix}})).ok());
  EXPECT_EQ(with({.size_error = 1}).code, ErrorCode::kCorrupt);
  EXPECT_EQ(with({.size_error = -1}).code, ErrorCode::kCorrupt);
  EXPECT_EQ(with({.offset_error = 1}).code, ErrorCode::kCorrupt);
  EXPECT_EQ(with({.offset_error = 1 << 20}).code, ErrorCode::kCorrupt);
  EXPECT_EQ(with({.local_name = "a/data/1"}).code, ErrorCode::kCorrupt);
  EXPECT_THAT(with({.crc_error = 1}).message, HasSubstr("checksum"));
  EXPECT_THAT(with({.method = 8}).message, HasSubstr("compressed"));
  EXPECT_THAT(with({.flags = 1}).message, HasSubstr("encrypted"));
}

TEST(PyTorchZip, RefusesRecordsThatOverlap) {
  // The second record's directory entry points at the first record's local header.
  const std::string object = pickle(dict("weight", tensor({})));
  const std::string first = "a/data.pkl";
  const auto shift = static_cast<std::int32_t>(30 + first.size() + object.size());
  EXPECT_THAT(error_of(zip({{first, object}, {first, object}}, {.offset_error = -shift})).message,
              HasSubstr("overlaps"));
  EXPECT_THAT(error_of(zip({{first, object}, {first, object}})).message, HasSubstr("twice"));
}

TEST(PyTorchZip, SaysWhatAForeignArchiveIs) {
  const std::string object = pickle(dict("weight", tensor({})));
  EXPECT_THAT(error_of(zip({{"readme.txt", "hi"}})).message, HasSubstr("without data.pkl"));
  EXPECT_THAT(error_of(zip({{"a/data.pkl", object}, {"b/data.pkl", object}})).message, HasSubstr("two data.pkl"));
  EXPECT_THAT(error_of(zip({{"a/constants.pkl", ""}, {"a/data.pkl", object}})).message, HasSubstr("TorchScript"));
  EXPECT_THAT(error_of(zip({{"a/byteorder", "big"}, {"a/data.pkl", object}})).message, HasSubstr("byte order"));
}

TEST(PyTorchLegacy, RefusesStoragesThatDoNotFit) {
  const std::string object = pickle(dict("weight", tensor({})));
  EXPECT_EQ(error_of(pytorch_legacy(object, kSix, 7)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(pytorch_legacy(object, kSix, 5)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(pytorch_legacy(object, kSix, -1)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(pytorch_legacy(object, kSix, INT64_MAX / 2)).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(pytorch_legacy(object, kSix + "x")).code, ErrorCode::kCorrupt);
}

TEST(PyTorchLegacy, ReadsTheViewsOfVersion03) {
  const std::string view = tuple(text("view") + integer(2) + integer(3));
  const std::string storage =
      tuple(text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + integer(6) + view) + "Q";
  const auto rebuilt = [&](std::int64_t size) {
    return pickle(dict(
        "w", call(global("torch._utils", "_rebuild_tensor"), storage + integer(0) + integers({size}) + integers({1}))));
  };
  const auto parsed = parse(pytorch_legacy(rebuilt(3), kSix));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_THAT(parsed->tensors.at("w").floats(), ElementsAre(2, 3, 4));
  EXPECT_EQ(error_of(pytorch_legacy(rebuilt(4), kSix)).code, ErrorCode::kCorrupt);
}

TEST(WeightFormat, SaysWhatOtherFilesAre) {
  EXPECT_THAT(error_of("").message, HasSubstr("empty"));
  EXPECT_THAT(error_of("<!DOCTYPE html>").message, HasSubstr("HTML"));
  EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\n").message, HasSubstr("LFS"));
  EXPECT_THAT(error_of("\x80\x02}.").message, HasSubstr("pickle"));
  EXPECT_THAT(error_of("hello").message, HasSubstr("safetensors"));
}

}  // namespace
}  // namespace checkbox::weights
