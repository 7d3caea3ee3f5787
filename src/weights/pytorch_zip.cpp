#include <set>

#include "weights/pytorch.hpp"
#include "weights/text.hpp"
#include "weights/zip.hpp"

namespace checkbox::weights {
namespace {

constexpr std::string_view kPickleRecord = "/data.pkl";
constexpr std::string_view kStorageFolder = "/data/";
constexpr std::string_view kByteOrderRecord = "/byteorder";
constexpr std::string_view kScriptRecord = "/constants.pkl";

const ZipRecord* find(const ZipArchive& archive, std::string_view folder, std::string_view record) {
  const auto found = archive.records().find(fmt::format("{}{}", folder, record));
  return found == archive.records().end() ? nullptr : &found->second;
}

// All records lie in one folder, which is named after the file as it was saved.
Result<std::string_view> find_folder(const ZipArchive& archive, std::string_view name) {
  std::optional<std::string_view> folder;
  for (const auto& [path, record] : archive.records()) {
    if (!path.ends_with(kPickleRecord)) continue;
    if (folder) return error(ErrorCode::kCorrupt, "{}: two data.pkl in the zip archive", name);
    folder = path.substr(0, path.size() - kPickleRecord.size());
  }
  if (!folder) return error(ErrorCode::kUnsupported, "{}: a zip archive without data.pkl, not torch.save's", name);
  return *folder;
}

Status check_kind(const ZipArchive& archive, std::string_view folder, std::string_view name) {
  if (find(archive, folder, kScriptRecord) != nullptr) {
    return error(ErrorCode::kUnsupported, "{}: a TorchScript program, expected torch.save of a state dict", name);
  }
  const ZipRecord* order = find(archive, folder, kByteOrderRecord);
  if (order == nullptr) return {};  // before PyTorch 2.1: little endian
  const std::string_view text(reinterpret_cast<const char*>(order->bytes.data()), order->bytes.size());
  if (text == "little") return {};
  return error(ErrorCode::kUnsupported, "{}: byte order \"{}\", expected \"little\"", name, shown(text));
}

}  // namespace

Result<WeightFile> parse_pytorch_zip(std::span<const std::uint8_t> bytes, std::string_view name) {
  CHECKBOX_TRY(const ZipArchive archive, ZipArchive::parse(bytes, name));
  CHECKBOX_TRY(const std::string_view folder, find_folder(archive, name));
  CHECKBOX_CHECK(check_kind(archive, folder, name));
  const ZipRecord& object = *find(archive, folder, kPickleRecord);
  CHECKBOX_CHECK(check_crc32(object, fmt::format("{}: data.pkl", name)));
  CHECKBOX_TRY(const Pickle pickle, Pickle::parse(object.bytes, name));

  std::set<const ZipRecord*> checked;  // many tensors may share a storage
  const auto find_storage = [&](const StorageId& id) -> Result<std::span<const std::byte>> {
    const ZipRecord* record = find(archive, folder, fmt::format("{}{}", kStorageFolder, id.key));
    const std::uint64_t expected = id.element_count * id.element_size;
    if (record == nullptr || record->bytes.size() != expected) {
      return error(ErrorCode::kCorrupt, "{}: storage \"{}\" of {} bytes expected, {}", name, shown(id.key), expected,
                   record == nullptr ? "none found" : fmt::format("{} found", record->bytes.size()));
    }
    if (checked.insert(record).second) {
      CHECKBOX_CHECK(check_crc32(*record, fmt::format("{}: storage \"{}\"", name, shown(id.key))));
    }
    return std::as_bytes(record->bytes);
  };
  return weights_from_pickle(pickle, find_storage, bytes.size(), name);
}

}  // namespace checkbox::weights
