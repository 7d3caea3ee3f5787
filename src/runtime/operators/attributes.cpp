#include "runtime/operators/attributes.hpp"

#include "runtime/limits.hpp"

namespace checkbox::runtime {
namespace {

// Null where the node has no such attribute.
template <class T>
Result<const T*> find(const NodeContext& context, std::string_view name, std::string_view type) {
  const auto found = context.node.attributes.find(name);
  if (found == context.node.attributes.end()) return static_cast<const T*>(nullptr);
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) return context.fail(ErrorCode::kCorrupt, "attribute '{}' should be of type {}", name, type);
  return value;
}

template <class T, class Fallback>
Result<T> find_or(const NodeContext& context, std::string_view name, std::string_view type, Fallback fallback) {
  CHECKBOX_TRY(const T* value, find<T>(context, name, type));
  return value != nullptr ? *value : T(fallback);
}

}  // namespace

Result<std::int64_t> integer_attribute(const NodeContext& context, std::string_view name, std::int64_t fallback) {
  return find_or<std::int64_t>(context, name, "INT", fallback);
}

Result<float> float_attribute(const NodeContext& context, std::string_view name, float fallback) {
  return find_or<float>(context, name, "FLOAT", fallback);
}

Result<std::string> string_attribute(const NodeContext& context, std::string_view name, std::string_view fallback) {
  return find_or<std::string>(context, name, "STRING", fallback);
}

Result<std::vector<std::int64_t>> integers_attribute(const NodeContext& context, std::string_view name,
                                                     std::size_t count, std::int64_t low, std::int64_t fallback) {
  CHECKBOX_TRY(const auto* values, find<std::vector<std::int64_t>>(context, name, "INTS"));
  if (values == nullptr) return std::vector<std::int64_t>(count, fallback);
  if (values->size() != count) {
    return context.fail(ErrorCode::kUnsupported, "attribute '{}' has {} values, {} expected (2-D images only)", name,
                        values->size(), count);
  }
  for (const std::int64_t value : *values) {
    if (value < low || value > kMaxDimension) {
      return context.fail(ErrorCode::kCorrupt, "attribute '{}' holds {}, expected {} to {}", name, value, low,
                          kMaxDimension);
    }
  }
  return *values;
}

Result<std::size_t> normal_axis(const NodeContext& context, std::int64_t axis, std::size_t rank, bool end_allowed) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis > signed_rank || (axis == signed_rank && !end_allowed)) {
    return context.fail(ErrorCode::kCorrupt, "axis {} does not fit an input of {} dimensions", axis, rank);
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

}  // namespace checkbox::runtime
