#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <cstring>

#include "runtime/limits.hpp"
#include "runtime/onnx_file.hpp"
#include "runtime/onnx_wire.hpp"
#include "runtime/shape.hpp"

namespace checkbox::runtime {
namespace {

using weights::DType;
using weights::Tensor;

std::string type_name(int type) {
  return onnx::TensorProto_DataType_IsValid(type)
             ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type))
             : std::to_string(type);
}

// The values as bytes, from raw_data or from the typed list; exactly `count` of them.
template <class T, class List>
Result<std::vector<std::byte>> tensor_bytes(const onnx::TensorProto& proto, const List& typed, std::int64_t count) {
  const auto expected = static_cast<std::size_t>(count) * sizeof(T);
  const bool raw = proto.has_raw_data();
  if (raw && !typed.empty()) {
    return error(ErrorCode::kCorrupt, "tensor '{}' has its values twice, raw and typed", proto.name());
  }
  const std::size_t found = raw ? proto.raw_data().size() : static_cast<std::size_t>(typed.size()) * sizeof(T);
  if (found != expected) {
    return error(ErrorCode::kCorrupt, "tensor '{}' of shape {} holds {} bytes, {} expected", proto.name(),
                 to_string(Shape(proto.dims().begin(), proto.dims().end())), found, expected);
  }
  std::vector<std::byte> bytes(expected);
  if (expected > 0) {
    std::memcpy(bytes.data(), raw ? static_cast<const void*>(proto.raw_data().data()) : typed.data(), expected);
  }
  return bytes;
}

Result<Tensor> read_tensor(const onnx::TensorProto& proto) {
  if (proto.data_location() == onnx::TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    return error(ErrorCode::kUnsupported, "tensor '{}' keeps its data in another file, which is not read",
                 proto.name());
  }
  if (proto.has_segment()) return error(ErrorCode::kUnsupported, "tensor '{}' is in segments", proto.name());
  Tensor tensor;
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  const auto count = checked_elements(tensor.shape);
  if (!count.ok()) return error(count.error().code, "tensor '{}': {}", proto.name(), count.error().message);
  switch (proto.data_type()) {
    case onnx::TensorProto::FLOAT: {
      tensor.dtype = DType::kF32;
      CHECKBOX_TRY(tensor.bytes, tensor_bytes<float>(proto, proto.float_data(), *count));
      return tensor;
    }
    case onnx::TensorProto::INT64: {
      tensor.dtype = DType::kI64;
      CHECKBOX_TRY(tensor.bytes, tensor_bytes<std::int64_t>(proto, proto.int64_data(), *count));
      return tensor;
    }
    default:
      return error(ErrorCode::kUnsupported, "tensor '{}' is of type {}, FLOAT or INT64 expected", proto.name(),
                   type_name(proto.data_type()));
  }
}

Result<Attribute> read_attribute(const onnx::AttributeProto& proto) {
  using Proto = onnx::AttributeProto;
  switch (proto.type()) {
    case Proto::INT:
      return Attribute(std::int64_t{proto.i()});
    case Proto::FLOAT:
      return Attribute(proto.f());
    case Proto::STRING:
      return Attribute(proto.s());
    case Proto::INTS:
      return Attribute(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
    case Proto::FLOATS:
      return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case Proto::TENSOR: {
      CHECKBOX_TRY(Tensor tensor, read_tensor(proto.t()));
      return Attribute(std::move(tensor));
    }
    default:
      return error(ErrorCode::kUnsupported, "attribute '{}' is of a type that is not read: {}", proto.name(),
                   Proto::AttributeType_Name(proto.type()));
  }
}

Result<Node> read_node(const onnx::NodeProto& proto, int position) {
  Node node;
  node.name = proto.name().empty() ? fmt::format("{}_{}", proto.op_type(), position) : proto.name();
  node.op_type = proto.op_type();
  if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
    return error(ErrorCode::kUnsupported, "node '{}' ({}): operators of the domain '{}' are not known", node.name,
                 node.op_type, proto.domain());
  }
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto& item : proto.attribute()) {
    auto value = read_attribute(item);
    if (!value.ok()) {
      return error(value.error().code, "node '{}' ({}): {}", node.name, node.op_type, value.error().message);
    }
    if (!node.attributes.emplace(item.name(), std::move(value).value()).second) {
      return error(ErrorCode::kCorrupt, "node '{}' ({}): attribute '{}' twice", node.name, node.op_type, item.name());
    }
  }
  return node;
}

Result<ValueInfo> read_value_info(const onnx::ValueInfoProto& proto, std::string_view role) {
  ValueInfo value{proto.name(), {}};
  const auto& type = proto.type();
  if (type.value_case() != onnx::TypeProto::kTensorType) {
    return error(ErrorCode::kUnsupported, "{} '{}' is not a tensor", role, proto.name());
  }
  if (type.tensor_type().elem_type() != onnx::TensorProto::FLOAT) {
    return error(ErrorCode::kUnsupported, "{} '{}' is of type {}, FLOAT expected", role, proto.name(),
                 type_name(type.tensor_type().elem_type()));
  }
  for (const auto& dimension : type.tensor_type().shape().dim()) {
    if (value.shape.size() == kMaxRank) {
      return error(ErrorCode::kLimitExceeded, "{} '{}' has more than {} dimensions", role, proto.name(), kMaxRank);
    }
    if (dimension.value_case() != onnx::TensorShapeProto::Dimension::kDimValue) {
      value.shape.push_back(kDynamic);
      continue;
    }
    if (dimension.dim_value() < 0 || dimension.dim_value() > kMaxDimension) {
      return error(ErrorCode::kCorrupt, "{} '{}' has a dimension of {}, 0 to {} expected", role, proto.name(),
                   dimension.dim_value(), kMaxDimension);
    }
    value.shape.push_back(dimension.dim_value());
  }
  return value;
}

Result<std::int64_t> read_opset(const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") return std::int64_t{import.version()};
  }
  return error(ErrorCode::kCorrupt, "the file names no operator set (opset_import)");
}

// The one input that is no initializer (before IR version 4 initializers are listed as inputs too).
Result<ValueInfo> read_input(const onnx::GraphProto& proto, const Graph& graph) {
  const onnx::ValueInfoProto* image = nullptr;
  for (const auto& input : proto.input()) {
    if (graph.initializers.contains(input.name())) continue;
    if (image != nullptr) {
      return error(ErrorCode::kUnsupported, "inputs '{}' and '{}': one image tensor expected", image->name(),
                   input.name());
    }
    image = &input;
  }
  if (image == nullptr) return error(ErrorCode::kCorrupt, "the graph has no input");
  return read_value_info(*image, "input");
}

Result<Graph> read_graph(const onnx::ModelProto& model) {
  const onnx::GraphProto& proto = model.graph();
  if (model.functions_size() > 0) return error(ErrorCode::kUnsupported, "the file defines functions of its own");
  if (proto.sparse_initializer_size() > 0) return error(ErrorCode::kUnsupported, "sparse initializers are not read");
  if (static_cast<std::size_t>(proto.node_size()) > kMaxNodes) {
    return error(ErrorCode::kLimitExceeded, "{} nodes, at most {} expected", proto.node_size(), kMaxNodes);
  }
  if (proto.output_size() != 1) {
    return error(ErrorCode::kUnsupported, "{} outputs, 1 expected (the logits)", proto.output_size());
  }
  Graph graph;
  CHECKBOX_TRY(graph.opset, read_opset(model));
  for (const auto& item : proto.initializer()) {
    CHECKBOX_TRY(Tensor tensor, read_tensor(item));
    if (!graph.initializers.emplace(item.name(), std::move(tensor)).second) {
      return error(ErrorCode::kCorrupt, "initializer '{}' twice", item.name());
    }
  }
  CHECKBOX_TRY(graph.input, read_input(proto, graph));
  CHECKBOX_TRY(graph.output, read_value_info(proto.output(0), "output"));
  graph.nodes.reserve(static_cast<std::size_t>(proto.node_size()));
  for (int i = 0; i < proto.node_size(); ++i) {
    CHECKBOX_TRY(Node node, read_node(proto.node(i), i));
    graph.nodes.push_back(std::move(node));
  }
  return graph;
}

bool parse_model(std::span<const std::uint8_t> bytes, onnx::ModelProto& model) {
  google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  stream.SetTotalBytesLimit(static_cast<int>(kMaxArtifactBytes));
  return model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

}  // namespace

Result<OnnxFile> parse_onnx(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kMaxArtifactBytes) {
    return error(ErrorCode::kLimitExceeded, "{} bytes, at most {} expected", bytes.size(), kMaxArtifactBytes);
  }
  CHECKBOX_CHECK(check_onnx_wire(bytes));
  onnx::ModelProto model;
  if (!parse_model(bytes, model)) return error(ErrorCode::kCorrupt, "not an ONNX file, or damaged");
  if (!model.has_graph()) return error(ErrorCode::kCorrupt, "not an ONNX file: it has no graph");
  OnnxFile file;
  for (const auto& entry : model.metadata_props()) {
    if (!file.properties.emplace(entry.key(), entry.value()).second) {
      return error(ErrorCode::kCorrupt, "metadata '{}' twice", entry.key());
    }
  }
  file.producer_version = model.producer_version();
  CHECKBOX_TRY(file.graph, read_graph(model));
  return file;
}

}  // namespace checkbox::runtime
