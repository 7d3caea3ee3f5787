#include "train/run/checkpoint.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "base/files.hpp"
#include "weights/safetensors.hpp"

namespace checkbox::train {
namespace {

constexpr std::string_view kFirst = "optimizer.exp_avg.";
constexpr std::string_view kSecond = "optimizer.exp_avg_sq.";
constexpr std::string_view kStateKey = "checkbox.training";
constexpr int kFormat = 1;
constexpr std::uint64_t kMaxCheckpointBytes = std::uint64_t{4} << 30;

void add_with_prefix(weights::TensorMap& all, std::string_view prefix, const weights::TensorMap& some) {
  for (const auto& [name, tensor] : some) all.emplace(std::string(prefix) + name, tensor);
}

}  // namespace

Status save(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  weights::WeightFile file;
  file.tensors = checkpoint.weights;
  add_with_prefix(file.tensors, kFirst, checkpoint.first_moments);
  add_with_prefix(file.tensors, kSecond, checkpoint.second_moments);
  const Json state{{"format", kFormat},
                   {"optimizer_steps", checkpoint.optimizer_steps},
                   {"epoch", checkpoint.epoch},
                   {"best_epoch", checkpoint.best_epoch},
                   {"best_loss", checkpoint.best_epoch > 0 ? Json(checkpoint.best_loss) : Json()},
                   {"history", to_json(checkpoint.history)},
                   {"config", checkpoint.config}};
  file.metadata[std::string(kStateKey)] = state.dump();
  return write_file(path, weights::format_safetensors(file));
}

Result<Checkpoint> load_checkpoint(const std::filesystem::path& path) {
  const std::string name = path.string();
  CHECKBOX_TRY(const auto bytes, read_file(path, kMaxCheckpointBytes));
  CHECKBOX_TRY(auto file, weights::parse_safetensors(bytes, name));
  const auto entry = file.metadata.find(std::string(kStateKey));
  if (entry == file.metadata.end()) {
    return error(ErrorCode::kCorrupt, "{}: not a checkpoint of a training: no '{}' in its metadata", name, kStateKey);
  }
  CHECKBOX_TRY(const Json state, parse_json(entry->second, name));
  Checkpoint checkpoint;
  try {
    if (const int format = state.at("format").get<int>(); format != kFormat) {
      return error(ErrorCode::kUnsupported, "{}: checkpoint format {}, expected {}", name, format, kFormat);
    }
    checkpoint.optimizer_steps = state.at("optimizer_steps").get<std::int64_t>();
    checkpoint.epoch = state.at("epoch").get<int>();
    checkpoint.best_epoch = state.at("best_epoch").get<int>();
    if (checkpoint.best_epoch > 0) checkpoint.best_loss = state.at("best_loss").get<double>();
    checkpoint.config = state.at("config");
    CHECKBOX_TRY(checkpoint.history, history_from_json(state.at("history"), name));
  } catch (const Json::exception& failure) {
    return error(ErrorCode::kCorrupt, "{}: the training state is damaged: {}", name, failure.what());
  }
  for (auto& [key, tensor] : file.tensors) {
    if (key.starts_with(kFirst)) {
      checkpoint.first_moments.emplace(key.substr(kFirst.size()), std::move(tensor));
    } else if (key.starts_with(kSecond)) {
      checkpoint.second_moments.emplace(key.substr(kSecond.size()), std::move(tensor));
    } else {
      checkpoint.weights.emplace(key, std::move(tensor));
    }
  }
  return checkpoint;
}

}  // namespace checkbox::train
