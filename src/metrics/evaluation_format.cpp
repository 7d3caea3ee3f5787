#include <fmt/format.h>

#include <algorithm>

#include "metrics/evaluation.hpp"

namespace checkbox::metrics {
namespace {

OrderedJson pair_of(const Interval& interval) {
  return OrderedJson::array({interval.low, interval.high});
}

// The longest of the labels and `least`, in bytes.
std::size_t label_width(const Evaluation& evaluation, std::size_t least) {
  for (const ClassScore& score : evaluation.per_class) least = std::max(least, score.label.size());
  return least;
}

}  // namespace

OrderedJson to_json(const Evaluation& evaluation) {
  OrderedJson document;
  document["samples"] = evaluation.samples;
  document["accuracy"] = evaluation.accuracy;
  document["accuracy_interval"] = pair_of(evaluation.accuracy_interval);
  document["weighted_f1"] = evaluation.weighted_f1;
  document["weighted_f1_interval"] = pair_of(evaluation.weighted_f1_interval);
  document["macro_f1"] = evaluation.macro_f1;
  document["macro_f1_interval"] = pair_of(evaluation.macro_f1_interval);
  document["loss"] = evaluation.loss;
  document["loss_interval"] = pair_of(evaluation.loss_interval);
  document["ece"] = evaluation.ece;
  document["ece_interval"] = pair_of(evaluation.ece_interval);
  OrderedJson& per_class = document["per_class"] = OrderedJson::object();
  OrderedJson labels = OrderedJson::array();
  for (const ClassScore& score : evaluation.per_class) {
    per_class[score.label] = {
        {"precision", score.precision}, {"recall", score.recall}, {"f1", score.f1}, {"support", score.support}};
    labels.push_back(score.label);
  }
  document["labels"] = std::move(labels);
  document["confusion_matrix"] = evaluation.confusion_matrix;
  return document;
}

std::string to_table(const Evaluation& evaluation) {
  std::string text = fmt::format("{} images\n\n", evaluation.samples);
  const auto line = [&text](std::string_view name, double value, const Interval& interval) {
    text += fmt::format("{:<12} {:7.4f}  [{:.4f}, {:.4f}]\n", name, value, interval.low, interval.high);
  };
  text += fmt::format("{:<12} {:>7}  {}\n", "", "value", "95 % interval");
  line("accuracy", evaluation.accuracy, evaluation.accuracy_interval);
  line("weighted F1", evaluation.weighted_f1, evaluation.weighted_f1_interval);
  line("macro F1", evaluation.macro_f1, evaluation.macro_f1_interval);
  line("loss", evaluation.loss, evaluation.loss_interval);
  line("ECE", evaluation.ece, evaluation.ece_interval);

  const std::size_t width = label_width(evaluation, 12);
  text += fmt::format("\n{:<{}} {:>9} {:>9} {:>9} {:>9}\n", "class", width, "precision", "recall", "F1", "support");
  for (const ClassScore& score : evaluation.per_class) {
    text += fmt::format("{:<{}} {:9.4f} {:9.4f} {:9.4f} {:9}\n", score.label, width, score.precision, score.recall,
                        score.f1, score.support);
  }
  text += fmt::format("\n{:<{}} predicted as\n{:<{}}", "truth", width, "", width);
  const std::size_t column = label_width(evaluation, 9);
  for (const ClassScore& score : evaluation.per_class) text += fmt::format(" {:>{}}", score.label, column);
  text += '\n';
  for (std::size_t truth = 0; truth < evaluation.confusion_matrix.size(); ++truth) {
    text += fmt::format("{:<{}}", evaluation.per_class[truth].label, width);
    for (const std::int64_t count : evaluation.confusion_matrix[truth]) text += fmt::format(" {:>{}}", count, column);
    text += '\n';
  }
  return text;
}

}  // namespace checkbox::metrics
