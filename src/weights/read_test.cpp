// Files that PyTorch itself has just written, against the bytes that it says are in them.
#include "weights/read.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/support/support.hpp"

namespace checkbox::weights {
namespace {

using checkbox::testing::run_command;
using checkbox::testing::shared_dir;
using checkbox::testing::source_dir;
using checkbox::testing::TempDir;
using ::testing::HasSubstr;

std::string hex(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

void expect_tensors(const TensorMap& found, const Json& expected) {
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected.items()) {
    ASSERT_TRUE(found.contains(name)) << name;
    const Tensor& read = found.at(name);
    EXPECT_EQ(name_of(read.dtype), tensor["dtype"].get<std::string>()) << name;
    EXPECT_EQ(read.shape, tensor["shape"].get<std::vector<std::int64_t>>()) << name;
    EXPECT_EQ(hex(read.bytes), tensor["hex"].get<std::string>()) << name;
  }
}

void expect_lightning_scalars(const std::filesystem::path& path) {
  const auto file = read_weights(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->metadata.at("epoch"), "7");
  EXPECT_EQ(file->metadata.at("pytorch-lightning_version"), "1.6.3");
  EXPECT_EQ(file->metadata.at("hyper_parameters.lr"), "0.00093");
  EXPECT_EQ(file->metadata.at("hyper_parameters.shuffle"), "true");
}

// One test for all, because starting PyTorch is what takes the time.
TEST(PyTorchsOwnFiles, GiveTheSameTensorsInEveryFormatOrSayWhyNot) {
  CHECKBOX_NEED_PYTHON("torch");
  const TempDir dir;
  const auto script = source_dir() / "tests/judges/make_weights.py";
  const auto made = run_command("python3 '" + script.string() + "' '" + dir.path().string() + "' 2>&1");
  ASSERT_EQ(made.status, 0) << made.output;
  const Json expected = parse_json(read_text(dir.path() / "expected.json").value(), "expected.json").value();
  EXPECT_GE(expected.size(), 12u);
  for (const auto& [file, tensors] : expected.items()) {
    SCOPED_TRACE(file);
    const auto found = read_weights(dir.path() / file);
    ASSERT_TRUE(found.ok()) << found.error().message;
    expect_tensors(found->tensors, tensors);
  }
  expect_lightning_scalars(dir.path() / "lightning.ckpt");
  expect_lightning_scalars(dir.path() / "lightning_legacy.ckpt");
  EXPECT_THAT(read_weights(dir.path() / "script.pt").error().message, HasSubstr("TorchScript"));
  EXPECT_THAT(read_weights(dir.path() / "whole_module.pth").error().message, HasSubstr("Sequential"));
  EXPECT_THAT(read_weights(dir.path() / "whole_module_legacy.pth").error().message, HasSubstr("whole module"));
}

TEST(ReferenceCheckpoints, AreRead) {
  CHECKBOX_NEED_SHARED();
  const auto baseline = read_weights(shared_dir() / "reference/parity/baseline.ckpt");
  ASSERT_TRUE(baseline.ok()) << baseline.error().message;
  EXPECT_EQ(baseline->tensors.size(), 27u);
  EXPECT_EQ(baseline->tensors.at("encoder.0.weight").shape, (std::vector<std::int64_t>{20, 3, 3, 3}));
  EXPECT_EQ(baseline->metadata.at("global_step"), "273");
  const auto mobilenet = read_weights(shared_dir() / "reference/parity/mobilenet.ckpt");
  ASSERT_TRUE(mobilenet.ok()) << mobilenet.error().message;
  EXPECT_EQ(mobilenet->tensors.size(), 321u);
}

}  // namespace
}  // namespace checkbox::weights
