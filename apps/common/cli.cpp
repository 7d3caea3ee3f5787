#include "common/cli.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>

#include "common/default_model.hpp"
#include "common/suggest.hpp"
#include "common/text.hpp"

namespace checkbox::cli {
namespace {

constexpr const char* kProgram = "checkbox";

// Line feeds are ours, everything else may come from a file name.
std::string printable_lines(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t end = text.find('\n');
    result += printable(text.substr(0, end));
    if (end == std::string_view::npos) return result;
    result += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string_view prefix) {
  const auto found = nearest(word, candidates);
  return found ? fmt::format("; did you mean {}{}?", prefix, *found) : std::string();
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

// Underscores of option names to dashes, values untouched. An option that is not known is an error: its message.
std::optional<std::string> normalise(std::vector<std::string>& arguments, const CLI::App& app) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string& token = arguments[i];
    if (token == "--") return std::nullopt;
    if (token.size() < 2 || token[0] != '-') continue;
    const CLI::Option* option = nullptr;
    bool has_value = false;
    if (token[1] == '-') {
      const std::size_t end = std::min(token.find('='), token.size());
      std::replace(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
      option = app.get_option_no_throw(token.substr(0, end));
      has_value = end < token.size();
      if (option == nullptr) {
        return fmt::format("unknown option '{}'{}", token.substr(0, end),
                           did_you_mean(token.substr(2, end - 2), long_names(app), "--"));
      }
    } else {
      option = app.get_option_no_throw(token.substr(0, 2));
      has_value = token.size() > 2;
      if (option == nullptr) {
        return fmt::format("unknown option '{}'{}", token, did_you_mean(token.substr(1), long_names(app), "--"));
      }
    }
    if (!has_value) i += static_cast<std::size_t>(std::max(option->get_items_expected_min(), 0));
  }
  return std::nullopt;
}

// CLI11 shows an empty list as the default "[]".
void hide_empty_defaults(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_default_str() == "[]") option->default_str("");
  }
}

std::string environment_name(const std::string& option) {
  std::string name = "CHECKBOX_" + option;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

void bind_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr() && !option->get_lnames().empty()) {
      option->envname(environment_name(option->get_lnames().front()));
    }
  }
}

// " (from the environment variable ...)" where the message is about an option that was set so.
std::string environment_hint(std::string_view message, const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_envname().empty() || std::getenv(option->get_envname().c_str()) == nullptr) continue;
    const std::string name = "--" + option->get_lnames().front();
    const auto is_this = [&](const std::string& word) { return word == name || word.starts_with(name + "="); };
    if (message.find(name) != std::string_view::npos && std::none_of(arguments.begin(), arguments.end(), is_this)) {
      return fmt::format(" (from the environment variable {})", option->get_envname());
    }
  }
  return "";
}

// Only returns where the program could not be started; then with the reason.
Error start(const Verb& verb, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {verb.executable, verb.name});
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const auto folder = own_executable().parent_path();
  const std::filesystem::path candidates[] = {folder / verb.executable,
                                              folder.parent_path() / "libexec" / "checkbox" / verb.executable};
  for (const auto& candidate : candidates) {
    ::execv(candidate.c_str(), argv.data());
    if (errno != ENOENT && errno != ENOTDIR) {
      return error(ErrorCode::kIo, "{}: cannot start {}: {}", verb.name, candidate.string(),
                   std::generic_category().message(errno));
    }
  }
  ::execvp(verb.executable.c_str(), argv.data());
  return error(ErrorCode::kNotFound, "{}: {} is neither beside {}, nor in {}, nor in PATH\n{}", verb.name,
               verb.executable, own_executable().string(), candidates[1].parent_path().string(), verb.examples);
}

// What was written to stdout must have arrived: a full disk behind a redirection is a failure.
int flushed(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  print_error(fmt::format("cannot write to standard output: {}", std::generic_category().message(errno)));
  return status == kDone ? kFailed : status;
}

}  // namespace

Verb external_verb(std::string name, std::string group, std::string summary, std::string executable,
                   std::string missing_hint) {
  Verb verb;
  verb.name = std::move(name);
  verb.group = std::move(group);
  verb.summary = std::move(summary);
  verb.executable = std::move(executable);
  verb.examples = std::move(missing_hint);
  return verb;
}

Program::Program(std::string summary, std::string examples)
    : summary_(std::move(summary)), examples_(std::move(examples)) {}

void Program::add(Verb verb) {
  verbs_.push_back(std::move(verb));
}

std::string Program::help() const {
  std::string text = fmt::format("{}: {}\n\nUsage: {} <command> [options]\n", kProgram, summary_, kProgram);
  std::vector<std::string> groups;
  for (const auto& verb : verbs_) {
    if (std::find(groups.begin(), groups.end(), verb.group) == groups.end()) groups.push_back(verb.group);
  }
  for (const auto& group : groups) {
    text += fmt::format("\n{}:\n", group);
    for (const auto& verb : verbs_) {
      if (verb.group == group) text += fmt::format("  {:<10} {}\n", verb.name, verb.summary);
    }
  }
  text +=
      fmt::format("\nExamples:\n{}\n\n'{} <command> --help' explains a command, '{} --version' tells the version.\n",
                  examples_, kProgram, kProgram);
  return text;
}

int Program::run(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (arguments.empty()) {
    fmt::print(stderr, "{}", help());
    return kUsage;
  }
  std::string first = arguments.front();
  arguments.erase(arguments.begin());
  if (first == "--version" || first == "-V") {
    fmt::print("{} {}\n", kProgram, version());
    return flushed(kDone);
  }
  if (first == "help" && !arguments.empty()) {
    first = arguments.front();
    arguments = {"--help"};
  }
  if (first == "--help" || first == "-h" || first == "help") {
    fmt::print("{}", help());
    return flushed(kDone);
  }
  for (const auto& verb : verbs_) {
    if (verb.name == first) return flushed(run_verb(verb, std::move(arguments)));
  }
  if (first.starts_with("-")) {
    return usage_error(fmt::format("unknown option '{}': the command comes first, as in '{} {} --help'", first,
                                   kProgram, verbs_.empty() ? "predict" : verbs_.front().name));
  }
  std::vector<std::string> names;
  for (const auto& verb : verbs_) names.push_back(verb.name);
  return usage_error(fmt::format("unknown command '{}'{}", first, did_you_mean(first, names, "")));
}

int Program::run_verb(const Verb& verb, std::vector<std::string> arguments) {
  if (!verb.executable.empty()) {
    print_error(start(verb, std::move(arguments)).message);
    return kFailed;
  }
  const std::string title = fmt::format("{} {}", kProgram, verb.name);
  const auto usage = [&](std::string_view message) {
    return usage_error(fmt::format("{}: {}\nSee '{} --help'.", verb.name, message, title));
  };
  try {
    CLI::App app(verb.summary, title);
    app.option_defaults()->always_capture_default();
    verb.declare(app);
    if (!verb.examples.empty()) app.footer("Examples:\n" + verb.examples);
    hide_empty_defaults(app);
    if (verb.environment) bind_environment(app);
    if (const auto unknown = normalise(arguments, app)) return usage(*unknown);
    const std::vector<std::string> given = arguments;
    try {
      std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
      app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      fmt::print("{}", app.help());
      return kDone;
    } catch (const CLI::ExtrasError&) {
      const auto extras = app.remaining();
      return usage(fmt::format("unexpected argument '{}'", extras.empty() ? "" : extras.front()));
    } catch (const CLI::ParseError& failure) {
      return usage(failure.what() + environment_hint(failure.what(), app, given));
    }
    const auto status = verb.run();
    if (status.ok()) return *status;
    print_error(status.error().message);
  } catch (const std::bad_alloc&) {
    print_error(fmt::format("{}: out of memory", verb.name));
  } catch (const std::exception& failure) {
    print_error(fmt::format("{}: internal error: {}", verb.name, failure.what()));
  }
  return kFailed;
}

std::string_view version() {
  return CHECKBOX_VERSION;
}

void print_error(std::string_view message) {
  std::fflush(stdout);
  fmt::print(stderr, "{}: error: {}\n", kProgram, printable_lines(message));
}

void print_warning(std::string_view message) {
  std::fflush(stdout);
  fmt::print(stderr, "{}: warning: {}\n", kProgram, printable_lines(message));
}

int usage_error(std::string_view message) {
  print_error(message);
  return kUsage;
}

}  // namespace checkbox::cli
