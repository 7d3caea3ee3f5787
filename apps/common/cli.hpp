// The command framework that `checkbox` and `checkbox-train` share: verbs, options, help, errors, exit statuses.
// Each verb lives in its own cmd_<verb>.cpp and is handed over as a cli::Verb; options are declared with CLI11, only
// for the verb that was asked for. One thread; prints to stdout and stderr, which nothing below apps/ does.
//
// Options are spelled with dashes; --batch_size is taken for --batch-size.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace checkbox::cli {

// Exit statuses. kFailed also where only some of the inputs failed.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

struct Verb {
  std::string name;      // "predict"
  std::string group;     // heading in `checkbox --help`: "Classify", "Train", "Data"
  std::string summary;   // one line, no full stop
  std::string examples;  // lines shown below the options of `checkbox <verb> --help`
  // Every option of the verb can also be set by CHECKBOX_<OPTION>: --batch-size by CHECKBOX_BATCH_SIZE.
  bool environment = false;
  // Adds the verb's options, whose targets must live as long as the Verb (a shared_ptr that both lambdas hold).
  std::function<void(CLI::App&)> declare;
  // Returns the exit status. An Error is printed as "checkbox: error: <message>" and gives kFailed; for a wrong value
  // or combination of options found here, return usage_error(...).
  std::function<Result<int>()> run;
  // Instead of declare and run: the executable that has this verb; it is started with the same arguments.
  std::string executable;
};

// A verb that another executable carries out, found beside this one, in ../libexec/checkbox, then in PATH.
// `missing_hint` says what to do where it cannot be found.
[[nodiscard]] Verb external_verb(std::string name, std::string group, std::string summary, std::string executable,
                                 std::string missing_hint);

class Program {
 public:
  // `examples`: lines shown below the verbs in `checkbox --help`.
  Program(std::string summary, std::string examples);

  // Shown in the order in which they are added, under their groups.
  void add(Verb verb);

  // Parses, runs, and returns the exit status.
  [[nodiscard]] int run(int argc, char** argv);

 private:
  [[nodiscard]] std::string help() const;
  [[nodiscard]] int run_verb(const Verb& verb, std::vector<std::string> arguments);

  std::string summary_;
  std::string examples_;
  std::vector<Verb> verbs_;
};

// "0.1.0"
[[nodiscard]] std::string_view version();

// "checkbox: error: <message>" on stderr; control characters in the message are escaped, but for line feeds.
void print_error(std::string_view message);
void print_warning(std::string_view message);
// Prints the error and returns kUsage.
[[nodiscard]] int usage_error(std::string_view message);

}  // namespace checkbox::cli
