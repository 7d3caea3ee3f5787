// Input that cannot be used: each kind gives its own clear error and exit status, and spoils nothing else.
#include <onnx/onnx_pb.h>

#include "tests/cli/fixture.hpp"

namespace checkbox::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BadInput : public ProgramTest {
 protected:
  void SetUp() override {
    write_model();
    paint("good.png", kRed);
  }

  // Classifies the file between two good ones: they must come out, and the error row must name the reason.
  void expect_error_row(const std::string& file, const ::testing::Matcher<std::string>& reason) {
    const auto result = checkbox("predict --model model.onnx --format jsonl good.png " + file + " good.png");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("1 of 3 inputs failed"));
    const auto lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(Json::parse(lines[0])["label"], "checked");
    EXPECT_EQ(Json::parse(lines[1])["file"], file);
    EXPECT_THAT(Json::parse(lines[1])["error"].get<std::string>(), reason);
    EXPECT_EQ(Json::parse(lines[2])["label"], "checked");
  }

  // Nothing can be done: one error on stderr, nothing on stdout.
  void expect_failure(const std::string& arguments, const ::testing::Matcher<std::string>& message) {
    const auto result = checkbox(arguments);
    EXPECT_EQ(result.status, 1) << arguments;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, AllOf(::testing::StartsWith("checkbox: error: "), message));
  }
};

// A PNG's signature and IHDR, which promise a picture of this size.
std::string png_header(std::uint32_t width, std::uint32_t height) {
  const auto crc = [](const std::string& bytes) {
    std::uint32_t value = 0xFFFFFFFF;
    for (const char c : bytes) {
      value ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (0xEDB88320U & (0U - (value & 1U)));
    }
    return ~value;
  };
  const auto number = [](std::uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                       static_cast<char>(value)};
  };
  const std::string chunk = "IHDR" + number(width) + number(height) + std::string("\x08\x02\x00\x00\x00", 5);
  return "\x89PNG\r\n\x1a\n" + number(13) + chunk + number(crc(chunk));
}

TEST_F(BadInput, EmptyFile) {
  write("empty.png", "");
  expect_error_row("empty.png", HasSubstr("empty"));
}

TEST_F(BadInput, TruncatedPng) {
  paint("whole.png", kRed, 200, 100);
  const std::string whole = read("whole.png");
  for (const std::size_t kept : {std::size_t{9}, std::size_t{30}, whole.size() / 2, whole.size() - 20}) {
    write("cut.png", whole.substr(0, kept));
    expect_error_row("cut.png", HasSubstr("PNG"));
  }
}

TEST_F(BadInput, PngHeaderOfAHundredThousandSquared) {
  write("huge.png", png_header(100'000, 100'000));
  expect_error_row("huge.png", AllOf(HasSubstr("100000 x 100000"), HasSubstr("limit")));
}

TEST_F(BadInput, TextNamedPng) {
  write("text.png", "This is no picture, only its name says so.\n");
  expect_error_row("text.png", HasSubstr("PNG, JPEG, WebP, GIF, BMP"));
}

TEST_F(BadInput, FileThatMayNotBeRead) {
  paint("secret.png", kRed);
  std::filesystem::permissions(path("secret.png"), std::filesystem::perms::none);
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  expect_error_row("secret.png", HasSubstr("Permission denied"));
}

TEST_F(BadInput, FolderWithoutImages) {
  std::filesystem::create_directory(path("void"));
  expect_error_row("void", HasSubstr("holds no image file"));
}

TEST_F(BadInput, FolderWithoutClasses) {
  write("data/readme.txt", "nothing here");
  expect_failure("evaluate --model model.onnx --dataset-dir data",
                 AllOf(HasSubstr("data"), HasSubstr("class folders"), HasSubstr("splits.csv")));
  expect_failure("evaluate --model model.onnx --dataset-dir nowhere", HasSubstr("nowhere: no such dataset folder"));
}

TEST_F(BadInput, SplitsThatNameAMissingFile) {
  paint("data/checked/1.png", kRed);
  write("data/label_mapping.json", R"({"0": "checked"})");
  write("data/splits.csv", ",filepath,label,split\n0,checked/1.png,0,valid\n1,checked/lost.png,0,valid\n");
  expect_failure("evaluate --model model.onnx --dataset-dir data",
                 AllOf(HasSubstr("splits.csv"), HasSubstr("checked/lost.png"), HasSubstr("missing")));
}

TEST_F(BadInput, LabelMappingWithAGap) {
  paint("data/checked/1.png", kRed);
  write("data/label_mapping.json", R"({"0": "checked", "2": "other"})");
  write("data/splits.csv", ",filepath,label,split\n0,checked/1.png,0,valid\n");
  expect_failure("evaluate --model model.onnx --dataset-dir data",
                 AllOf(HasSubstr("label_mapping.json"), HasSubstr("gap")));
}

TEST_F(BadInput, ModelThatIsMissingTruncatedOrNoModel) {
  expect_failure("predict --model lost.onnx good.png", HasSubstr("lost.onnx: "));
  write("text.onnx", "hello");
  expect_failure("predict --model text.onnx good.png", HasSubstr("text.onnx: "));
  write("empty.onnx", "");
  expect_failure("predict --model empty.onnx good.png", HasSubstr("empty.onnx: "));
  const std::string whole = read("model.onnx");
  for (std::size_t kept = 1; kept < whole.size(); kept += whole.size() / 7) {
    write("cut.onnx", whole.substr(0, kept));
    expect_failure("predict --model cut.onnx good.png", HasSubstr("cut.onnx: "));
  }
}

TEST_F(BadInput, ModelWithAnUnknownOperator) {
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(read("model.onnx")));
  model.mutable_graph()->mutable_node(0)->set_op_type("Quux");
  model.mutable_graph()->mutable_node(0)->set_name("strange");
  write("odd.onnx", model.SerializeAsString());
  expect_failure("predict --model odd.onnx good.png",
                 AllOf(HasSubstr("odd.onnx: "), HasSubstr("Quux"), HasSubstr("strange")));
}

TEST_F(BadInput, OutputThatCannotBeWritten) {
  expect_failure("predict --model model.onnx good.png --output nowhere/out.csv",
                 HasSubstr("nowhere/out.csv: cannot write"));
  std::filesystem::create_directory(path("folder"));
  expect_failure("predict --model model.onnx good.png --output folder", HasSubstr("folder: cannot write"));
  write("file", "");
  expect_failure("predict --model model.onnx good.png --output file/out.csv",
                 HasSubstr("file/out.csv: cannot write: Not a directory"));
  EXPECT_THAT(names(), ElementsAre("file", "folder", "good.png", "model.onnx"));
}

TEST_F(BadInput, DiskThatIsFull) {
  write("out.csv", "the old content\n");
  std::string inputs;
  for (int i = 0; i < 40; ++i) inputs += " good.png";
  // A limit on the size of files stands in for the disk; without the trap the kernel would end the program.
  const auto result =
      checkbox("predict --model model.onnx --format csv --output out.csv" + inputs, "trap '' XFSZ; ulimit -f 1;");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("out.csv: cannot write: File too large"));
  EXPECT_EQ(read("out.csv"), "the old content\n");
  EXPECT_THAT(names(), ElementsAre("good.png", "model.onnx", "out.csv"));
}

TEST_F(BadInput, OutputFolderWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::create_directory(path("locked"));
  std::filesystem::permissions(path("locked"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect_failure("predict --model model.onnx good.png --output locked/out.csv", HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace checkbox::testing
