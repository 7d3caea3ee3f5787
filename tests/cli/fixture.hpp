// For tests of the program: a scratch folder, images and artifacts made on the spot, and the program run in that
// folder.
//
// The artifact of these tests judges by the mean colour, so its answers are known without it: red is checked, green
// unchecked, blue other, each with probability 1 / (1 + 2 exp(-kColourGain)).
#pragma once

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "image/encode.hpp"
#include "runtime/artifact.hpp"
#include "tests/support/support.hpp"

namespace checkbox::testing {

inline constexpr float kColourGain = 8;

struct Colour {
  std::uint8_t red, green, blue;
};
inline constexpr Colour kRed{255, 0, 0}, kGreen{0, 255, 0}, kBlue{0, 0, 255};

struct ProgramResult {
  int status = -1;
  std::string out;
  std::string err;
};

class ProgramTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // A PNG of one colour.
  void paint(const std::string& name, Colour colour, int width = 40, int height = 24) const {
    image::Image image{width, height, {}};
    for (int i = 0; i < width * height; ++i) {
      image.pixels.insert(image.pixels.end(), {colour.red, colour.green, colour.blue});
    }
    const auto png = image::encode_png(image);
    ASSERT_TRUE(png.ok()) << png.error().message;
    write(name, std::string(png->begin(), png->end()));
  }

  // The mean-colour artifact; its labels in index order are other, checked, unchecked.
  [[nodiscard]] static runtime::Artifact colour_artifact() {
    runtime::Artifact artifact;
    runtime::Graph& graph = artifact.graph;
    graph.input = {"input", {runtime::kDynamic, 3, 16, 16}};
    graph.output = {"logits", {runtime::kDynamic, 3}};
    graph.initializers["weight"] = weights::Tensor::from_floats(
        {3, 3}, std::vector<float>{0, 0, kColourGain, kColourGain, 0, 0, 0, kColourGain, 0});
    graph.initializers["bias"] = weights::Tensor::from_floats({3}, std::vector<float>{0, 0, 0});
    graph.nodes = {{"mean", "GlobalAveragePool", {"input"}, {"mean"}, {}},
                   {"flat", "Flatten", {"mean"}, {"flat"}, {{"axis", std::int64_t{1}}}},
                   {"logits", "Gemm", {"flat", "weight", "bias"}, {"logits"}, {{"transB", std::int64_t{1}}}}};
    artifact.metadata.version = "0.1.0";
    artifact.metadata.architecture = "baseline";
    artifact.metadata.labels = {"other", "checked", "unchecked"};
    artifact.metadata.preprocess.width = artifact.metadata.preprocess.height = 16;
    return artifact;
  }
  void write_model(const std::string& name = "model.onnx") const {
    const auto written = runtime::write_artifact(path(name), colour_artifact());
    ASSERT_TRUE(written.ok()) << written.error().message;
  }

  // Runs `checkbox <arguments>` by the shell in the scratch folder; `before` stands in front (environment, a pipe).
  [[nodiscard]] ProgramResult checkbox(const std::string& arguments, const std::string& before = "") const {
    const auto log = path(".stderr").string();
    const auto result = run_command("cd " + folder_.path().string() + " && " + before + " " + CHECKBOX_BINARY + " " +
                                    arguments + " 2>" + log);
    ProgramResult program{result.status, result.output, read(".stderr")};
    std::filesystem::remove(log);
    return program;
  }

  // Nothing but these names in the scratch folder: no temporary file is left.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  TempDir folder_;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      lines.push_back(std::exchange(line, ""));
    } else {
      line += c;
    }
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace checkbox::testing
