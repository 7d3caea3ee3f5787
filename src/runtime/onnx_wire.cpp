#include "runtime/onnx_wire.hpp"

#include <optional>

#include "runtime/limits.hpp"

namespace checkbox::runtime {
namespace {

// Field numbers of onnx.proto.
constexpr std::uint64_t kModelGraph = 7;
constexpr std::uint64_t kGraphInitializer = 5;
constexpr std::uint64_t kTensorFloatData = 4;
constexpr std::uint64_t kTensorRawData = 9;

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

struct Field {
  std::uint64_t number;
  std::uint64_t type;
  std::span<const std::uint8_t> content;  // of a kLength field
};

class Fields {
 public:
  Fields(std::span<const std::uint8_t> whole, std::span<const std::uint8_t> message) : whole_(whole), rest_(message) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  Result<Field> next() {
    const std::size_t start = offset();
    const auto tag = varint();
    if (!tag) return cut_off(start);
    Field field{*tag >> 3, *tag & 7, {}};
    std::uint64_t length = 0;
    switch (field.type) {
      case kVarint:
        if (!varint()) return cut_off(start);
        return field;
      case kFixed64:
        length = 8;
        break;
      case kFixed32:
        length = 4;
        break;
      case kLength: {
        const auto found = varint();
        if (!found) return cut_off(start);
        length = *found;
        break;
      }
      default:
        return error(ErrorCode::kCorrupt, "not an ONNX file: byte {} starts no protobuf field", start);
    }
    if (length > rest_.size()) return cut_off(start);
    field.content = rest_.first(length);
    rest_ = rest_.subspan(length);
    return field;
  }

 private:
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(rest_.data() - whole_.data()); }

  [[nodiscard]] Error cut_off(std::size_t start) const {
    return error(ErrorCode::kCorrupt, "truncated: the field at byte {} runs past the end of its message ({} bytes)",
                 start, whole_.size());
  }

  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
      value |= std::uint64_t{rest_[i] & 0x7fu} << (7 * i);
      if ((rest_[i] & 0x80) == 0) {
        rest_ = rest_.subspan(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  std::span<const std::uint8_t> whole_;
  std::span<const std::uint8_t> rest_;
};

// Calls visit(field) for each field of the message; stops at its first error.
template <class Visit>
Status for_each(std::span<const std::uint8_t> whole, std::span<const std::uint8_t> message, Visit visit) {
  for (Fields fields(whole, message); !fields.done();) {
    CHECKBOX_TRY(const Field field, fields.next());
    CHECKBOX_CHECK(visit(field));
  }
  return {};
}

}  // namespace

Status check_onnx_wire(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return error(ErrorCode::kCorrupt, "the file is empty");
  std::uint64_t data_bytes = 0;
  const auto in_tensor = [&](const Field& field) -> Status {
    const bool bulk = field.number == kTensorRawData || field.number == kTensorFloatData;
    if (bulk && field.type == kLength) data_bytes += field.content.size();
    return {};
  };
  const auto in_graph = [&](const Field& field) -> Status {
    if (field.number != kGraphInitializer || field.type != kLength) return {};
    return for_each(bytes, field.content, in_tensor);
  };
  const auto in_model = [&](const Field& field) -> Status {
    if (field.number != kModelGraph || field.type != kLength) return {};
    return for_each(bytes, field.content, in_graph);
  };
  CHECKBOX_CHECK(for_each(bytes, bytes, in_model));
  if (bytes.size() - data_bytes > kMaxStructureBytes) {
    return error(ErrorCode::kLimitExceeded, "{} bytes besides the tensors' data, at most {} expected",
                 bytes.size() - data_bytes, kMaxStructureBytes);
  }
  return {};
}

}  // namespace checkbox::runtime
