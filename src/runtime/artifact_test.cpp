#include "runtime/artifact.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "runtime/model.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/support.hpp"

namespace checkbox::runtime {
namespace {

using ::testing::HasSubstr;
using testing::kSmallNetwork;
using testing::random_artifact;

std::vector<std::uint8_t> small_file() {
  return format_artifact(random_artifact(1, kSmallNetwork)).value();
}

// The error of writing an artifact that `change` has spoilt.
template <class Change>
Error refusal(Change change) {
  Artifact artifact = random_artifact(1, kSmallNetwork);
  change(artifact);
  const auto result = format_artifact(artifact);
  if (result.ok()) throw std::runtime_error("was not refused");
  return result.error();
}

TEST(Artifact, RoundTripKeepsEverything) {
  const Artifact written = random_artifact(1, kSmallNetwork);
  const auto read = parse_artifact(format_artifact(written).value(), "model.onnx");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->metadata.version, written.metadata.version);
  EXPECT_EQ(read->metadata.architecture, written.metadata.architecture);
  EXPECT_EQ(read->metadata.labels, written.metadata.labels);
  EXPECT_EQ(read->metadata.preprocess, written.metadata.preprocess);
  EXPECT_EQ(read->metadata.temperature, written.metadata.temperature);
  EXPECT_EQ(read->metadata.training, written.metadata.training);
  EXPECT_EQ(read->graph.opset, written.graph.opset);
  EXPECT_EQ(read->graph.input.name, written.graph.input.name);
  EXPECT_EQ(read->graph.input.shape, written.graph.input.shape);
  EXPECT_EQ(read->graph.output.name, written.graph.output.name);
  ASSERT_EQ(read->graph.nodes.size(), written.graph.nodes.size());
  for (std::size_t i = 0; i < written.graph.nodes.size(); ++i) {
    EXPECT_EQ(read->graph.nodes[i].name, written.graph.nodes[i].name);
    EXPECT_EQ(read->graph.nodes[i].op_type, written.graph.nodes[i].op_type);
    EXPECT_EQ(read->graph.nodes[i].inputs, written.graph.nodes[i].inputs);
    EXPECT_EQ(read->graph.nodes[i].outputs, written.graph.nodes[i].outputs);
    EXPECT_EQ(read->graph.nodes[i].attributes.size(), written.graph.nodes[i].attributes.size());
  }
  ASSERT_EQ(read->graph.initializers.size(), written.graph.initializers.size());
  for (const auto& [name, tensor] : written.graph.initializers) {
    EXPECT_EQ(read->graph.initializers.at(name).shape, tensor.shape);
    EXPECT_EQ(read->graph.initializers.at(name).bytes, tensor.bytes);
  }
}

TEST(Artifact, SameArtifactGivesTheSameBytes) {
  EXPECT_EQ(small_file(), small_file());
  EXPECT_EQ(format_artifact(parse_artifact(small_file(), "x").value()).value(), small_file());
}

TEST(Artifact, FileRoundTripAndErrorsNameTheFile) {
  const testing::TempDir dir;
  const auto path = dir.path() / "model.onnx";
  ASSERT_TRUE(write_artifact(path, random_artifact(1, kSmallNetwork)).ok());
  ASSERT_TRUE(read_artifact(path).ok());
  EXPECT_EQ(read_file(path).value(), small_file());
  EXPECT_EQ(read_artifact(dir.path() / "none.onnx").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_file(path, "this is text, not a model").ok());
  const auto result = read_artifact(path);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, HasSubstr(path.string()));
}

TEST(Artifact, UnwritableFolderIsAnIoError) {
  const auto status = write_artifact("/nowhere/model.onnx", random_artifact(1, kSmallNetwork));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("/nowhere/model.onnx"));
}

TEST(Artifact, EveryTruncationIsRefused) {
  const auto bytes = small_file();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto result = parse_artifact(std::span(bytes).first(length), "cut.onnx");
    ASSERT_FALSE(result.ok()) << length;
    EXPECT_THAT(result.error().message, ::testing::StartsWith("cut.onnx: ")) << length;
  }
  EXPECT_THAT(parse_artifact({}, "cut.onnx").error().message, HasSubstr("the file is empty"));
  EXPECT_THAT(parse_artifact(std::span(bytes).first(bytes.size() / 2), "cut.onnx").error().message,
              HasSubstr("truncated"));
}

TEST(Artifact, EveryFlippedByteIsRefusedOrRuns) {
  const auto intact = small_file();
  for (std::size_t i = 0; i < intact.size(); i += i < 2000 ? 1 : 37) {
    auto bytes = intact;
    bytes[i] ^= 0x15;
    const auto artifact = parse_artifact(bytes, "flipped.onnx");
    if (!artifact.ok()) continue;
    EXPECT_TRUE(Model::compile(artifact->graph, {.backend = Backend::kReference}).ok()) << i;
  }
}

TEST(Artifact, MetadataThatCannotBeReadIsNotWritten) {
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.labels.pop_back(); }).message,
              HasSubstr("2 labels in metadata 'checkbox.labels', but output 'logits' has 3 classes"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.labels.clear(); }).message, HasSubstr("0 labels"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.labels[1] = a.metadata.labels[0]; }).message,
              HasSubstr("label 'other' twice"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.labels[0] = "\xff\xfe"; }).message, HasSubstr("UTF-8"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.temperature = 0; }).message, HasSubstr("'checkbox.temperature'"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.version = ""; }).message,
              HasSubstr("metadata 'checkbox.version' is empty"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.preprocess.width = 5; }).message,
              HasSubstr("has shape [N, 3, 19, 19], but metadata 'checkbox.preprocess' makes images of shape "
                        "[N, 3, 19, 5]"));
  EXPECT_THAT(refusal([](Artifact& a) { a.metadata.training = Json::array(); }).message, HasSubstr("a JSON object"));
}

TEST(Artifact, OtherTensorTypesAreNotWritten) {
  const Error error = refusal([](Artifact& a) {
    auto& tensor = a.graph.initializers["unused"];
    tensor.dtype = weights::DType::kBF16;
    tensor.shape = {1};
    tensor.bytes.resize(2);
  });
  EXPECT_THAT(error.message, HasSubstr("tensor 'unused' is BF16, F32 or I64 expected"));
}

}  // namespace
}  // namespace checkbox::runtime
