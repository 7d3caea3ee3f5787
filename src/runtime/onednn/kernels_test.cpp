// Every fast kernel against the plain one, over odd shapes, through graphs of a node or two.
#include "runtime/onednn/kernels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <new>

#include "runtime/model.hpp"
#include "tests/support/networks.hpp"

namespace checkbox::runtime {
namespace {

using testing::random_tensor;
using testing::random_values;
using Integers = std::vector<std::int64_t>;

// Adds nodes one after another; finish() flattens the last value into [N, everything].
class Chain {
 public:
  Chain(std::int64_t channels, std::int64_t height, std::int64_t width) {
    graph_.input = {"input", {kDynamic, channels, height, width}};
  }
  Chain& add(const std::string& op, std::vector<std::string> inputs, const std::string& output,
             std::map<std::string, Attribute, std::less<>> attributes = {}) {
    graph_.nodes.push_back({output, op, std::move(inputs), {output}, std::move(attributes)});
    return *this;
  }
  Chain& constant(const std::string& name, Integers shape) {
    graph_.initializers[name] = random_tensor(rng_, std::move(shape));
    return *this;
  }
  Graph finish(const std::string& last) {
    add("Flatten", {last}, "logits");
    graph_.output = {"logits", {}};
    return graph_;
  }

 private:
  Rng rng_{23};
  Graph graph_;
};

// `reduction`: how many products a value sums, for the bound of its rounding error.
void expect_equal(const Graph& graph, std::int64_t reduction, const std::string& label) {
  SCOPED_TRACE(label);
  auto plain = Model::compile(graph, {.backend = Backend::kReference});
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  for (const int threads : {1, 2}) {
    auto fast = Model::compile(graph, {.threads = threads});
    ASSERT_TRUE(fast.ok()) << fast.error().message;
    for (const std::int64_t batch : {1, 3, 32}) {
      Rng rng(static_cast<std::uint64_t>(batch));
      const auto input = random_values(rng, static_cast<std::size_t>(batch * fast->input_size()));
      const auto count = static_cast<std::size_t>(batch * fast->class_count());
      std::vector<float> expected(count, NAN);
      std::vector<float> found(count, NAN);
      ASSERT_TRUE(plain->run(input, batch, expected).ok());
      ASSERT_TRUE(fast->run(input, batch, found).ok());
      const float tolerance = 4e-7f * static_cast<float>(reduction);
      ASSERT_THAT(found, ::testing::Pointwise(::testing::FloatNear(tolerance), expected))
          << threads << " threads, batch " << batch;
    }
  }
}

struct ConvCase {
  std::int64_t channels, height, width, outputs;
  Integers kernel{3, 3}, strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1};
  std::int64_t groups = 1;
};

const ConvCase kConvCases[] = {
    {.channels = 3, .height = 23, .width = 17, .outputs = 20, .strides = {2, 2}},
    {.channels = 20, .height = 11, .width = 12, .outputs = 33, .strides = {2, 2}},
    {.channels = 1, .height = 5, .width = 5, .outputs = 1},
    {.channels = 16, .height = 9, .width = 9, .outputs = 16, .pads = {1, 1, 1, 1}},
    {.channels = 7, .height = 8, .width = 3, .outputs = 5, .pads = {0, 2, 1, 0}},
    {.channels = 12, .height = 10, .width = 10, .outputs = 12, .pads = {1, 1, 1, 1}, .groups = 12},
    {.channels = 33, .height = 7, .width = 7, .outputs = 33, .strides = {2, 1}, .pads = {1, 1, 1, 1}, .groups = 33},
    {.channels = 12, .height = 6, .width = 9, .outputs = 8, .groups = 4},
    {.channels = 9, .height = 6, .width = 6, .outputs = 6, .kernel = {1, 1}, .groups = 3},
    {.channels = 24, .height = 1, .width = 1, .outputs = 10, .kernel = {1, 1}},
    {.channels = 5, .height = 14, .width = 13, .outputs = 6, .kernel = {5, 2}, .strides = {3, 2}, .dilations = {2, 3}},
    {.channels = 4, .height = 4, .width = 4, .outputs = 3, .kernel = {4, 4}},
    {.channels = 2, .height = 3, .width = 3, .outputs = 2, .kernel = {1, 1}, .pads = {2, 0, 3, 1}},
};

TEST(OneDnnKernels, ConvGivesTheReference) {
  for (const ConvCase& c : kConvCases) {
    for (const bool relu : {false, true}) {
      for (const bool bias : {false, true}) {
        Chain chain(c.channels, c.height, c.width);
        chain.constant("w", {c.outputs, c.channels / c.groups, c.kernel[0], c.kernel[1]});
        if (bias) chain.constant("b", {c.outputs});
        chain.add("Conv", bias ? std::vector<std::string>{"input", "w", "b"} : std::vector<std::string>{"input", "w"},
                  "conv", {{"strides", c.strides}, {"pads", c.pads}, {"dilations", c.dilations}, {"group", c.groups}});
        if (relu) chain.add("Relu", {"conv"}, "relu");
        expect_equal(chain.finish(relu ? "relu" : "conv"), c.channels / c.groups * c.kernel[0] * c.kernel[1],
                     fmt::format("{} channels {}x{}, {} filters, {} groups, relu {}, bias {}", c.channels, c.height,
                                 c.width, c.outputs, c.groups, relu, bias));
      }
    }
  }
}

TEST(OneDnnKernels, ConvWhoseOutputIsUsedTwiceKeepsItsNegatives) {
  Chain chain(3, 9, 9);
  chain.constant("w", {4, 3, 3, 3}).add("Conv", {"input", "w"}, "conv").add("Relu", {"conv"}, "relu");
  chain.add("Concat", {"conv", "relu"}, "both", {{"axis", std::int64_t{1}}});
  expect_equal(chain.finish("both"), 27, "conv and relu of it");
}

TEST(OneDnnKernels, GlobalPoolsGiveTheReference) {
  for (const Integers& size : {Integers{3, 7, 9}, Integers{17, 1, 1}, Integers{1, 4, 4}, Integers{200, 27, 27}}) {
    for (const char* op : {"GlobalMaxPool", "GlobalAveragePool"}) {
      Chain chain(size[0], size[1], size[2]);
      chain.add(op, {"input"}, "pool");
      expect_equal(chain.finish("pool"), 3, fmt::format("{} {}x{}x{}", op, size[0], size[1], size[2]));
    }
  }
}

TEST(OneDnnKernels, ConcatGivesTheReference) {
  for (const std::int64_t axis : {1, 2, 3, -1}) {
    Chain chain(3, 4, 5);
    chain.add("Relu", {"input"}, "relu").add("Concat", {"input", "relu", "input"}, "all", {{"axis", axis}});
    expect_equal(chain.finish("all"), 1, fmt::format("axis {}", axis));
  }
  Chain flat(3, 4, 5);
  flat.add("Flatten", {"input"}, "a").add("Relu", {"a"}, "b");
  flat.add("Concat", {"a", "b"}, "all", {{"axis", std::int64_t{1}}});
  expect_equal(flat.finish("all"), 1, "two dimensions");
}

TEST(OneDnnKernels, FlattenOfChannelsLastIsInOnnxOrder) {
  Chain chain(3, 6, 5);
  chain.constant("w", {4, 3, 2, 2}).constant("g", {4 * 5 * 4, 7});
  chain.add("Conv", {"input", "w"}, "conv").add("Flatten", {"conv"}, "flat").add("Gemm", {"flat", "g"}, "gemm");
  expect_equal(chain.finish("gemm"), 80 * 12, "conv, flatten, gemm");
}

TEST(OneDnnKernels, GemmGivesTheReference) {
  for (const std::int64_t columns : {1, 3, 100}) {
    for (const std::int64_t transposed : {0, 1}) {
      for (const Integers& bias : {Integers{}, Integers{columns}, Integers{1, columns}, Integers{1}}) {
        Chain chain(400, 1, 1);
        chain.constant("w", transposed != 0 ? Integers{columns, 400} : Integers{400, columns});
        chain.add("Flatten", {"input"}, "flat");
        std::vector<std::string> inputs{"flat", "w"};
        if (!bias.empty()) chain.constant("c", bias), inputs.push_back("c");
        chain.add("Gemm", inputs, "gemm", {{"transB", transposed}, {"alpha", 0.5f}, {"beta", -2.0f}});
        chain.add("Relu", {"gemm"}, "relu");
        expect_equal(chain.finish("relu"), 400, fmt::format("{} columns, transB {}", columns, transposed));
      }
    }
  }
}

// Names that would collide with ones made up inside.
TEST(OneDnnKernels, ValueNamesDoNotCollideWithScratch) {
  Chain chain(3, 5, 5);
  chain.add("Relu", {"input"}, "pool.row_sums").add("GlobalAveragePool", {"input"}, "pool");
  chain.add("GlobalMaxPool", {"pool.row_sums"}, "max");
  chain.add("Concat", {"pool", "max"}, "both", {{"axis", std::int64_t{1}}});
  expect_equal(chain.finish("both"), 3, "names");
}

}  // namespace
}  // namespace checkbox::runtime
