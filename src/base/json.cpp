#include "base/json.hpp"

namespace checkbox {

Result<Json> parse_json(std::string_view text, std::string_view name) {
  bool too_deep = false;
  const auto limit_depth = [&too_deep](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxJsonDepth) too_deep = true;
    return !too_deep;
  };
  try {
    Json document = Json::parse(text, limit_depth);
    if (too_deep) {
      return error(ErrorCode::kLimitExceeded, "{}: JSON nested deeper than {} levels", name, kMaxJsonDepth);
    }
    return document;
  } catch (const Json::exception& failure) {
    return error(ErrorCode::kCorrupt, "{}: not valid JSON: {}", name, failure.what());
  }
}

}  // namespace checkbox
