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

#include "common/arguments.hpp"
#include "common/default_model.hpp"
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

// CLI11 shows an empty list as the default "[]" (2.1) or "{}" (2.4).
void hide_empty_defaults(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_default_str() == "[]" || option->get_default_str() == "{}") option->default_str("");
  }
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
    const auto prepared = prepare_arguments(std::move(arguments), app);
    if (!prepared.ok()) return usage(prepared.error().message);
    try {
      std::vector<std::string> reversed(prepared->words.rbegin(), prepared->words.rend());
      app.parse(reversed);  // from the back
    } catch (const CLI::CallForHelp&) {
      fmt::print("{}", app.help());
      return kDone;
    } catch (const CLI::ExtrasError&) {
      const auto extras = app.remaining();
      return usage(fmt::format("unexpected argument '{}'", extras.empty() ? "" : extras.front()));
    } catch (const CLI::ParseError& failure) {
      return usage(failure.what() + environment_hint(failure.what(), *prepared, app));
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
