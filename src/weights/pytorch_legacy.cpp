#include <algorithm>
#include <array>
#include <cstring>

#include "weights/pytorch.hpp"
#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

// LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c.
constexpr std::array<std::uint8_t, 12> kMagic{0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
constexpr std::size_t kMagicPosition = 2;  // after PROTO and its version
constexpr std::int64_t kProtocolVersion = 1001;

struct Storage {
  std::uint64_t element_size = 0;
  std::span<const std::byte> bytes;
};
using StorageMap = std::map<std::string_view, Storage>;

// Element sizes are known only from the persistent ids in the object's pickle.
Result<StorageMap> list_storages(const Pickle& object, std::string_view name) {
  StorageMap storages;
  for (Pickle::Ref ref = 0; ref < object.value_count(); ++ref) {
    if (object[ref].kind != PickleKind::kPersistent) continue;
    const auto& id = object[object[ref].arguments].items;
    if (!id.empty() && object[id[0]].text == "module") {
      return error(ErrorCode::kUnsupported, "{}: holds a whole module (torch.save(model)), expected its state dict",
                   name);
    }
    CHECKBOX_TRY(const StorageId storage, parse_storage_id(object, object[ref].arguments, name));
    const auto [entry, added] = storages.try_emplace(storage.key, Storage{storage.element_size, {}});
    if (!added && entry->second.element_size != storage.element_size) {
      return error(ErrorCode::kCorrupt, "{}: storage \"{}\" has two element types", name, shown(storage.key));
    }
  }
  return storages;
}

// Each storage: its element count as u64, then its elements.
Status read_storages(const Pickle& keys, std::span<const std::uint8_t> bytes, std::string_view name,
                     StorageMap& storages) {
  if (keys[keys.root()].kind != PickleKind::kList) {
    return error(ErrorCode::kCorrupt, "{}: the list of storage keys is missing", name);
  }
  for (const Pickle::Ref key : keys[keys.root()].items) {
    const auto found = storages.find(keys[key].text);
    if (keys[key].kind != PickleKind::kString || found == storages.end() || !found->second.bytes.empty()) {
      return error(ErrorCode::kCorrupt, "{}: storage key \"{}\" is given twice or used by no tensor", name,
                   shown(keys[key].text));
    }
    std::uint64_t count = 0;
    if (bytes.size() < sizeof count) return error(ErrorCode::kCorrupt, "{}: ends before its storages", name);
    std::memcpy(&count, bytes.data(), sizeof count);
    bytes = bytes.subspan(sizeof count);
    if (count > bytes.size() / found->second.element_size) {
      return error(ErrorCode::kCorrupt, "{}: storage \"{}\" of {} elements, {} bytes are left in the file", name,
                   shown(keys[key].text), count, bytes.size());
    }
    const std::size_t size = count * found->second.element_size;
    found->second.bytes = std::as_bytes(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  if (!bytes.empty()) return error(ErrorCode::kCorrupt, "{}: {} bytes after the last storage", name, bytes.size());
  return {};
}

}  // namespace

bool is_pytorch_legacy(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kMagicPosition + kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), bytes.begin() + kMagicPosition);
}

Result<WeightFile> parse_pytorch_legacy(std::span<const std::uint8_t> bytes, std::string_view name) {
  auto rest = bytes;
  const auto next_pickle = [&]() -> Result<Pickle> {
    CHECKBOX_TRY(Pickle pickle, Pickle::parse(rest, name));
    rest = rest.subspan(pickle.byte_size());
    return pickle;
  };
  CHECKBOX_TRY(const Pickle magic, next_pickle());
  CHECKBOX_TRY(const Pickle protocol, next_pickle());
  if (protocol[protocol.root()].integer != kProtocolVersion) {
    return error(ErrorCode::kUnsupported, "{}: legacy PyTorch protocol {}, expected {}", name,
                 protocol[protocol.root()].integer, kProtocolVersion);
  }
  CHECKBOX_TRY(const Pickle system, next_pickle());
  const auto& facts = system[system.root()].items;
  for (std::size_t i = 0; i + 1 < facts.size(); i += 2) {
    if (system[facts[i]].text == "little_endian" && system[facts[i + 1]].integer == 0) {
      return error(ErrorCode::kUnsupported, "{}: big-endian storages", name);
    }
  }
  CHECKBOX_TRY(const Pickle object, next_pickle());
  CHECKBOX_TRY(const Pickle keys, next_pickle());
  CHECKBOX_TRY(StorageMap storages, list_storages(object, name));
  CHECKBOX_CHECK(read_storages(keys, rest, name, storages));

  const auto find = [&](const StorageId& id) -> Result<std::span<const std::byte>> {
    const auto found = storages.find(id.key);
    const std::uint64_t expected = id.element_count * id.element_size;
    if (found == storages.end() || found->second.bytes.size() != expected) {
      return error(ErrorCode::kCorrupt, "{}: storage \"{}\" of {} bytes expected, {} found", name, shown(id.key),
                   expected, found == storages.end() ? 0 : found->second.bytes.size());
    }
    return found->second.bytes;
  };
  return weights_from_pickle(object, find, bytes.size(), name);
}

}  // namespace checkbox::weights
