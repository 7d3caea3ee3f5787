#include "runtime/ref/kernels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/json.hpp"
#include "tests/support/support.hpp"

namespace checkbox::runtime {
namespace {

Attribute attribute_of(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<float>();
  if (value.is_string()) return value.get<std::string>();
  return value.get<std::vector<std::int64_t>>();
}

// What the table's row for the operator computes from the case's inputs, all given as constants.
void check_case(const Json& json) {
  Node node{"judged", json["op"], {}, {"output"}, {}};
  for (const auto& [name, value] : json["attributes"].items()) node.attributes[name] = attribute_of(value);
  std::vector<weights::Tensor> tensors;
  for (const Json& input : json["inputs"]) {
    node.inputs.push_back(input.is_null() ? "" : "input" + std::to_string(node.inputs.size()));
    tensors.push_back(input.is_null() ? weights::Tensor()
                                      : weights::Tensor::from_floats(input["shape"].get<Shape>(),
                                                                     input["values"].get<std::vector<float>>()));
  }
  NodeContext context{node, 13, {}, {}};
  std::vector<const float*> pointers;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    context.inputs.push_back(tensors[i].shape);
    context.constants.push_back(context.has_input(i) ? &tensors[i] : nullptr);
    pointers.push_back(context.has_input(i) ? tensors[i].floats().data() : nullptr);
  }
  const Operator* row = find_operator(node.op_type);
  ASSERT_NE(row, nullptr);
  const auto shape = row->infer(context);
  ASSERT_TRUE(shape.ok()) << shape.error().message;
  EXPECT_EQ(*shape, json["output"]["shape"].get<Shape>());
  const auto expected = json["output"]["values"].get<std::vector<double>>();
  std::vector<float> output(expected.size(), NAN);
  row->reference(context).value()(pointers, output.data());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // One rounding to single precision of a sum kept in double.
    ASSERT_NEAR(output[i], expected[i], 1e-6 * std::max(1.0, std::abs(expected[i]))) << "value " << i;
  }
}

TEST(ReferenceKernels, GiveWhatPyTorchGives) {
  CHECKBOX_NEED_PYTHON("torch");
  const auto judge = testing::run_command("python3 " + (testing::source_dir() / "tests/judges/operators.py").string());
  ASSERT_EQ(judge.status, 0);
  const Json cases = Json::parse(judge.output);
  ASSERT_GT(cases.size(), 60u);
  for (const Json& one : cases) {
    SCOPED_TRACE(one["op"].get<std::string>() + " " + one["attributes"].dump());
    check_case(one);
  }
}

}  // namespace
}  // namespace checkbox::runtime
