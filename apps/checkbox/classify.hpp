// What `predict` and `evaluate` share: the --model and --threads options and one image to one row.
#pragma once

#include <checkbox/classifier.hpp>
#include <string>

#include "base/result.hpp"
#include "checkbox/rows.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace checkbox {

// --threads: images at the same time, from 1 up; all processors by default.
CLI::Option* add_threads_option(CLI::App& app, int& threads);

// Each image runs on one thread: many at once use all of them. An error names the artifact.
[[nodiscard]] Result<Classifier> load_classifier(const std::string& model);

// Never fails: the row holds the prediction or the error, which does not repeat the file's name.
[[nodiscard]] Row classify(const Classifier& classifier, const std::string& path);

}  // namespace checkbox
