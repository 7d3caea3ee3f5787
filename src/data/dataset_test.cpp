#include "data/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "data/dataset_files.hpp"
#include "image/encode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;

const std::vector<std::string> kLabels{"other", "checked", "unchecked"};
constexpr const char* kMapping = R"({"0": "other", "1": "checked", "2": "unchecked"})";

void put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  ASSERT_TRUE(write_file(path, text).ok());
}

std::string splits_error(std::string_view text) {
  const auto result = parse_splits(text, "splits.csv", kLabels);
  return result.ok() ? "no error" : result.error().message;
}

std::string mapping_error(std::string_view text) {
  const auto result = parse_label_mapping(text, "m.json");
  return result.ok() ? "no error" : result.error().message;
}

TEST(LabelMapping, ReadsKeysInAnyOrder) {
  EXPECT_EQ(parse_label_mapping(R"({"2":"unchecked","0":"other","1":"checked"})", "m.json").value(), kLabels);
}

TEST(LabelMapping, RefusesGapsDuplicatesAndOtherKeys) {
  EXPECT_EQ(mapping_error(R"({"0":"a","2":"b"})"), "m.json: key \"2\" with 2 classes leaves a gap: \"1\" is missing");
  EXPECT_EQ(mapping_error(R"({"0":"a","1":"b","0":"c"})"), "m.json: key \"0\" occurs twice");
  EXPECT_EQ(mapping_error(R"({"0":"a","1":"a"})"), "m.json: class name \"a\" occurs twice");
  for (const char* text : {R"({"a":"0"})", R"({"00":"a"})", R"({"-1":"a"})", R"({"1.0":"a"})", R"({"":"a"})",
                           R"({"99999999999999999999":"a"})"}) {
    EXPECT_THAT(mapping_error(text), HasSubstr("keys must be the integers")) << text;
  }
  for (const char* text : {R"({"0":1})", R"({"0":""})", R"({"0":null})"}) {
    EXPECT_THAT(mapping_error(text), HasSubstr("class name of 1 to")) << text;
  }
  EXPECT_THAT(mapping_error("[]"), HasSubstr("JSON object expected"));
  EXPECT_THAT(mapping_error("{}"), HasSubstr("no classes"));
  EXPECT_THAT(mapping_error("{"), HasSubstr("not valid JSON"));
}

TEST(LabelMapping, LimitsTheNumberOfClasses) {
  std::vector<std::string> many;
  for (std::size_t i = 0; i <= kMaxClasses; ++i) many.push_back(fmt::format("c{}", i));
  EXPECT_EQ(parse_label_mapping(format_label_mapping(many), "m").error().code, ErrorCode::kLimitExceeded);
  many.pop_back();
  EXPECT_EQ(parse_label_mapping(format_label_mapping(many), "m").value(), many);
}

TEST(LabelMapping, IsWrittenAsPythonWritesIt) {
  EXPECT_EQ(format_label_mapping(kLabels), kMapping);
  EXPECT_EQ(format_label_mapping({"caf\xc3\xa9 \"x\""}), R"({"0": "caf\u00e9 \"x\""})");
}

TEST(Splits, ReadTheReferencesShape) {
  const auto rows = parse_splits(",filepath,label,split\r\n0,other/a.png,0,train\r\n1,checked/b.png,1,valid\r\n",
                                 "splits.csv", kLabels)
                        .value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].sample.file, "checked/b.png");
  EXPECT_EQ(rows[1].sample.label, 1);
  EXPECT_EQ(rows[1].sample.split, "valid");
  EXPECT_EQ(rows[1].line, 3u);
}

TEST(Splits, TakeColumnsInAnyOrderAndLabelNames) {
  const auto rows = parse_splits("split,weight,label,filepath\ntest,1,unchecked,a.png\n", "s", kLabels).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].sample.file, "a.png");
  EXPECT_EQ(rows[0].sample.label, 2);
  EXPECT_EQ(rows[0].sample.split, "test");
}

TEST(Splits, RefuseWrongRowsByLine) {
  const std::string header = ",filepath,label,split\n0,ok.png,0,train\n";
  EXPECT_THAT(splits_error(header + "1,a.png,3,train\n"), AllOf(HasSubstr("line 3"), HasSubstr("\"3\" is neither")));
  EXPECT_THAT(splits_error(header + "1,a.png,-1,train\n"), HasSubstr("\"-1\" is neither"));
  EXPECT_THAT(splits_error(header + "1,a.png,01,train\n"), HasSubstr("\"01\" is neither"));
  EXPECT_THAT(splits_error(header + "1,a.png,Checked,train\n"), HasSubstr("one of other, checked, unchecked"));
  EXPECT_THAT(splits_error(header + "1,a.png,0\n"), HasSubstr("line 3: 3 fields, but the header has 4"));
  EXPECT_THAT(splits_error(header + "1,a.png,0,\n"), HasSubstr("line 3: a split name"));
  EXPECT_THAT(splits_error(header + "1,ok.png,0,test\n"), HasSubstr("line 3: \"ok.png\" is already listed in line 2"));
}

TEST(Splits, RefuseWrongHeaders) {
  EXPECT_THAT(splits_error(""), HasSubstr("empty"));
  EXPECT_THAT(splits_error("filepath,split\n"), HasSubstr("no column \"label\""));
  EXPECT_THAT(splits_error("filepath,label,label,split\n"), HasSubstr("\"label\" occurs twice"));
}

TEST(Splits, RefusePathsThatLeaveTheFolder) {
  for (const char* path :
       {"/etc/passwd", "../a.png", "other/../../a.png", "other//a.png", "./a.png", "a/", "..", "\"\""}) {
    EXPECT_THAT(splits_error(fmt::format("filepath,label,split\n{},0,train\n", path)),
                HasSubstr("not a path inside the dataset folder"))
        << path;
  }
  EXPECT_TRUE(is_inside_path("other/..a.png"));
  EXPECT_TRUE(is_inside_path("a b/c.png"));
}

TEST(Splits, AreWrittenAsPandasWritesThem) {
  EXPECT_EQ(format_splits({{"other/a.png", 0, "train"}, {"checked/b, c.png", 1, "test"}}),
            ",filepath,label,split\n0,other/a.png,0,train\n1,\"checked/b, c.png\",1,test\n");
}

TEST(StatisticsFile, AgreesWithPythonsReprForAnyNumber) {
  CHECKBOX_NEED_PYTHON("json");
  const TempDir dir;
  Rng rng(5);
  std::string lines, expected;
  for (int i = 0; i < 2000; ++i) {
    Statistics statistics;
    for (std::size_t c = 0; c < 3; ++c) {
      statistics.mean[c] = rng.uniform();
      statistics.std[c] = std::ldexp(rng.uniform(), -static_cast<int>(rng.below(40)));
    }
    if (i == 0) statistics = {{0, 1, 0.5}, {1e-4, 1e-5, 5e-324}};
    lines += format_statistics(statistics) + "\n";
  }
  put(dir.path() / "lines", lines);
  const auto judge = testing::run_command(
      "python3 -c 'import json,sys\nfor line in open(sys.argv[1]): print(json.dumps(json.loads(line)))' " +
      (dir.path() / "lines").string());
  EXPECT_EQ(judge.output, lines);
}

TEST(StatisticsFile, RefusesWhatIsNotThreeNumbers) {
  EXPECT_TRUE(parse_statistics(R"({"mean":[0,0.5,1],"std":[0.1,0.2,0.3]})", "s").ok());
  for (const char* text : {R"({"mean":[0,0.5,1]})", R"({"mean":[0,0.5],"std":[0.1,0.2,0.3]})",
                           R"({"mean":[0,0.5,"1"],"std":[0.1,0.2,0.3]})", R"({"mean":[0,0.5,1.5],"std":[0.1,0.2,0.3]})",
                           R"({"mean":[0,0.5,1],"std":[-0.1,0.2,0.3]})", R"({"mean":1,"std":[0.1,0.2,0.3]})"}) {
    EXPECT_THAT(parse_statistics(text, "s.json").error().message, HasSubstr("a list of 3 numbers")) << text;
  }
}

// Python's strict decoder is the judge over all sequences of up to three bytes from a set that covers every boundary.
TEST(IsUtf8, AgreesWithPython) {
  CHECKBOX_NEED_PYTHON("sys");
  const std::string script =
      "import itertools\n"
      "edges = [0x00,0x41,0x7f,0x80,0x8f,0x90,0x9f,0xa0,0xbf,0xc0,0xc1,0xc2,0xdf,0xe0,0xed,0xef,0xf0,0xf4,0xf5,0xff]\n"
      "out = []\n"
      "for n in (1, 2, 3, 4):\n"
      "  for s in itertools.product(edges, repeat=n):\n"
      "    try: bytes(s).decode(); out.append(\"1\")\n"
      "    except UnicodeDecodeError: out.append(\"0\")\n"
      "print(\"\".join(out))\n";
  const std::string verdicts = testing::run_command("python3 -c '" + script + "'").output;
  const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
  std::size_t at = 0;
  for (int n = 1; n <= 4; ++n) {
    std::size_t combinations = 1;
    for (int i = 0; i < n; ++i) combinations *= std::size(edges);
    for (std::size_t k = 0; k < combinations; ++k, ++at) {
      std::string text(static_cast<std::size_t>(n), '\0');
      for (std::size_t rest = k, i = text.size(); i-- > 0; rest /= std::size(edges)) {
        text[i] = static_cast<char>(edges[rest % std::size(edges)]);
      }
      ASSERT_EQ(is_utf8(text), verdicts.at(at) == '1') << n << " " << k;
    }
  }
}

class DatasetFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto png = image::encode_png({1, 1, {1, 2, 3}}).value();
    image_.assign(png.begin(), png.end());
    for (const char* name : {"other/a.png", "checked/b.png", "unchecked/c.png"}) put(folder() / name, image_);
  }
  void list_them() {
    put(folder() / "label_mapping.json", kMapping);
    put(folder() / "splits.csv", ",filepath,label,split\n0,other/a.png,0,train\n1,checked/b.png,1,test\n");
  }
  [[nodiscard]] const fs::path& folder() const { return dir_.path(); }
  [[nodiscard]] std::string load_error() const {
    const auto result = load_dataset(folder());
    return result.ok() ? "no error" : result.error().message;
  }

  TempDir dir_;
  std::string image_;
};

TEST_F(DatasetFolder, LoadsWhatIsListed) {
  list_them();
  put(folder() / "ds_stats.json", R"({"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]})");
  const auto dataset = load_dataset(folder()).value();
  EXPECT_EQ(dataset.labels, kLabels);
  ASSERT_EQ(dataset.samples.size(), 2u);
  EXPECT_EQ(dataset.split("test").at(0).file, "checked/b.png");
  EXPECT_TRUE(dataset.split("valid").empty());
  EXPECT_TRUE(fs::exists(dataset.path_of(dataset.samples[0])));
  EXPECT_EQ(dataset.statistics->std[2], 0.6);
}

TEST_F(DatasetFolder, NamesMissingImagesAndCountsTheRest) {
  list_them();
  std::string splits = "filepath,label,split\n";
  for (int i = 0; i < 9; ++i) splits += fmt::format("other/missing{}.png,0,train\n", i);
  put(folder() / "splits.csv", splits);
  EXPECT_EQ(load_dataset(folder()).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(load_error(), AllOf(HasSubstr("9 of the 9 images listed are missing"),
                                  HasSubstr("line 2: other/missing0.png"), HasSubstr("and 4 more")));
}

TEST_F(DatasetFolder, NeedsTheMappingBesideTheSplits) {
  list_them();
  fs::remove(folder() / "label_mapping.json");
  EXPECT_THAT(load_error(), HasSubstr("label_mapping.json: missing"));
}

TEST_F(DatasetFolder, RefusesDamagedFilesByName) {
  list_them();
  put(folder() / "ds_stats.json", "{}");
  EXPECT_THAT(load_error(), HasSubstr("ds_stats.json: key \"mean\""));
  put(folder() / "label_mapping.json", R"({"0":"other","2":"checked"})");
  EXPECT_THAT(load_error(), HasSubstr("label_mapping.json: key \"2\""));
}

TEST_F(DatasetFolder, RefusesSplitsOverTheByteLimitBeforeReading) {
  list_them();
  fs::resize_file(folder() / "splits.csv", kMaxSplitsBytes + 1);
  EXPECT_EQ(load_dataset(folder()).error().code, ErrorCode::kLimitExceeded);
}

TEST_F(DatasetFolder, WithoutSplitsIsOneSplitInAlphabeticalOrder) {
  put(folder() / "other/.hidden.png", image_);
  put(folder() / "other/notes.txt", "not an image");
  put(folder() / "other/deeper/unnamed", image_);
  put(folder() / "other/damaged.PNG", "");
  const auto dataset = load_dataset(folder()).value();
  EXPECT_THAT(dataset.labels, ElementsAre("checked", "other", "unchecked"));
  std::vector<std::string> files;
  for (const auto& sample : dataset.split("all")) files.push_back(sample.file);
  EXPECT_THAT(files, ElementsAre("checked/b.png", "other/a.png", "other/damaged.PNG", "other/deeper/unnamed",
                                 "unchecked/c.png"));
  EXPECT_EQ(dataset.samples.at(1).label, 1);
  EXPECT_FALSE(dataset.statistics.has_value());
}

TEST_F(DatasetFolder, WithoutSplitsTakesTheMappingsOrder) {
  put(folder() / "label_mapping.json", kMapping);
  const auto dataset = load_dataset(folder()).value();
  EXPECT_EQ(dataset.labels, kLabels);
  EXPECT_EQ(dataset.samples.at(0).label, 1);
  fs::rename(folder() / "other", folder() / "odd");
  EXPECT_THAT(load_error(), HasSubstr("folder \"odd\" is not among the classes"));
}

TEST(LoadDataset, SaysWhatItFoundWithoutClasses) {
  const TempDir dir;
  put(dir.path() / "a.png", "x");
  EXPECT_THAT(load_dataset(dir.path()).error().message,
              AllOf(HasSubstr("class folders"), HasSubstr("0 folders and 1 file")));
  fs::create_directory(dir.path() / "checked");
  EXPECT_THAT(load_dataset(dir.path()).error().message, HasSubstr("no images in its class folders"));
  EXPECT_THAT(load_dataset(dir.path() / "nowhere").error().message, HasSubstr("no such dataset folder"));
  EXPECT_THAT(load_dataset(dir.path() / "a.png").error().message, HasSubstr("found a file"));
}

TEST(LoadDataset, LoadsTheReferencesFolderUnchanged) {
  CHECKBOX_NEED_SHARED();
  const auto dataset = load_dataset(testing::shared_dir() / "data/autify");
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->labels, kLabels);
  EXPECT_EQ(dataset->split("train").size(), 311u);
  EXPECT_EQ(dataset->split("valid").size(), 102u);
  EXPECT_EQ(dataset->statistics->mean[0], 0.6715541128448341);
  const auto text = read_text(testing::shared_dir() / "data/autify/ds_stats.json").value();
  EXPECT_EQ(format_statistics(*dataset->statistics), text);
}

}  // namespace
}  // namespace checkbox::data
