// Weights that PyTorch wrote, in each of its formats, through our reader, network builder and runtime: the logits must
// be PyTorch's within 1e-4.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/files.hpp"
#include "base/json.hpp"
#include "runtime/artifact.hpp"
#include "runtime/model.hpp"
#include "runtime/networks/networks.hpp"
#include "tests/support/support.hpp"
#include "weights/read.hpp"

namespace checkbox {
namespace {

using runtime::Backend;
using runtime::Graph;
using runtime::Model;
using testing::NpyArray;
using testing::read_npy;
using testing::TempDir;
using weights::TensorMap;

constexpr float kTolerance = 1e-4f;

struct Expected {
  NpyArray images;            // [N, 3, 224, 224]
  std::vector<float> logits;  // [N, 3]
};

// The first `count` images only: the reference kernels take seconds for one.
void expect_logits(const Graph& graph, Backend backend, const Expected& expected, std::int64_t count) {
  const auto model = Model::compile(graph, {.backend = backend, .threads = 2});
  ASSERT_TRUE(model.ok()) << model.error().message;
  std::vector<float> logits(static_cast<std::size_t>(count) * 3);
  const auto images = std::span(expected.images.values).first(static_cast<std::size_t>(count * model->input_size()));
  const auto status = model->run(images, count, logits);
  ASSERT_TRUE(status.ok()) << status.error().message;
  float worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) worst = std::max(worst, std::abs(logits[i] - expected.logits[i]));
  EXPECT_LT(worst, kTolerance);
  ::testing::Test::RecordProperty("worst", std::to_string(worst));
}

TensorMap read(const std::filesystem::path& path) {
  auto file = weights::read_weights(path);
  EXPECT_TRUE(file.ok()) << file.error().message;
  return file.ok() ? std::move(file)->tensors : TensorMap{};
}

Graph build(const char* architecture, const TensorMap& tensors) {
  auto graph = runtime::build_network(architecture, tensors);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return graph.ok() ? *std::move(graph) : Graph{};
}

// As an artifact on disk gives it back.
Graph through_onnx(const Graph& graph) {
  runtime::Artifact artifact;
  artifact.graph = graph;
  artifact.metadata.version = "test";
  artifact.metadata.architecture = "any";
  artifact.metadata.labels = {"other", "checked", "unchecked"};
  const auto bytes = runtime::format_artifact(artifact);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  auto again = runtime::parse_artifact(*bytes, "artifact");
  EXPECT_TRUE(again.ok()) << again.error().message;
  return again.ok() ? std::move(again)->graph : Graph{};
}

void expect_reference_checkpoint(const char* architecture, const char* input) {
  const auto folder = testing::shared_dir() / "reference/parity";
  const Json parity = parse_json(read_text(folder / "parity.json").value(), "parity.json").value();
  Expected expected{read_npy(folder / input), {}};
  for (const Json& row : parity["models"][architecture]["logits"]) {
    for (const Json& value : row) expected.logits.push_back(value.get<float>());
  }
  const Graph graph = build(architecture, read(folder / (std::string(architecture) + ".ckpt")));
  expect_logits(graph, Backend::kOneDnn, expected, expected.images.shape[0]);
  expect_logits(through_onnx(graph), Backend::kOneDnn, expected, expected.images.shape[0]);
  expect_logits(graph, Backend::kReference, expected, 2);
}

TEST(ReferenceCheckpoint, BaselineGivesTheReferencesLogits) {
  CHECKBOX_NEED_SHARED();
  expect_reference_checkpoint("baseline", "input_baseline.npy");
}

TEST(ReferenceCheckpoint, MobileNetGivesTheReferencesLogits) {
  CHECKBOX_NEED_SHARED();
  expect_reference_checkpoint("mobilenet", "input_image_net.npy");
}

class PyTorchsWeights : public ::testing::TestWithParam<const char*> {};

TEST_P(PyTorchsWeights, GivePyTorchsLogitsInEveryFormat) {
  CHECKBOX_NEED_PYTHON("torch, torchvision, PIL");
  const TempDir dir;
  const std::string architecture = GetParam();
  const auto script = testing::source_dir() / "tests/judges/network_weights.py";
  const auto made =
      testing::run_command("python3 '" + script.string() + "' '" + dir.path().string() + "' " + architecture + " 2>&1");
  ASSERT_EQ(made.status, 0) << made.output;
  const Expected expected{read_npy(dir.path() / "input.npy"), read_npy(dir.path() / "logits.npy").values};

  const TensorMap tensors = read(dir.path() / "zip.ckpt");
  for (const char* file : {"legacy.pth", "module.pth"}) {
    const TensorMap same = read(dir.path() / file);
    ASSERT_EQ(same.size(), tensors.size()) << file;
    for (const auto& [name, tensor] : tensors) EXPECT_EQ(same.at(name).bytes, tensor.bytes) << file << ": " << name;
  }
  const Graph graph = build(GetParam(), tensors);
  expect_logits(graph, Backend::kOneDnn, expected, 2);
  if (architecture != "resnet50") expect_logits(graph, Backend::kReference, expected, 1);
  if (architecture == "baseline") return;

  // torchvision's file has the encoder; the head is the checkpoint's.
  TensorMap combined = runtime::with_reference_names(architecture, read(dir.path() / "torchvision.pth"));
  const auto fits = runtime::check_tensors(architecture, combined, runtime::Part::kEncoder);
  EXPECT_TRUE(fits.ok()) << fits.error().message;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with("head.")) combined.emplace(name, tensor);
  }
  expect_logits(build(GetParam(), combined), Backend::kOneDnn, expected, 2);
}

INSTANTIATE_TEST_SUITE_P(Networks, PyTorchsWeights, ::testing::Values("baseline", "mobilenet", "resnet50"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace checkbox
