#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include "runtime/limits.hpp"
#include "runtime/onnx_file.hpp"

namespace checkbox::runtime {
namespace {

constexpr std::int64_t kIrVersion = 7;  // that of opset 13; readers refuse versions newer than theirs
constexpr const char* kProducer = "checkbox-classifier";
constexpr const char* kBatchName = "batch";

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang before 17 does not deduce this

Status write_tensor(std::string_view name, const weights::Tensor& tensor, onnx::TensorProto& proto) {
  switch (tensor.dtype) {
    case weights::DType::kF32:
      proto.set_data_type(onnx::TensorProto::FLOAT);
      break;
    case weights::DType::kI64:
      proto.set_data_type(onnx::TensorProto::INT64);
      break;
    default:
      return error(ErrorCode::kInvalidArgument, "tensor '{}' is {}, F32 or I64 expected", name, name_of(tensor.dtype));
  }
  proto.set_name(std::string(name));
  for (const std::int64_t dimension : tensor.shape) proto.add_dims(dimension);
  proto.set_raw_data(tensor.bytes.data(), tensor.bytes.size());
  return {};
}

Status write_attribute(const std::string& name, const Attribute& value, onnx::AttributeProto& proto) {
  using Proto = onnx::AttributeProto;
  proto.set_name(name);
  return std::visit(Overloaded{[&](std::int64_t integer) -> Status {
                                 proto.set_type(Proto::INT);
                                 proto.set_i(integer);
                                 return {};
                               },
                               [&](float number) -> Status {
                                 proto.set_type(Proto::FLOAT);
                                 proto.set_f(number);
                                 return {};
                               },
                               [&](const std::string& text) -> Status {
                                 proto.set_type(Proto::STRING);
                                 proto.set_s(text);
                                 return {};
                               },
                               [&](const std::vector<std::int64_t>& integers) -> Status {
                                 proto.set_type(Proto::INTS);
                                 for (const std::int64_t integer : integers) proto.add_ints(integer);
                                 return {};
                               },
                               [&](const std::vector<float>& numbers) -> Status {
                                 proto.set_type(Proto::FLOATS);
                                 for (const float number : numbers) proto.add_floats(number);
                                 return {};
                               },
                               [&](const weights::Tensor& tensor) -> Status {
                                 proto.set_type(Proto::TENSOR);
                                 return write_tensor(name, tensor, *proto.mutable_t());
                               }},
                    value);
}

Status write_node(const Node& node, onnx::NodeProto& proto) {
  proto.set_name(node.name);
  proto.set_op_type(node.op_type);
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const auto& [name, value] : node.attributes) {
    CHECKBOX_CHECK(write_attribute(name, value, *proto.add_attribute()));
  }
  return {};
}

void write_value_info(const ValueInfo& value, onnx::ValueInfoProto& proto) {
  proto.set_name(value.name);
  auto& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : value.shape) {
    auto& dimension = *type.mutable_shape()->add_dim();
    if (extent == kDynamic) {
      dimension.set_dim_param(kBatchName);
    } else {
      dimension.set_dim_value(extent);
    }
  }
}

Result<std::vector<std::uint8_t>> serialize(const onnx::ModelProto& model) {
  const std::size_t size = model.ByteSizeLong();
  if (size > kMaxArtifactBytes) {
    return error(ErrorCode::kLimitExceeded, "the model takes {} bytes, at most {} expected", size, kMaxArtifactBytes);
  }
  std::vector<std::uint8_t> bytes(size);
  google::protobuf::io::ArrayOutputStream array(bytes.data(), static_cast<int>(size));
  google::protobuf::io::CodedOutputStream stream(&array);
  stream.SetSerializationDeterministic(true);
  if (!model.SerializeToCodedStream(&stream)) return error(ErrorCode::kInternal, "protobuf could not serialise");
  return bytes;
}

}  // namespace

Result<std::vector<std::uint8_t>> format_onnx(const OnnxFile& file) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name(kProducer);
  model.set_producer_version(file.producer_version);
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(file.graph.opset);

  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("classifier");
  for (const Node& node : file.graph.nodes) CHECKBOX_CHECK(write_node(node, *graph.add_node()));
  for (const auto& [name, tensor] : file.graph.initializers) {
    CHECKBOX_CHECK(write_tensor(name, tensor, *graph.add_initializer()));
  }
  write_value_info(file.graph.input, *graph.add_input());
  write_value_info(file.graph.output, *graph.add_output());
  for (const auto& [key, value] : file.properties) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  return serialize(model);
}

}  // namespace checkbox::runtime
