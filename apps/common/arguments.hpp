// From what the user gave (command line, environment) to what CLI11 parses. CLI11 alone would take --batch_size for
// unknown, suggest nothing, and (2.4) pass over a wrong value in the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace checkbox::cli {

// CHECKBOX_BATCH_SIZE for each long option of the app.
void bind_environment(CLI::App& app);

struct Arguments {
  std::vector<std::string> words;      // for CLI11: options in their declared spelling, then the positionals
  std::vector<std::string> variables;  // of the environment, whose values stand among the words
};

// Underscores in option names become dashes, values and everything after "--" stay as they are. An option whose
// variable is set, and that the command line does not give, is added. kInvalidArgument for an unknown option, with the
// nearest known one.
[[nodiscard]] Result<Arguments> prepare_arguments(std::vector<std::string> words, const CLI::App& app);

// What the message of a CLI11 error is about: " (from the environment variable CHECKBOX_LR)", or nothing.
[[nodiscard]] std::string environment_hint(std::string_view message, const Arguments& arguments, const CLI::App& app);

// "; did you mean --model?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                                       std::string_view prefix);

}  // namespace checkbox::cli
