// What the reader refuses, made by changing a sound file through protobuf itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <functional>

#include "runtime/artifact.hpp"
#include "runtime/limits.hpp"
#include "tests/support/networks.hpp"

namespace checkbox::runtime {
namespace {

using ::testing::HasSubstr;
using Change = std::function<void(onnx::ModelProto&)>;

std::vector<std::uint8_t> changed(const Change& change) {
  const auto bytes = format_artifact(testing::random_artifact(1, testing::kSmallNetwork)).value();
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) throw std::runtime_error("protobuf");
  change(model);
  const std::string text = model.SerializeAsString();
  return {text.begin(), text.end()};
}

Error refusal(const Change& change) {
  const auto result = parse_artifact(changed(change), "m.onnx");
  if (result.ok()) throw std::runtime_error("was not refused");
  return result.error();
}

void expect_refusal(const Change& change, ErrorCode code, const std::string& message) {
  const Error error = refusal(change);
  EXPECT_EQ(error.code, code) << error.message;
  EXPECT_THAT(error.message, HasSubstr(message));
  EXPECT_THAT(error.message, ::testing::StartsWith("m.onnx: "));
}

onnx::NodeProto& node(onnx::ModelProto& model, const std::string& name) {
  for (auto& item : *model.mutable_graph()->mutable_node()) {
    if (item.name() == name) return item;
  }
  throw std::runtime_error("no node " + name);
}

onnx::TensorProto& tensor(onnx::ModelProto& model, const std::string& name) {
  for (auto& item : *model.mutable_graph()->mutable_initializer()) {
    if (item.name() == name) return item;
  }
  throw std::runtime_error("no tensor " + name);
}

onnx::TensorShapeProto::Dimension& input_dimension(onnx::ModelProto& model, int index) {
  return *model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(
      index);
}

std::string& metadata(onnx::ModelProto& model, const std::string& key) {
  for (auto& item : *model.mutable_metadata_props()) {
    if (item.key() == key) return *item.mutable_value();
  }
  throw std::runtime_error("no metadata " + key);
}

void add_attribute(onnx::NodeProto& proto, const std::string& name, std::int64_t value) {
  auto& attribute = *proto.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

TEST(OnnxReader, SoundFileIsRead) {
  EXPECT_TRUE(parse_artifact(changed([](onnx::ModelProto&) {}), "m.onnx").ok());
}

TEST(OnnxReader, UnsortedNodesAreSorted) {
  const auto bytes = changed([](onnx::ModelProto& m) {
    auto& nodes = *m.mutable_graph()->mutable_node();
    for (int i = 0; i < nodes.size() / 2; ++i) nodes.SwapElements(i, nodes.size() - 1 - i);
  });
  const auto artifact = parse_artifact(bytes, "m.onnx");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  std::set<std::string> known{"input"};
  for (const auto& [name, tensor] : artifact->graph.initializers) known.insert(name);
  for (const Node& item : artifact->graph.nodes) {
    for (const std::string& input : item.inputs) EXPECT_TRUE(known.contains(input)) << input;
    known.insert(item.outputs[0]);
  }
}

TEST(OnnxReader, FixedBatchBecomesDynamic) {
  const auto bytes = changed([](onnx::ModelProto& m) { input_dimension(m, 0).set_dim_value(1); });
  EXPECT_EQ(parse_artifact(bytes, "m.onnx")->graph.input.shape[0], kDynamic);
}

TEST(OnnxReader, InitializersMayBeListedAsInputsAndTyped) {
  const auto bytes = changed([](onnx::ModelProto& m) {
    auto& bias = tensor(m, "logits.bias");
    *m.mutable_graph()->add_input() = m.graph().input(0);
    m.mutable_graph()->mutable_input(1)->set_name("logits.bias");
    bias.clear_raw_data();
    for (const float value : {1.0f, 2.0f, 3.0f}) bias.add_float_data(value);
  });
  const auto artifact = parse_artifact(bytes, "m.onnx");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_THAT(artifact->graph.initializers.at("logits.bias").floats(), ::testing::ElementsAre(1, 2, 3));
}

TEST(OnnxReader, GraphsThatAreNotSoundAreRefused) {
  const auto corrupt = ErrorCode::kCorrupt;
  const auto unsupported = ErrorCode::kUnsupported;
  expect_refusal([](auto& m) { *node(m, "conv0").mutable_input(0) = "conv1.relu"; }, corrupt, "(a cycle)");
  expect_refusal([](auto& m) { *node(m, "conv0").mutable_input(0) = "conv0"; }, corrupt,
                 "node 'conv0' (Conv): its inputs depend on its own output (a cycle)");
  expect_refusal([](auto& m) { *node(m, "conv1").mutable_input(0) = "ghost"; }, corrupt,
                 "node 'conv1' (Conv): input 'ghost' is made by no node and is no initializer");
  expect_refusal([](auto& m) { *node(m, "mean").mutable_output(0) = "max"; }, corrupt,
                 "node 'mean' (GlobalAveragePool): value 'max' exists already");
  expect_refusal([](auto& m) { *node(m, "mean").mutable_output(0) = "input"; }, corrupt, "'input' exists already");
  expect_refusal([](auto& m) { *node(m, "mean").mutable_output(0) = "conv0.bias"; }, corrupt, "exists already");
  expect_refusal([](auto& m) { node(m, "mean").add_output("second"); }, unsupported, "2 outputs, 1 expected");
  expect_refusal([](auto& m) { node(m, "max").set_op_type("Einsum"); }, unsupported,
                 "node 'max' (Einsum): unknown operator, expected one of Add, Clip, Concat, Conv, ");
  expect_refusal([](auto& m) { node(m, "max").set_domain("com.example"); }, unsupported, "domain 'com.example'");
  expect_refusal([](auto& m) { add_attribute(node(m, "max"), "ceil_mode", 1); }, unsupported,
                 "node 'max' (GlobalMaxPool): unknown attribute 'ceil_mode'");
  expect_refusal([](auto& m) { add_attribute(node(m, "conv0"), "strides", 2); }, corrupt, "attribute 'strides' twice");
  expect_refusal([](auto& m) { node(m, "conv0").clear_input(); }, corrupt, "0 inputs, 2 to 3 expected");
  expect_refusal([](auto& m) { *node(m, "conv0").mutable_input(1) = ""; }, corrupt, "input 1 is missing");
  expect_refusal([](auto& m) { m.mutable_graph()->mutable_output(0)->set_name("ghost"); }, corrupt,
                 "output 'ghost' is made by no node");
  expect_refusal([](auto& m) { m.mutable_graph()->mutable_output(0)->set_name("flat"); }, corrupt, "36");
  expect_refusal([](auto& m) { m.mutable_graph()->clear_output(); }, unsupported, "0 outputs, 1 expected");
  expect_refusal([](auto& m) { m.mutable_graph()->clear_input(); }, corrupt, "the graph has no input");
  expect_refusal(
      [](auto& m) {
        *m.mutable_graph()->add_input() = m.graph().input(0);
        m.mutable_graph()->mutable_input(1)->set_name("mask");
      },
      unsupported, "inputs 'input' and 'mask': one image tensor expected");
  expect_refusal([](auto& m) { m.clear_graph(); }, corrupt, "it has no graph");
  expect_refusal([](auto& m) { m.add_functions()->set_name("f"); }, unsupported, "functions of its own");
  expect_refusal([](auto& m) { m.mutable_graph()->add_sparse_initializer(); }, unsupported, "sparse");
}

TEST(OnnxReader, AttributesOfWrongTypeOrValueAreRefused) {
  const auto set = [](const std::string& name, const std::string& attribute, auto edit) -> Change {
    return [=](onnx::ModelProto& m) {
      for (auto& item : *node(m, name).mutable_attribute()) {
        if (item.name() == attribute) edit(item);
      }
    };
  };
  expect_refusal(set("conv0", "strides", [](auto& a) { a.set_ints(0, 0); }), ErrorCode::kCorrupt,
                 "attribute 'strides' holds 0");
  expect_refusal(set("conv0", "strides", [](auto& a) { a.add_ints(1); }), ErrorCode::kUnsupported,
                 "attribute 'strides' has 3 values, 2 expected");
  expect_refusal(set("conv0", "strides", [](auto& a) { a.set_type(onnx::AttributeProto::FLOAT); }), ErrorCode::kCorrupt,
                 "attribute 'strides' should be of type INTS");
  expect_refusal(set("conv0", "strides", [](auto& a) { a.set_type(onnx::AttributeProto::GRAPH); }),
                 ErrorCode::kUnsupported, "attribute 'strides' is of a type that is not read: GRAPH");
  expect_refusal(set("conv0", "kernel_shape", [](auto& a) { a.set_ints(1, 5); }), ErrorCode::kCorrupt,
                 "kernel_shape [3, 5] contradicts weights of shape [5, 3, 3, 3]");
  expect_refusal(set("concat", "axis", [](auto& a) { a.set_i(7); }), ErrorCode::kCorrupt, "axis 7 does not fit");
  expect_refusal(set("concat", "axis", [](auto& a) { a.set_i(0); }), ErrorCode::kCorrupt,
                 "node 'hidden' (Gemm): B [7, 36] is for 36 inputs, found 18");
  expect_refusal(set("logits", "transB", [](auto& a) { a.set_name("transA"); }), ErrorCode::kUnsupported, "transA");
  expect_refusal([](auto& m) { add_attribute(node(m, "conv0"), "group", 2); }, ErrorCode::kCorrupt,
                 "2 groups do not divide 3 input and 5 output channels");
}

TEST(OnnxReader, TensorsThatAreNotSoundAreRefused) {
  const auto corrupt = ErrorCode::kCorrupt;
  const auto unsupported = ErrorCode::kUnsupported;
  const auto limit = ErrorCode::kLimitExceeded;
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").mutable_raw_data()->pop_back(); }, corrupt,
                 "tensor 'conv0.weight' of shape [5, 3, 3, 3] holds 539 bytes, 540 expected");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_dims(0, 6); }, corrupt, "holds 540 bytes, 648 expected");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_dims(0, -5); }, corrupt, "negative dimension -5");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_dims(0, std::int64_t{1} << 40); }, limit,
                 "dimension 1099511627776 is over the limit of 16777216");
  // Each dimension is allowed; their product would be 2^80.
  expect_refusal(
      [](auto& m) {
        for (int i = 0; i < 4; ++i) tensor(m, "conv0.weight").set_dims(i, 1 << 20);
      },
      limit, "more than the limit of 268435456 elements");
  expect_refusal(
      [](auto& m) {
        for (int i = 0; i < 9; ++i) tensor(m, "conv0.weight").add_dims(1);
      },
      limit, "13 dimensions, at most 8 expected");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").add_float_data(1); }, corrupt, "values twice");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_data_type(onnx::TensorProto::FLOAT16); }, unsupported,
                 "tensor 'conv0.weight' is of type FLOAT16, FLOAT or INT64 expected");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_data_type(4711); }, unsupported, "4711");
  expect_refusal([](auto& m) { tensor(m, "conv0.weight").set_data_location(onnx::TensorProto::EXTERNAL); }, unsupported,
                 "keeps its data in another file");
  expect_refusal([](auto& m) { tensor(m, "conv0.bias").set_name("conv1.bias"); }, corrupt,
                 "initializer 'conv1.bias' twice");
  expect_refusal([](auto& m) { tensor(m, "conv0.bias").set_dims(0, 1), tensor(m, "conv0.bias").add_dims(5); }, corrupt,
                 "node 'conv0' (Conv): bias of shape [1, 5], [5] expected");
  expect_refusal(
      [](auto& m) {
        auto& bias = tensor(m, "conv0.bias");
        bias.set_data_type(onnx::TensorProto::INT64);
        bias.mutable_raw_data()->resize(40);
      },
      unsupported, "node 'conv0' (Conv): input 2 ('conv0.bias') is I64, F32 expected");
}

TEST(OnnxReader, ShapesThatAreAbsurdAreRefused) {
  expect_refusal([](auto& m) { input_dimension(m, 1).set_dim_value(-3); }, ErrorCode::kCorrupt, "dimension of -3");
  expect_refusal([](auto& m) { input_dimension(m, 1).set_dim_value(std::int64_t{1} << 40); }, ErrorCode::kCorrupt,
                 "input 'input' has a dimension of 1099511627776");
  expect_refusal([](auto& m) { input_dimension(m, 2).set_dim_param("height"); }, ErrorCode::kUnsupported,
                 "[N, 3, N, 19]: all but the first dimension must be known");
  expect_refusal(
      [](auto& m) { input_dimension(m, 2).set_dim_value(1 << 20), input_dimension(m, 3).set_dim_value(1 << 20); },
      ErrorCode::kLimitExceeded, "input 'input': more than the limit");
  expect_refusal([](auto& m) { input_dimension(m, 1).set_dim_value(4); }, ErrorCode::kCorrupt,
                 "node 'conv0' (Conv): weights [5, 3, 3, 3] with 1 groups are for 3 input channels, found 4");
  expect_refusal([](auto& m) { input_dimension(m, 2).set_dim_value(4); }, ErrorCode::kCorrupt,
                 "node 'conv1' (Conv): a kernel reaching over 3 pixels does not fit an input of 1 + 0 + 0");
  expect_refusal(
      [](auto& m) {
        m.mutable_graph()
            ->mutable_output(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(1)
            ->set_dim_value(9);
      },
      ErrorCode::kCorrupt, "output 'logits' is declared as [N, 9], but the nodes give [N, 3]");
}

TEST(OnnxReader, OperatorSetsOutOfRangeAreRefused) {
  expect_refusal([](auto& m) { m.mutable_opset_import(0)->set_version(9); }, ErrorCode::kUnsupported,
                 "operator set 9, 13 to 22 expected");
  expect_refusal([](auto& m) { m.mutable_opset_import(0)->set_version(1000); }, ErrorCode::kUnsupported, "1000");
  expect_refusal([](auto& m) { m.clear_opset_import(); }, ErrorCode::kCorrupt, "names no operator set");
}

TEST(OnnxReader, MetadataIsCheckedKeyByKey) {
  for (const char* key : {"checkbox.version", "checkbox.architecture", "checkbox.labels", "checkbox.preprocess",
                          "checkbox.training", "checkbox.temperature"}) {
    expect_refusal(
        [&](auto& m) {
          auto& properties = *m.mutable_metadata_props();
          for (int i = 0; i < properties.size(); ++i) {
            if (properties[i].key() == key) properties.DeleteSubrange(i, 1);
          }
        },
        ErrorCode::kCorrupt, fmt::format("metadata '{}' is missing", key));
    expect_refusal([&](auto& m) { metadata(m, key) = ""; }, ErrorCode::kCorrupt,
                   fmt::format("metadata '{}' is empty", key));
    expect_refusal([&](auto& m) { m.add_metadata_props()->set_key(key); }, ErrorCode::kCorrupt,
                   fmt::format("metadata '{}' twice", key));
  }
  for (const char* key : {"checkbox.labels", "checkbox.preprocess", "checkbox.training"}) {
    expect_refusal([&](auto& m) { metadata(m, key) = "{"; }, ErrorCode::kCorrupt,
                   fmt::format("metadata '{}': not valid JSON", key));
    expect_refusal([&](auto& m) { metadata(m, key) = "1"; }, ErrorCode::kCorrupt, fmt::format("metadata '{}'", key));
  }
  expect_refusal([](auto& m) { metadata(m, "checkbox.labels") = "[1, 2, 3]"; }, ErrorCode::kCorrupt,
                 "a JSON array of strings expected");
  for (const char* value : {"warm", "1.0 ", "0", "-1", "nan", "inf", "1e999"}) {
    expect_refusal([&](auto& m) { metadata(m, "checkbox.temperature") = value; }, ErrorCode::kCorrupt,
                   "metadata 'checkbox.temperature'");
  }
}

TEST(OnnxReader, MoreStructureThanTheLimitIsRefusedUnparsed) {
  // Empty nodes, two bytes each, would take far more once parsed.
  std::string graph;
  for (std::size_t i = 0; i < kMaxStructureBytes / 2 + 10; ++i) graph += std::string("\x0a\x00", 2);
  onnx::ModelProto model;
  std::string file = "\x3a";
  for (std::size_t length = graph.size(); length > 0; length >>= 7) {
    file += static_cast<char>((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
  }
  file += graph;
  const auto result = parse_artifact(std::span(reinterpret_cast<const std::uint8_t*>(file.data()), file.size()), "m");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimitExceeded);
  EXPECT_THAT(result.error().message, HasSubstr("besides the tensors' data"));
}

TEST(OnnxReader, MoreNodesThanTheLimitAreRefused) {
  expect_refusal(
      [](auto& m) {
        for (std::size_t i = 0; i <= kMaxNodes; ++i) m.mutable_graph()->add_node()->set_op_type("Relu");
      },
      ErrorCode::kLimitExceeded, "nodes, at most 10000 expected");
}

TEST(OnnxReader, DeepNestingIsRefused) {
  const auto result = parse_artifact(changed([](auto& m) {
                                       auto* graph = node(m, "max").add_attribute()->mutable_g();
                                       for (int i = 0; i < 200; ++i)
                                         graph = graph->add_node()->add_attribute()->mutable_g();
                                     }),
                                     "m.onnx");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace checkbox::runtime
