// The drawn samples: what the script draws, and what the shipped model makes of them.
#include <cstdlib>

#include "image/decode.hpp"
#include "tests/cli/fixture.hpp"

namespace checkbox::testing {
namespace {

class Samples : public ProgramTest {
 protected:
  static std::vector<std::string> sample_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "samples")) {
      if (entry.path().extension() == ".png") names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(Samples, AreWhatTheScriptDraws) {
  CHECKBOX_NEED_PYTHON("PIL");
  if (!std::filesystem::exists("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")) {
    GTEST_SKIP() << "needs the DejaVu fonts";
  }
  const auto script = source_dir() / "tools" / "make_samples.py";
  ASSERT_EQ(run_command("python3 " + script.string() + " " + path("drawn").string()).status, 0);
  for (const auto& name : sample_names()) {
    const auto committed = image::load(source_dir() / "samples" / name);
    const auto drawn = image::load(path("drawn") / name);
    ASSERT_TRUE(committed.ok() && drawn.ok()) << name;
    ASSERT_EQ(committed->width, drawn->width) << name;
    ASSERT_EQ(committed->height, drawn->height) << name;
    double difference = 0;  // other versions of FreeType and Pillow draw letters a shade differently
    for (std::size_t i = 0; i < drawn->pixels.size(); ++i) {
      difference += std::abs(int{committed->pixels[i]} - int{drawn->pixels[i]});
    }
    EXPECT_LT(difference / static_cast<double>(drawn->pixels.size()), 3) << name;
  }
}

TEST_F(Samples, AreReadByTheShippedModel) {
  if (!std::filesystem::exists(source_dir() / "models" / "default.onnx")) GTEST_SKIP() << "no models/default.onnx";
  const auto result = checkbox("predict --format jsonl " + (source_dir() / "samples").string());
  ASSERT_EQ(result.status, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), sample_names().size());
  std::size_t right = 0;
  for (const auto& line : lines) {
    const Json row = Json::parse(line);
    const std::string name = std::filesystem::path(row["file"].get<std::string>()).filename().string();
    if (name.starts_with(row["label"].get<std::string>() + "_")) ++right;
  }
  // Guessing gets a third. The model card tells three in four on its own kind of images; of so few, two in three is sure.
  EXPECT_GE(right * 3, lines.size() * 2) << result.out;
}

}  // namespace
}  // namespace checkbox::testing
