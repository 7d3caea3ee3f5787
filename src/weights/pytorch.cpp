#include "weights/pytorch.hpp"

#include <algorithm>
#include <iterator>

#include "weights/pickle_globals.hpp"
#include "weights/strided.hpp"
#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

using Kind = PickleKind;
using Ref = Pickle::Ref;

constexpr std::uint64_t kUnfoldingAllowance = std::uint64_t{4} << 20;  // bytes, for small files with expanded tensors
constexpr int kMaxWrappers = 4;                                        // a parameter around a subclass around a tensor
constexpr std::size_t kMaxMetadataEntries = 256;
constexpr std::size_t kMaxMetadataText = 1024;  // bytes
constexpr std::string_view kStateDictKeys[] = {"state_dict", "model_state_dict", "model"};

struct ElementType {
  std::string_view storage;  // global that names a storage of it
  std::string_view scalar;   // global that names the type itself
  std::optional<DType> dtype;
  std::uint64_t size;  // bytes
};

constexpr ElementType kElementTypes[] = {
    {"torch.DoubleStorage", "torch.float64", DType::kF64, 8},
    {"torch.FloatStorage", "torch.float32", DType::kF32, 4},
    {"torch.HalfStorage", "torch.float16", DType::kF16, 2},
    {"torch.BFloat16Storage", "torch.bfloat16", DType::kBF16, 2},
    {"torch.LongStorage", "torch.int64", DType::kI64, 8},
    {"torch.IntStorage", "torch.int32", DType::kI32, 4},
    {"torch.ShortStorage", "torch.int16", DType::kI16, 2},
    {"torch.CharStorage", "torch.int8", DType::kI8, 1},
    {"torch.ByteStorage", "torch.uint8", DType::kU8, 1},
    {"torch.BoolStorage", "torch.bool", DType::kBool, 1},
    {"torch.UntypedStorage", "", std::nullopt, 1},
    {"torch.storage.UntypedStorage", "", std::nullopt, 1},
    {"torch.ComplexFloatStorage", "torch.complex64", std::nullopt, 8},
    {"torch.ComplexDoubleStorage", "torch.complex128", std::nullopt, 16},
    {"torch.QUInt8Storage", "torch.quint8", std::nullopt, 1},
    {"torch.QInt8Storage", "torch.qint8", std::nullopt, 1},
    {"torch.QInt32Storage", "torch.qint32", std::nullopt, 4},
};

std::string describe(const Pickle& pickle, Ref ref) {
  const Pickle::Value& value = pickle[ref];
  switch (value.kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "a bool";
    case Kind::kInteger:
    case Kind::kLong:
      return "an integer";
    case Kind::kFloat:
      return "a float";
    case Kind::kString:
      return "a string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kList:
      return "a list";
    case Kind::kSet:
      return "a set";
    case Kind::kDict:
      return "a dict";
    case Kind::kGlobal:
      return fmt::format("the name {}", shown(value.text));
    case Kind::kCall:
    case Kind::kObject:
      return fmt::format("an object of {}", shown(pickle[value.callee].text));
    case Kind::kPersistent:
      return "a storage";
  }
  return "?";
}

std::optional<Callable> callable_of(const Pickle& pickle, Ref ref) {
  const Pickle::Value& value = pickle[ref];
  return value.kind == Kind::kGlobal ? callable_from_name(value.text) : std::nullopt;
}

bool is_mapping(const Pickle& pickle, Ref ref) {
  const Pickle::Value& value = pickle[ref];
  if (value.kind == Kind::kDict) return true;
  return (value.kind == Kind::kCall || value.kind == Kind::kObject) &&
         callable_of(pickle, value.callee) == Callable::kDict;
}

// The keys that are strings, each with the last value given to it, as in Python.
std::map<std::string_view, Ref> entries_of(const Pickle& pickle, Ref mapping) {
  std::map<std::string_view, Ref> entries;
  const auto add = [&](Ref key, Ref value) {
    if (pickle[key].kind == Kind::kString) entries[pickle[key].text] = value;
  };
  const Pickle::Value& value = pickle[mapping];
  // Python 2 wrote OrderedDict([[key, value], ...]).
  if (value.kind == Kind::kCall && !pickle[value.arguments].items.empty()) {
    const Pickle::Value& pairs = pickle[pickle[value.arguments].items[0]];
    for (const Ref pair : pairs.items) {
      if (pickle[pair].items.size() == 2) add(pickle[pair].items[0], pickle[pair].items[1]);
    }
  }
  for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) add(value.items[i], value.items[i + 1]);
  return entries;
}

// A tuple, list or torch.Size of integers.
std::optional<std::vector<std::int64_t>> integers_of(const Pickle& pickle, Ref ref) {
  const Pickle::Value* value = &pickle[ref];
  if (value->kind == Kind::kCall && callable_of(pickle, value->callee) == Callable::kTuple) {
    const auto& arguments = pickle[value->arguments].items;
    if (arguments.size() != 1) return std::nullopt;
    value = &pickle[arguments[0]];
  }
  if (value->kind != Kind::kTuple && value->kind != Kind::kList) return std::nullopt;
  if (value->items.size() > kMaxDimensions) return std::nullopt;
  std::vector<std::int64_t> integers;
  for (const Ref item : value->items) {
    if (pickle[item].kind != Kind::kInteger) return std::nullopt;
    integers.push_back(pickle[item].integer);
  }
  return integers;
}

class StateDictReader {
 public:
  StateDictReader(const Pickle& pickle, const StorageSource& storages, std::uint64_t file_bytes, std::string_view name)
      : pickle_(pickle), storages_(storages), budget_(file_bytes * kMaxUnfolding + kUnfoldingAllowance), name_(name) {}

  Result<WeightFile> read() {
    const Ref root = pickle_.root();
    if (!is_mapping(pickle_, root)) {
      return error(ErrorCode::kUnsupported,
                   "{}: holds {}, expected a state dict (a dict of tensors) or a checkpoint with one", name_,
                   describe(pickle_, root));
    }
    const auto entries = entries_of(pickle_, root);
    for (const std::string_view key : kStateDictKeys) {
      const auto found = entries.find(key);
      if (found != entries.end() && is_mapping(pickle_, found->second)) {
        WeightFile file;
        add_scalars(entries, "", file);
        const auto settings = entries.find("hyper_parameters");
        if (settings != entries.end() && is_mapping(pickle_, settings->second)) {
          add_scalars(entries_of(pickle_, settings->second), "hyper_parameters.", file);
        }
        CHECKBOX_CHECK(read_tensors(entries_of(pickle_, found->second), file.tensors));
        return file;
      }
    }
    WeightFile file;
    CHECKBOX_CHECK(read_tensors(entries, file.tensors));
    return file;
  }

 private:
  void add_scalars(const std::map<std::string_view, Ref>& entries, const std::string& prefix, WeightFile& file) const {
    for (const auto& [key, ref] : entries) {
      if (file.metadata.size() >= kMaxMetadataEntries) return;
      const Pickle::Value& value = pickle_[ref];
      if (key.size() > kMaxMetadataText || !is_utf8(key)) continue;
      std::string text;
      if (value.kind == Kind::kBool) {
        text = value.integer != 0 ? "true" : "false";
      } else if (value.kind == Kind::kInteger) {
        text = fmt::format("{}", value.integer);
      } else if (value.kind == Kind::kFloat) {
        text = fmt::format("{}", value.real);
      } else if (value.kind == Kind::kString && value.text.size() <= kMaxMetadataText && is_utf8(value.text)) {
        text = value.text;
      } else {
        continue;
      }
      file.metadata.emplace(prefix + std::string(key), std::move(text));
    }
  }

  Status read_tensors(const std::map<std::string_view, Ref>& entries, TensorMap& tensors) {
    for (const auto& [key, ref] : entries) {
      if (key.empty() || !is_utf8(key)) return error(ErrorCode::kCorrupt, "{}: a tensor without a proper name", name_);
      CHECKBOX_TRY(Tensor tensor, read_tensor(ref, fmt::format("{}: tensor \"{}\"", name_, shown(key))));
      budget_ -= tensor.bytes.size();
      tensors.emplace(key, std::move(tensor));
    }
    if (tensors.empty()) return error(ErrorCode::kNotFound, "{}: holds no tensor", name_);
    return {};
  }

  // Looks through parameters and tensor subclasses to the call that rebuilds the tensor.
  Result<Tensor> read_tensor(Ref ref, const std::string& where) {
    if (pickle_[ref].kind != Kind::kCall) return not_a_tensor(ref, where);
    Ref callee = pickle_[ref].callee, arguments = pickle_[ref].arguments;
    for (int depth = 0; depth < kMaxWrappers; ++depth) {
      const auto& items = pickle_[arguments].items;
      const auto callable = callable_of(pickle_, callee);
      if (callable == Callable::kRebuildTensor && items.size() >= 4) {
        return rebuild(items, std::nullopt, where);
      }
      if (callable == Callable::kRebuildTensorDType && items.size() >= 7) return rebuild(items, items[6], where);
      if (callable == Callable::kRebuildParameter && !items.empty()) {
        if (pickle_[items[0]].kind != Kind::kCall) return not_a_tensor(items[0], where);
        callee = pickle_[items[0]].callee;
        arguments = pickle_[items[0]].arguments;
      } else if (callable == Callable::kRebuildFromType && items.size() >= 3) {
        callee = items[0];
        arguments = items[2];
      } else {
        break;
      }
    }
    return not_a_tensor(ref, where);
  }

  Error not_a_tensor(Ref ref, const std::string& where) const {
    return error(ErrorCode::kUnsupported, "{}: is {}, expected a dense tensor", where, describe(pickle_, ref));
  }

  Result<Tensor> rebuild(const std::vector<Ref>& items, std::optional<Ref> scalar_type, const std::string& where) {
    if (pickle_[items[0]].kind != Kind::kPersistent) return error(ErrorCode::kCorrupt, "{}: has no storage", where);
    CHECKBOX_TRY(const StorageId id, parse_storage_id(pickle_, pickle_[items[0]].arguments, where));
    std::optional<DType> dtype = id.dtype;
    if (scalar_type) {
      const auto* found = std::ranges::find(kElementTypes, pickle_[*scalar_type].text, &ElementType::scalar);
      dtype = found == std::end(kElementTypes) ? std::nullopt : found->dtype;
    }
    if (!dtype) return error(ErrorCode::kUnsupported, "{}: its element type is not one we read", where);

    const Pickle::Value& offset = pickle_[items[1]];
    const auto sizes = integers_of(pickle_, items[2]), strides = integers_of(pickle_, items[3]);
    if (offset.kind != Kind::kInteger || !sizes || !strides) {
      return error(ErrorCode::kCorrupt, "{}: offset, sizes and strides are not integers", where);
    }
    CHECKBOX_TRY(std::span<const std::byte> storage, storages_(id));
    if (id.view_count) {
      const std::uint64_t stored = storage.size() / id.element_size;
      if (id.view_offset > stored || *id.view_count > stored - id.view_offset) {
        return error(ErrorCode::kCorrupt, "{}: a view beyond its storage of {} elements", where, stored);
      }
      storage = storage.subspan(id.view_offset * id.element_size, *id.view_count * id.element_size);
    }
    return copy_window(storage, *dtype, {offset.integer, *sizes, *strides}, budget_, where);
  }

  const Pickle& pickle_;
  const StorageSource& storages_;
  std::uint64_t budget_;  // bytes that tensors may still take
  std::string_view name_;
};

}  // namespace

Result<StorageId> parse_storage_id(const Pickle& pickle, Ref ref, std::string_view name) {
  const auto& items = pickle[ref].items;
  const auto is = [&](std::size_t i, Kind kind) { return pickle[items[i]].kind == kind; };
  if (items.size() < 5 || !is(0, Kind::kString) || pickle[items[0]].text != "storage" || !is(1, Kind::kGlobal) ||
      !is(2, Kind::kString) || !is(4, Kind::kInteger) || pickle[items[4]].integer < 0) {
    return error(ErrorCode::kCorrupt, "{}: a storage that is not (type, key, location, count)", name);
  }
  const auto* type = std::ranges::find(kElementTypes, pickle[items[1]].text, &ElementType::storage);
  if (type == std::end(kElementTypes)) {
    return error(ErrorCode::kUnsupported, "{}: {} is not a storage type we know", name, shown(pickle[items[1]].text));
  }
  StorageId id;
  id.key = pickle[items[2]].text;
  id.dtype = type->dtype;
  id.element_size = type->size;
  id.element_count = static_cast<std::uint64_t>(pickle[items[4]].integer);
  if (id.element_count > kMaxTensorBytes) {
    return error(ErrorCode::kLimitExceeded, "{}: a storage of {} elements, the limit is {} bytes", name,
                 id.element_count, kMaxTensorBytes);
  }
  if (items.size() > 5 && !is(5, Kind::kNone)) {
    const auto& view = pickle[items[5]].items;  // (key, offset, count)
    if (view.size() != 3 || pickle[view[1]].kind != Kind::kInteger || pickle[view[2]].kind != Kind::kInteger ||
        pickle[view[1]].integer < 0 || pickle[view[2]].integer < 0) {
      return error(ErrorCode::kCorrupt, "{}: a storage view that is not (key, offset, count)", name);
    }
    id.view_offset = static_cast<std::uint64_t>(pickle[view[1]].integer);
    id.view_count = static_cast<std::uint64_t>(pickle[view[2]].integer);
  }
  return id;
}

Result<WeightFile> weights_from_pickle(const Pickle& pickle, const StorageSource& storages, std::uint64_t file_bytes,
                                       std::string_view name) {
  return StateDictReader(pickle, storages, file_bytes, name).read();
}

}  // namespace checkbox::weights
