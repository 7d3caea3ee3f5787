#include "checkbox/classify.hpp"

#include <CLI/CLI.hpp>
#include <chrono>

#include "base/threads.hpp"
#include "common/default_model.hpp"

namespace checkbox {
namespace {

constexpr int kMaxThreads = 1024;

}  // namespace

CLI::Option* add_threads_option(CLI::App& app, int& threads) {
  threads = available_cpus();
  return app.add_option("--threads", threads, "Images at the same time")
      ->check(CLI::Range(1, kMaxThreads))
      ->type_name("N")
      ->default_str("all processors");
}

Result<Classifier> load_classifier(const std::string& model) {
  if (!model.empty()) return Classifier::load(model);
  CHECKBOX_TRY(const auto path, cli::default_model());
  return Classifier::load(path.string());
}

Row classify(const Classifier& classifier, const std::string& path) {
  using Clock = std::chrono::steady_clock;
  Row row;
  row.file = path;
  const auto start = Clock::now();
  auto prediction = classifier.classify_file(path);
  row.elapsed_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  if (prediction.ok()) {
    row.prediction = std::move(*prediction);
  } else {
    row.error = prediction.error().message;
    if (row.error.starts_with(path + ": ")) row.error.erase(0, path.size() + 2);
  }
  return row;
}

}  // namespace checkbox
