// `checkbox predict`: images to states, in the order they were asked for, on all processors.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "checkbox/classify.hpp"
#include "checkbox/commands.hpp"
#include "checkbox/inputs.hpp"
#include "checkbox/rows.hpp"
#include "common/ordered.hpp"
#include "common/output.hpp"

namespace checkbox {
namespace {

const std::map<std::string, RowFormat> kFormats{{"table", RowFormat::kTable},
                                                {"json", RowFormat::kJson},
                                                {"jsonl", RowFormat::kJsonLines},
                                                {"csv", RowFormat::kCsv}};

struct Options {
  std::vector<std::string> inputs;
  std::string model;
  std::string format = "table";
  std::string output;
  int threads = 1;
  bool null_separated = false;
  bool quiet = false;
};

struct Outcome {
  std::uint64_t images = 0;
  std::uint64_t failed = 0;
  Status written;
};

Outcome classify_all(const Options& options, const Classifier& classifier, cli::Output& output) {
  RowWriter rows(kFormats.at(options.format), classifier.labels());
  Inputs inputs(options.inputs, stdin, options.null_separated ? '\0' : '\n');
  const bool results_on_terminal = output.is_stdout() && ::isatty(STDOUT_FILENO) == 1;
  Progress progress("predict", 0, options.quiet || results_on_terminal);
  Outcome outcome;
  const auto write = [&](const std::string& text) {
    if (outcome.written.ok() && !text.empty()) outcome.written = output.write(text);
    return outcome.written.ok();
  };
  if (!write(rows.begin())) return outcome;

  using Loop = cli::Ordered<Inputs::Item, Row>;
  Loop::Steps steps;
  steps.next = [&] { return inputs.next(); };
  steps.work = [&](const Inputs::Item& item) {
    if (item.problem.empty()) return classify(classifier, item.path);
    Row row;
    row.file = item.path;
    row.error = item.problem;
    return row;
  };
  steps.emit = [&](Row row) {
    ++outcome.images;
    if (!row.prediction) ++outcome.failed;
    progress.update(outcome.images, fmt::format("{} images", outcome.images));
    return write(rows.row(std::move(row)));
  };
  Loop::run(options.threads, std::move(steps));
  write(rows.end());
  if (::isatty(STDERR_FILENO) == 1) progress.finish(fmt::format("{} images", outcome.images));
  return outcome;
}

Result<int> predict(const Options& options) {
  if (options.inputs.empty()) return cli::usage_error("predict: nothing to classify: name files, folders or -");
  CHECKBOX_TRY(const Classifier classifier, load_classifier(options.model));
  CHECKBOX_TRY(auto output, cli::Output::open(options.output));
  Outcome outcome = classify_all(options, classifier, output);
  CHECKBOX_CHECK(std::move(outcome.written));
  CHECKBOX_CHECK(output.finish());
  if (outcome.failed == 0) return cli::kDone;
  cli::print_error(fmt::format("predict: {} of {} inputs failed", outcome.failed, outcome.images));
  return cli::kFailed;
}

void declare(CLI::App& app, Options& options) {
  app.add_option("inputs", options.inputs,
                 "Image files, folders (searched below), quoted patterns such as 'a/**/*.png', "
                 "or - for a list of paths on stdin")
      ->type_name("FILE");
  app.add_option("--model", options.model, "Artifact to classify with")
      ->type_name("FILE.onnx")
      ->envname("CHECKBOX_MODEL")
      ->default_str("the shipped models/default.onnx");
  app.add_option("--format", options.format, "How the results are written")
      ->check(CLI::IsMember({"table", "json", "jsonl", "csv"}))
      ->type_name("FORMAT");
  app.add_option("--output", options.output, "Write here instead of stdout; the file appears when complete")
      ->type_name("FILE");
  add_threads_option(app, options.threads);
  app.add_flag("-0,--null", options.null_separated, "Paths on stdin end in NUL (as find -print0 writes them)");
  app.add_flag("--quiet", options.quiet, "No progress on stderr");
}

}  // namespace

cli::Verb predict_verb() {
  const auto options = std::make_shared<Options>();
  cli::Verb verb;
  verb.name = "predict";
  verb.group = "Classify";
  verb.summary = "images to states: files, folders, patterns or a list on stdin";
  verb.examples =
      "  checkbox predict form.png screenshots/\n"
      "  checkbox predict 'crops/**/*.png' --format csv --output states.csv\n"
      "  find . -name '*.png' -print0 | checkbox predict -0 - --format jsonl\n\n"
      "Exit status: 0 all classified, 1 some failed (each has an error row), 2 wrong usage.";
  verb.declare = [options](CLI::App& app) { declare(app, *options); };
  verb.run = [options] { return predict(*options); };
  return verb;
}

}  // namespace checkbox
