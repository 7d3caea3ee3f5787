#include "train/run/history.hpp"

#include <iterator>

namespace checkbox::train {
namespace {

constexpr std::size_t kColumns = 9;

}  // namespace

std::string to_csv(const History& history) {
  std::string text = "epoch,train_loss,train_acc,train_f1,valid_loss,valid_acc,valid_f1,lr,seconds\n";
  for (const EpochRecord& row : history) {
    fmt::format_to(std::back_inserter(text), "{},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f},{},{:.3f}\n", row.epoch,
                   row.train.loss, row.train.accuracy, row.train.weighted_f1, row.valid.loss, row.valid.accuracy,
                   row.valid.weighted_f1, row.learning_rate, row.seconds);
  }
  return text;
}

Json to_json(const History& history) {
  Json rows = Json::array();
  for (const EpochRecord& row : history) {
    rows.push_back({row.epoch, row.train.loss, row.train.accuracy, row.train.weighted_f1, row.valid.loss,
                    row.valid.accuracy, row.valid.weighted_f1, row.learning_rate, row.seconds});
  }
  return rows;
}

Result<History> history_from_json(const Json& document, std::string_view name) {
  History history;
  try {
    for (const Json& row : document) {
      if (row.size() != kColumns) {
        return error(ErrorCode::kCorrupt, "{}: an epoch has {} values, expected {}", name, row.size(), kColumns);
      }
      history.push_back({.epoch = row[0].get<int>(),
                         .train = {row[1].get<double>(), row[2].get<double>(), row[3].get<double>()},
                         .valid = {row[4].get<double>(), row[5].get<double>(), row[6].get<double>()},
                         .learning_rate = row[7].get<double>(),
                         .seconds = row[8].get<double>()});
    }
  } catch (const Json::exception& failure) {
    return error(ErrorCode::kCorrupt, "{}: the history of epochs is damaged: {}", name, failure.what());
  }
  return history;
}

}  // namespace checkbox::train
