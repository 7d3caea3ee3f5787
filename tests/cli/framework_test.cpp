// The command framework with verbs of the test's own: environment variables, values, failures.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "common/cli.hpp"

namespace checkbox::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Values {
  int batch_size = 8;
  double lr = 0.00093;
  bool force = false;
  std::string model = "baseline";
  std::optional<std::string> json;
  std::vector<std::string> files;
};

class Framework : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"CHECKBOX_BATCH_SIZE", "CHECKBOX_FORCE", "CHECKBOX_LR"}) ::unsetenv(name);
  }

  // Runs `checkbox work <arguments>`; what came in is in values_, what was printed in err_.
  int run(
      std::vector<std::string> arguments, std::function<Result<int>()> body = [] { return Result<int>(kDone); }) {
    values_ = Values();
    Verb verb;
    verb.name = "work";
    verb.group = "Group";
    verb.summary = "does the work";
    verb.environment = true;
    verb.declare = [this](CLI::App& app) {
      app.add_option("--batch-size", values_.batch_size)->check(CLI::Range(1, 1024));
      app.add_option("--lr", values_.lr);
      app.add_flag("--force", values_.force);
      app.add_option("--model,-m", values_.model);
      app.add_option("--json", values_.json)->expected(0, 1);
      app.add_option("files", values_.files);
    };
    verb.run = std::move(body);
    Program program("a test", "  none");
    program.add(std::move(verb));
    arguments.insert(arguments.begin(), {"checkbox", "work"});
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    ::testing::internal::CaptureStderr();
    const int status = program.run(static_cast<int>(argv.size()), argv.data());
    err_ = ::testing::internal::GetCapturedStderr();
    return status;
  }

  Values values_;
  std::string err_;
};

TEST_F(Framework, TakesDashesAndUnderscoresAlike) {
  EXPECT_EQ(run({"--batch_size", "32"}), kDone) << err_;
  EXPECT_EQ(values_.batch_size, 32);
  EXPECT_EQ(run({"--batch-size=16"}), kDone) << err_;
  EXPECT_EQ(values_.batch_size, 16);
}

TEST_F(Framework, LeavesValuesAlone) {
  EXPECT_EQ(run({"--model", "--my_model", "a_b", "--json=c_d", "--", "--e_f"}), kDone) << err_;
  EXPECT_EQ(values_.model, "--my_model");
  EXPECT_EQ(values_.json, "c_d");
  EXPECT_THAT(values_.files, ElementsAre("a_b", "--e_f"));
}

TEST_F(Framework, ReadsTheEnvironmentWhereTheCommandLineIsSilent) {
  ::setenv("CHECKBOX_BATCH_SIZE", "64", 1);
  ::setenv("CHECKBOX_FORCE", "true", 1);
  EXPECT_EQ(run({}), kDone) << err_;
  EXPECT_EQ(values_.batch_size, 64);
  EXPECT_TRUE(values_.force);
  EXPECT_EQ(run({"--batch-size", "2"}), kDone) << err_;
  EXPECT_EQ(values_.batch_size, 2);
}

TEST_F(Framework, NamesTheVariableWhoseValueIsWrong) {
  ::setenv("CHECKBOX_BATCH_SIZE", "many", 1);
  EXPECT_EQ(run({}), kUsage);
  EXPECT_THAT(err_, HasSubstr("--batch-size: "));
  EXPECT_THAT(err_, HasSubstr("(from the environment variable CHECKBOX_BATCH_SIZE)"));
  EXPECT_EQ(run({"--batch-size", "0"}), kUsage);
  EXPECT_THAT(err_, ::testing::Not(HasSubstr("environment")));
}

TEST_F(Framework, RefusesAnOptionGivenTwice) {
  EXPECT_EQ(run({"--lr", "1", "--lr", "2"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("--lr: "));
}

TEST_F(Framework, TurnsErrorsAndExceptionsIntoAFailure) {
  EXPECT_EQ(run({}, [] { return Result<int>(error(ErrorCode::kIo, "disk \x1b gone")); }), kFailed);
  EXPECT_EQ(err_, "checkbox: error: disk \\x1b gone\n");
  EXPECT_EQ(run({}, []() -> Result<int> { throw std::runtime_error("surprise"); }), kFailed);
  EXPECT_EQ(err_, "checkbox: error: work: internal error: surprise\n");
  EXPECT_EQ(run({}, []() -> Result<int> { throw std::bad_alloc(); }), kFailed);
  EXPECT_EQ(err_, "checkbox: error: work: out of memory\n");
  EXPECT_EQ(run({}, [] { return Result<int>(usage_error("--lr: too high")); }), kUsage);
}

}  // namespace
}  // namespace checkbox::cli
