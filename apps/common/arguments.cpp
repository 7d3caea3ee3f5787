#include "common/arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "common/suggest.hpp"

namespace checkbox::cli {
namespace {

using Options = std::set<const CLI::Option*>;

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

std::string environment_name(const std::string& option) {
  std::string name = "CHECKBOX_" + option;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

Error unknown_option(const std::string& shown, const std::string& name, const CLI::App& app) {
  return error(ErrorCode::kInvalidArgument, "unknown option '{}'{}", shown, did_you_mean(name, long_names(app), "--"));
}

// Mends the words in place and returns the options that they give.
Result<Options> normalise(std::vector<std::string>& words, const CLI::App& app) {
  Options given;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string& word = words[i];
    if (word == "--") break;
    if (word.size() < 2 || word[0] != '-') continue;
    const bool is_long = word[1] == '-';
    const std::size_t end = is_long ? std::min(word.find('='), word.size()) : 2;
    if (is_long) std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
    const CLI::Option* option = app.get_option_no_throw(word.substr(0, end));
    if (option == nullptr) {
      return is_long ? unknown_option(word.substr(0, end), word.substr(2, end - 2), app)
                     : unknown_option(word, word.substr(1), app);
    }
    given.insert(option);
    const bool has_value = end < word.size();
    if (!has_value) i += static_cast<std::size_t>(std::max(option->get_items_expected_min(), 0));
  }
  return given;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string_view prefix) {
  const auto found = nearest(word, candidates);
  return found ? fmt::format("; did you mean {}{}?", prefix, *found) : std::string();
}

void bind_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr() && !option->get_lnames().empty()) {
      option->envname(environment_name(option->get_lnames().front()));
    }
  }
}

Result<Arguments> prepare_arguments(std::vector<std::string> words, const CLI::App& app) {
  CHECKBOX_TRY(const Options given, normalise(words, app));
  Arguments arguments;
  for (const CLI::Option* option : app.get_options()) {
    const std::string variable = option->get_envname();
    const char* value = variable.empty() || given.contains(option) ? nullptr : std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') continue;
    arguments.words.push_back(fmt::format("--{}={}", option->get_lnames().front(), value));
    arguments.variables.push_back(variable);
  }
  arguments.words.insert(arguments.words.end(), words.begin(), words.end());
  return arguments;
}

std::string environment_hint(std::string_view message, const Arguments& arguments, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const auto& set = arguments.variables;
    if (std::find(set.begin(), set.end(), option->get_envname()) == set.end()) continue;
    if (message.find("--" + option->get_lnames().front()) == std::string_view::npos) continue;
    return fmt::format(" (from the environment variable {})", option->get_envname());
  }
  return "";
}

}  // namespace checkbox::cli
