// What we write, opened by others: the logits of ONNX Runtime, the verdict of onnx.checker, and the reference
// implementation's own checkpoints and logits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/files.hpp"
#include "base/json.hpp"
#include "runtime/model.hpp"
#include "runtime/networks/networks.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/support.hpp"
#include "weights/read.hpp"

namespace checkbox::runtime {
namespace {

namespace fs = std::filesystem;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::run_command;
using testing::TempDir;

constexpr float kTolerance = 1e-4f;

fs::path judge_dir() {
  return testing::source_dir() / "tests/judges";
}

#define CHECKBOX_NEED_ONNXRUNTIME()                                               \
  do {                                                                            \
    if (!fs::is_directory(judge_dir() / "ort/node_modules/onnxruntime-node"))     \
      GTEST_SKIP() << "needs npm ci --ignore-scripts in " << judge_dir() / "ort"; \
  } while (false)

// The logits that ONNX Runtime gives for images of 3 x side x side.
std::vector<float> onnxruntime_logits(const fs::path& model, std::span<const float> input, std::int64_t side,
                                      const TempDir& dir) {
  const auto images = static_cast<std::int64_t>(input.size()) / (3 * side * side);
  const auto bytes = std::as_bytes(input);
  EXPECT_TRUE(
      write_file(dir.path() / "input", std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()))
          .ok());
  const auto result = run_command(
      fmt::format("node {} {} {} {},3,{},{} {} 2>&1", (judge_dir() / "ort/run.mjs").string(), model.string(),
                  (dir.path() / "input").string(), images, side, side, (dir.path() / "output").string()));
  EXPECT_EQ(result.status, 0) << result.output;
  const auto output = read_file(dir.path() / "output").value();
  std::vector<float> logits(output.size() / sizeof(float));
  std::memcpy(logits.data(), output.data(), logits.size() * sizeof(float));
  return logits;
}

std::vector<float> our_logits(const Graph& graph, std::span<const float> input, int threads = 1) {
  const auto model = Model::compile(graph, {.threads = threads});
  if (!model.ok()) throw std::runtime_error(model.error().message);
  const std::int64_t images = static_cast<std::int64_t>(input.size()) / model->input_size();
  std::vector<float> logits(static_cast<std::size_t>(images * model->class_count()), NAN);
  const Status status = model->run(input, images, logits);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return logits;
}

struct Sized {
  const char* name;
  testing::NetworkSizes sizes;
};
const Sized kNetworks[] = {{"baseline", {}}, {"small", testing::kSmallNetwork}};

TEST(Parity, OnnxRuntimeGivesOurLogits) {
  CHECKBOX_NEED_ONNXRUNTIME();
  const TempDir dir;
  for (const auto& [name, sizes] : kNetworks) {
    const auto path = dir.path() / "model.onnx";
    const Artifact artifact = testing::random_artifact(7, sizes);
    ASSERT_TRUE(write_artifact(path, artifact).ok());
    Rng rng(7);
    const auto input = testing::random_values(rng, static_cast<std::size_t>(3 * 3 * sizes.side * sizes.side));
    const auto expected = onnxruntime_logits(path, input, sizes.side, dir);
    EXPECT_THAT(our_logits(read_artifact(path)->graph, input), Pointwise(FloatNear(kTolerance), expected)) << name;
  }
}

TEST(Parity, OnnxCheckerAcceptsWhatWeWrite) {
  CHECKBOX_NEED_PYTHON("onnx");
  const TempDir dir;
  std::string files;
  for (const auto& [name, sizes] : kNetworks) {
    const auto path = dir.path() / (std::string(name) + ".onnx");
    ASSERT_TRUE(write_artifact(path, testing::random_artifact(7, sizes)).ok());
    files += " " + path.string();
  }
  const auto result = run_command("python3 " + (judge_dir() / "check_onnx.py").string() + files + " 2>&1");
  EXPECT_EQ(result.status, 0) << result.output;
}

// The checkpoint, through our network builder and the written file, in our runtime and in ONNX Runtime.
void check_checkpoint(const std::string& architecture, const char* input_name) {
  const auto folder = testing::shared_dir() / "reference/parity";
  const auto weights = weights::read_weights(folder / (architecture + ".ckpt"));
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  Artifact artifact = testing::random_artifact(1);
  const auto graph = build_network(architecture, weights->tensors);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  artifact.graph = *graph;
  artifact.metadata.architecture = architecture;
  const TempDir dir;
  const auto path = dir.path() / "model.onnx";
  ASSERT_TRUE(write_artifact(path, artifact).ok());

  const auto input = testing::read_npy(folder / input_name);
  std::vector<float> expected;
  const Json parity = Json::parse(read_text(folder / "parity.json").value());
  for (const Json& row : parity["models"][architecture]["logits"]) {
    for (const Json& logit : row) expected.push_back(logit.get<float>());
  }
  const Artifact read = read_artifact(path).value();
  EXPECT_THAT(our_logits(read.graph, input.values), Pointwise(FloatNear(kTolerance), expected));
  EXPECT_THAT(our_logits(read.graph, input.values, 2), Pointwise(FloatNear(kTolerance), expected));
  if (testing::python_has("onnx")) {
    EXPECT_EQ(run_command("python3 " + (judge_dir() / "check_onnx.py").string() + " " + path.string()).status, 0);
  }
  CHECKBOX_NEED_ONNXRUNTIME();
  EXPECT_THAT(onnxruntime_logits(path, input.values, 224, dir), Pointwise(FloatNear(kTolerance), expected));
}

TEST(Parity, BaselineCheckpointGivesTheReferenceLogits) {
  CHECKBOX_NEED_SHARED();
  check_checkpoint("baseline", "input_baseline.npy");
}

}  // namespace
}  // namespace checkbox::runtime
