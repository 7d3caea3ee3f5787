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
  Chain& scalar(const std::string& name, float value) {
    graph_.initializers[name] = weights::Tensor::from_floats({}, std::span(&value, 1));
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

TEST(OneDnnKernels, MaxPoolGivesTheReference) {
  struct Case {
    Integers size, kernel, strides, pads, dilations;
  };
  for (const Case& c :
       {Case{{3, 15, 14}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}, Case{{17, 6, 9}, {2, 3}, {1, 2}, {0, 1, 1, 0}, {1, 1}},
        Case{{5, 9, 9}, {2, 2}, {1, 1}, {0, 0, 0, 0}, {2, 3}},
        Case{{64, 112, 112}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}}) {
    Chain chain(c.size[0], c.size[1], c.size[2]);
    chain.add("MaxPool", {"input"}, "pool",
              {{"kernel_shape", c.kernel}, {"strides", c.strides}, {"pads", c.pads}, {"dilations", c.dilations}});
    expect_equal(chain.finish("pool"), 1, fmt::format("{} channels {}x{}", c.size[0], c.size[1], c.size[2]));
  }
}

// With and without something before them that they can be fused into, and with values that are used twice.
TEST(OneDnnKernels, AddAndClipGiveTheReferenceFusedOrNot) {
  for (const std::string limit : {"Clip", "Relu", ""}) {
    for (const std::string shape : {"conv", "image", "twice", "late"}) {
      Chain chain(6, 9, 7);
      chain.constant("w", {6, 6, 3, 3}).constant("v", {6, 6, 1, 1}).constant("b", {6});
      chain.scalar("low", -0.25f).scalar("high", 0.5f);
      const Integers pads{1, 1, 1, 1};
      chain.add("Relu", {"input"}, "x");
      chain.add("Conv", {"x", "w", "b"}, "conv", {{"pads", pads}});
      if (shape == "conv") chain.add("Add", {"conv", "x"}, "sum");
      if (shape == "image") chain.add("Add", {"x", "input"}, "sum");
      if (shape == "twice") chain.add("Add", {"conv", "conv"}, "sum");
      if (shape == "late") {  // the other summand is made after the convolution
        chain.add("Conv", {"x", "v"}, "shortcut").add("Add", {"conv", "shortcut"}, "sum");
      }
      std::string last = "sum";
      if (limit == "Clip") chain.add("Clip", {"sum", "low", "high"}, last = "limited");
      if (limit == "Relu") chain.add("Relu", {"sum"}, last = "limited");
      expect_equal(chain.finish(last), 60, limit + " " + shape);
    }
  }
}

TEST(OneDnnKernels, ClipWithOneBoundGivesTheReference) {
  for (const auto& bounds : {std::vector<std::string>{"low"}, {"", "high"}, {"low", "high"}, {}}) {
    Chain chain(3, 5, 5);
    chain.constant("w", {4, 3, 1, 1}).scalar("low", -0.25f).scalar("high", 0.5f);
    chain.add("Conv", {"input", "w"}, "conv");
    std::vector<std::string> inputs{"conv"};
    inputs.insert(inputs.end(), bounds.begin(), bounds.end());
    chain.add("Clip", inputs, "limited");
    expect_equal(chain.finish("limited"), 3, fmt::format("{} bounds", bounds.size()));
  }
}

// Half of the image is one colour far from zero, in which single precision would round every pixel alike.
TEST(OneDnnKernels, FirstConvKeepsItsPrecisionOnABackground) {
  for (const Integers& pads : {Integers{0, 0, 0, 0}, Integers{1, 1, 1, 1}, Integers{0, 2, 1, 0}}) {
    Chain chain(3, 31, 30);
    chain.constant("w", {20, 3, 3, 3}).constant("b", {20});
    chain.add("Conv", {"input", "w", "b"}, "conv", {{"strides", Integers{2, 2}}, {"pads", pads}});
    const Graph graph = chain.finish("conv");
    const auto plain = Model::compile(graph, {.backend = Backend::kReference});
    const auto fast = Model::compile(graph);
    ASSERT_TRUE(plain.ok() && fast.ok());
    Rng rng(5);
    auto input = random_values(rng, static_cast<std::size_t>(fast->input_size()));
    const float colour[] = {2.2489082f, -2.0357141f, 1000.1f};
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (i % (31 * 30) < 31 * 30 / 3 * 2) input[i] = colour[i / (31 * 30)];
    }
    const auto count = static_cast<std::size_t>(fast->class_count());
    std::vector<float> expected(count), found(count);
    ASSERT_TRUE(plain->run(input, 1, expected).ok() && fast->run(input, 1, found).ok());
    std::size_t exact = 0;
    for (std::size_t i = 0; i < count; ++i) exact += expected[i] == found[i] ? 1 : 0;
    EXPECT_GT(exact, count / 2) << "of " << count;
    EXPECT_THAT(found, ::testing::Pointwise(::testing::FloatNear(27 * 1000 * 4e-7f), expected));
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
