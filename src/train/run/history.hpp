// What was measured epoch by epoch: kept in the checkpoint and written out as metrics.csv. Plain values.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace checkbox::train {

struct Scores {
  double loss = 0;  // mean cross entropy
  double accuracy = 0;
  double weighted_f1 = 0;
};

struct EpochRecord {
  int epoch = 0;  // from 1
  Scores train;   // over the augmented batches, while the weights changed
  Scores valid;
  double learning_rate = 0;
  double seconds = 0;  // training and validation
};

using History = std::vector<EpochRecord>;

// epoch,train_loss,train_acc,train_f1,valid_loss,valid_acc,valid_f1,lr,seconds
[[nodiscard]] std::string to_csv(const History& history);
[[nodiscard]] Json to_json(const History& history);
// kCorrupt; `name` opens the message.
[[nodiscard]] Result<History> history_from_json(const Json& document, std::string_view name);

}  // namespace checkbox::train
