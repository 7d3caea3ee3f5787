// Python's pickle format read as plain data: a flat tree of numbers, strings, containers and *names* of Python objects.
// Nothing is imported, looked up or called: a call (opcode REDUCE) is kept as the name and its arguments, and only if
// the name is on a closed list (pickle_globals.hpp). Opcodes are those that torch.save writes, in protocols 2 to 5.
// No recursion, neither here nor in destruction; memory and time are bounded by the opcode limit. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace checkbox::weights {

inline constexpr std::size_t kMaxPickleOpcodes = std::size_t{1} << 21;  // a ResNet-50 with Adam's state takes 2^16
inline constexpr std::size_t kMaxPickleString = std::size_t{16} << 20;  // bytes

enum class PickleKind : std::uint8_t {
  kNone,
  kBool,        // integer
  kInteger,     // integer
  kLong,        // text: little-endian two's complement of more than 8 bytes
  kFloat,       // real
  kString,      // text, not checked to be UTF-8
  kBytes,       // text
  kTuple,       // items
  kList,        // items
  kSet,         // items
  kDict,        // items: key, value, key, value ...
  kGlobal,      // text: "module.name"
  kCall,        // callee(arguments): a function of the closed list, not called
  kObject,      // an instance of class `callee` made from `arguments`, not made
  kPersistent,  // arguments: the persistent id
};

class Pickle {
 public:
  using Ref = std::uint32_t;  // a value; the same value reached twice has the same Ref

  struct Value {
    PickleKind kind = PickleKind::kNone;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text = {};   // points into the parsed bytes, but for kGlobal's, which the Pickle owns
    std::vector<Ref> items = {};  // also what was appended to, or set in, a kCall or kObject
    Ref callee = 0;
    Ref arguments = 0;
    std::optional<Ref> state = {};  // what BUILD gave
  };

  // Reads one pickle at the start of `bytes`, which must outlive the result. `name` opens error messages.
  // kUnsupported names the opcode or global that is not on its list, kCorrupt the byte, kLimitExceeded the limit.
  [[nodiscard]] static Result<Pickle> parse(std::span<const std::uint8_t> bytes, std::string_view name);

  [[nodiscard]] const Value& operator[](Ref ref) const { return values_[ref]; }
  [[nodiscard]] std::size_t value_count() const { return values_.size(); }
  [[nodiscard]] Ref root() const { return root_; }
  [[nodiscard]] std::size_t byte_size() const { return byte_size_; }  // of the pickle, STOP included

 private:
  friend class PickleMachine;
  std::vector<Value> values_;
  std::deque<std::string> names_;  // a deque: what `text` points to must not move
  Ref root_ = 0;
  std::size_t byte_size_ = 0;
};

}  // namespace checkbox::weights
