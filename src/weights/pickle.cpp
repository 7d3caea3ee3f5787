#include "weights/pickle.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "weights/pickle_globals.hpp"
#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

// Python's pickletools.py describes each.
enum Opcode : std::uint8_t {
  kMark = '(',
  kEmptyTuple = ')',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDuplicate = '2',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNoneValue = 'N',
  kBinPersistentId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobalName = 'c',
  kMakeDict = 'd',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kMakeList = 'l',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kMakeTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProtocol = 0x80,
  kNewObject = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjectEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

constexpr std::uint8_t kMinProtocol = 2;
constexpr std::uint8_t kMaxProtocol = 5;
constexpr std::size_t kMaxMemo = kMaxPickleOpcodes;
constexpr std::size_t kMaxGlobalName = 256;  // bytes of module and name each
constexpr Pickle::Ref kUnset = UINT32_MAX;

}  // namespace

// The stack machine. Its first failure is kept in failure_ and ends the run; after it, helpers return harmless values.
class PickleMachine {
 public:
  PickleMachine(std::span<const std::uint8_t> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  Result<Pickle> run() {
    for (std::size_t count = 0; !stopped_; ++count) {
      if (count == kMaxPickleOpcodes) {
        return error(ErrorCode::kLimitExceeded, "{}: pickle of more than {} opcodes", name_, kMaxPickleOpcodes);
      }
      start_ = position_;
      const auto opcode = read_little_endian(1);
      if (!failure_) step(static_cast<std::uint8_t>(opcode));
      if (failure_) return *std::move(failure_);
    }
    pickle_.byte_size_ = position_;
    return std::move(pickle_);
  }

 private:
  using Ref = Pickle::Ref;
  using Value = Pickle::Value;
  using Kind = PickleKind;

  template <class... Args>
  void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    if (failure_) return;
    failure_ = error(code, "{}: pickle, byte {}: {}", name_, start_, fmt::format(format, std::forward<Args>(args)...));
  }
  void corrupt(std::string_view what) { fail(ErrorCode::kCorrupt, "{}", what); }

  std::string_view read_text(std::uint64_t size) {
    if (size > kMaxPickleString) {
      fail(ErrorCode::kLimitExceeded, "{} bytes in one value, the limit is {}", size, kMaxPickleString);
      return {};
    }
    if (size > bytes_.size() - position_) {
      corrupt("the data ends within a value");
      return {};
    }
    const auto* text = reinterpret_cast<const char*>(bytes_.data() + position_);
    position_ += size;
    return {text, static_cast<std::size_t>(size)};
  }
  std::uint64_t read_little_endian(std::size_t size) {
    std::uint64_t value = 0;
    const auto text = read_text(size);
    if (!text.empty()) std::memcpy(&value, text.data(), size);
    return value;
  }
  std::string_view read_counted(std::size_t size_of_count) { return read_text(read_little_endian(size_of_count)); }
  std::string_view read_line() {
    const auto rest = bytes_.subspan(position_, std::min(bytes_.size() - position_, kMaxGlobalName + 1));
    const auto end = std::find(rest.begin(), rest.end(), std::uint8_t{'\n'});
    if (end == rest.end()) {
      corrupt("a name without an end");
      return {};
    }
    const auto line = read_text(static_cast<std::uint64_t>(end - rest.begin()));
    ++position_;
    return line;
  }
  double read_big_endian_double() {
    const auto text = read_text(8);
    std::uint64_t bits = 0;
    for (const char c : text) bits = bits << 8 | static_cast<std::uint8_t>(c);
    return std::bit_cast<double>(bits);
  }

  void push(Value value) {
    stack_.push_back(static_cast<Ref>(pickle_.values_.size()));
    pickle_.values_.push_back(std::move(value));
  }
  void push_kind(Kind kind) { push({.kind = kind}); }
  void push_integer(std::int64_t value) { push({.kind = Kind::kInteger, .integer = value}); }
  void push_text(Kind kind, std::string_view text) { push({.kind = kind, .text = text}); }
  void push_items(Kind kind, std::vector<Ref> items) { push({.kind = kind, .items = std::move(items)}); }

  // Values above the last mark (all of them where there is none), which is what an opcode may take.
  [[nodiscard]] std::size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  Ref pop() {
    if (available() == 0) {
      corrupt("a value is missing on the stack");
      push_kind(Kind::kNone);
    }
    const Ref ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  std::vector<Ref> pop_many(std::size_t count) {
    if (available() < count) {
      corrupt("values are missing on the stack");
      return {};
    }
    std::vector<Ref> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) {
      corrupt("a mark is missing on the stack");
      return {};
    }
    std::vector<Ref> items = pop_many(available());
    marks_.pop_back();
    return items;
  }
  Value& top() {
    if (available() == 0) {
      corrupt("a value is missing on the stack");
      push_kind(Kind::kNone);
    }
    return pickle_.values_[stack_.back()];
  }

  void put(std::uint64_t index) {
    if (index >= kMaxMemo) return fail(ErrorCode::kLimitExceeded, "memo index {}, the limit is {}", index, kMaxMemo);
    if (index >= memo_.size()) memo_.resize(index + 1, kUnset);
    static_cast<void>(top());
    memo_[index] = stack_.back();
    memo_size_ = std::max(memo_size_, index + 1);
  }
  void get(std::uint64_t index) {
    if (index >= memo_.size() || memo_[index] == kUnset) return fail(ErrorCode::kCorrupt, "no memo {}", index);
    stack_.push_back(memo_[index]);
  }

  void push_long(std::string_view text) {
    if (text.size() > sizeof(std::int64_t)) return push_text(Kind::kLong, text);
    const bool negative = !text.empty() && static_cast<std::uint8_t>(text.back()) >= 0x80;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    if (!text.empty()) std::memcpy(&value, text.data(), text.size());
    push_integer(static_cast<std::int64_t>(value));
  }
  void push_global(std::string_view module, std::string_view attribute) {
    if (module.size() > kMaxGlobalName || attribute.size() > kMaxGlobalName) {
      return fail(ErrorCode::kLimitExceeded, "a global's name longer than {} bytes", kMaxGlobalName);
    }
    push_text(Kind::kGlobal, pickle_.names_.emplace_back(fmt::format("{}.{}", module, attribute)));
  }
  void stack_global() {
    const auto names = pop_many(2);
    if (names.empty()) return;
    const Value &module = pickle_[names[0]], &attribute = pickle_[names[1]];
    if (module.kind != Kind::kString || attribute.kind != Kind::kString) return corrupt("a global without a name");
    push_global(module.text, attribute.text);
  }

  void append(const std::vector<Ref>& items, bool to_set) {
    Value& target = top();
    const bool fits = target.kind == (to_set ? Kind::kSet : Kind::kList) || target.kind == Kind::kCall ||
                      target.kind == Kind::kObject;
    if (!fits) return corrupt("appends to something that is not a list or set");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void set_items(const std::vector<Ref>& items) {
    Value& target = top();
    const bool fits = target.kind == Kind::kDict || target.kind == Kind::kCall || target.kind == Kind::kObject;
    if (!fits || items.size() % 2 != 0) return corrupt("sets items of something that is not a dict, or without a key");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void make_dict() {
    auto items = pop_to_mark();
    if (items.size() % 2 != 0) return corrupt("a dict key without a value");
    push_items(Kind::kDict, std::move(items));
  }

  void reduce() {
    const Ref arguments = pop(), callee = pop();
    if (failure_) return;
    if (pickle_[callee].kind != Kind::kGlobal) {
      return fail(ErrorCode::kUnsupported, "calls something that is not a named function");
    }
    if (!callable_from_name(pickle_[callee].text)) {
      return fail(ErrorCode::kUnsupported, "calls {}, which is not among the functions a weight file may name",
                  shown(pickle_[callee].text));
    }
    push_made(Kind::kCall, callee, arguments);
  }
  void new_object(bool with_keywords) {
    if (with_keywords) static_cast<void>(pop());
    const Ref arguments = pop(), callee = pop();
    if (failure_) return;
    // Legacy files name the classes of whole modules by persistent id.
    const bool named = pickle_[callee].kind == Kind::kGlobal || pickle_[callee].kind == Kind::kPersistent;
    if (!named) return corrupt("an object without a class");
    push_made(Kind::kObject, callee, arguments);
  }
  void push_made(Kind kind, Ref callee, Ref arguments) {
    if (pickle_[arguments].kind != Kind::kTuple) return corrupt("arguments are not a tuple");
    push({.kind = kind, .callee = callee, .arguments = arguments});
  }
  void build() {
    const Ref state = pop();
    Value& target = top();
    if (target.kind != Kind::kCall && target.kind != Kind::kObject) return corrupt("gives a state to a plain value");
    target.state = state;
  }

  void stop() {
    pickle_.root_ = pop();
    if (!stack_.empty() || !marks_.empty()) corrupt("values are left on the stack at the end");
    stopped_ = true;
  }
  void set_protocol(std::uint64_t version) {
    if (version < kMinProtocol || version > kMaxProtocol) {
      fail(ErrorCode::kUnsupported, "protocol {}, expected {} to {}", version, kMinProtocol, kMaxProtocol);
    }
  }

  void step(std::uint8_t opcode);

  std::span<const std::uint8_t> bytes_;
  std::string_view name_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;  // of the current opcode
  std::vector<Ref> stack_;
  std::vector<std::size_t> marks_;  // heights of stack_
  std::vector<Ref> memo_;
  std::uint64_t memo_size_ = 0;
  Pickle pickle_;
  std::optional<Error> failure_;
  bool stopped_ = false;
};

void PickleMachine::step(std::uint8_t opcode) {
  switch (opcode) {
    case kProtocol:
      return set_protocol(read_little_endian(1));
    case kFrame:  // a hint for readers of streams
      return static_cast<void>(read_little_endian(8));
    case kStop:
      return stop();

    case kNoneValue:
      return push_kind(Kind::kNone);
    case kNewTrue:
    case kNewFalse:
      return push({.kind = Kind::kBool, .integer = opcode == kNewTrue});
    case kBinInt1:
      return push_integer(static_cast<std::int64_t>(read_little_endian(1)));
    case kBinInt2:
      return push_integer(static_cast<std::int64_t>(read_little_endian(2)));
    case kBinInt:
      return push_integer(static_cast<std::int32_t>(read_little_endian(4)));
    case kLong1:
      return push_long(read_counted(1));
    case kLong4:
      return push_long(read_counted(4));
    case kBinFloat:
      return push({.kind = Kind::kFloat, .real = read_big_endian_double()});
    case kShortBinString:
    case kShortBinUnicode:
      return push_text(Kind::kString, read_counted(1));
    case kBinString:
    case kBinUnicode:
      return push_text(Kind::kString, read_counted(4));
    case kBinUnicode8:
      return push_text(Kind::kString, read_counted(8));
    case kShortBinBytes:
      return push_text(Kind::kBytes, read_counted(1));
    case kBinBytes:
      return push_text(Kind::kBytes, read_counted(4));
    case kBinBytes8:
    case kByteArray8:
      return push_text(Kind::kBytes, read_counted(8));

    case kEmptyTuple:
      return push_kind(Kind::kTuple);
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return push_items(Kind::kTuple, pop_many(std::size_t{1} + opcode - kTuple1));
    case kMakeTuple:
      return push_items(Kind::kTuple, pop_to_mark());
    case kEmptyList:
      return push_kind(Kind::kList);
    case kMakeList:
      return push_items(Kind::kList, pop_to_mark());
    case kEmptySet:
      return push_kind(Kind::kSet);
    case kFrozenSet:
      return push_items(Kind::kSet, pop_to_mark());
    case kEmptyDict:
      return push_kind(Kind::kDict);
    case kMakeDict:
      return make_dict();
    case kAppend:
      return append(pop_many(1), false);
    case kAppends:
      return append(pop_to_mark(), false);
    case kAddItems:
      return append(pop_to_mark(), true);
    case kSetItem:
      return set_items(pop_many(2));
    case kSetItems:
      return set_items(pop_to_mark());

    case kMark:
      return marks_.push_back(stack_.size());
    case kPop:
      if (available() == 0 && !marks_.empty()) return marks_.pop_back();
      return static_cast<void>(pop());
    case kPopMark:
      return static_cast<void>(pop_to_mark());
    case kDuplicate:
      static_cast<void>(top());
      return stack_.push_back(stack_.back());
    case kBinPut:
      return put(read_little_endian(1));
    case kLongBinPut:
      return put(read_little_endian(4));
    case kMemoize:
      return put(memo_size_);
    case kBinGet:
      return get(read_little_endian(1));
    case kLongBinGet:
      return get(read_little_endian(4));

    case kGlobalName: {
      const auto module = read_line(), attribute = read_line();
      return push_global(module, attribute);
    }
    case kStackGlobal:
      return stack_global();
    case kReduce:
      return reduce();
    case kNewObject:
      return new_object(false);
    case kNewObjectEx:
      return new_object(true);
    case kBuild:
      return build();
    case kBinPersistentId:
      return push({.kind = Kind::kPersistent, .arguments = pop()});
    default:
      return fail(ErrorCode::kUnsupported, "opcode 0x{:02x} is not among those that torch.save writes", opcode);
  }
}

Result<Pickle> Pickle::parse(std::span<const std::uint8_t> bytes, std::string_view name) {
  return PickleMachine(bytes, name).run();
}

}  // namespace checkbox::weights
