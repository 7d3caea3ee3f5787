#include "weights/read.hpp"

#include <cstring>

#include "base/files.hpp"
#include "weights/pytorch.hpp"
#include "weights/text.hpp"

namespace checkbox::weights {
namespace {

constexpr std::string_view kParallelPrefix = "module.";  // what DataParallel puts before every name

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

bool looks_like_safetensors(std::span<const std::uint8_t> bytes) {
  return bytes.size() > sizeof(std::uint64_t) && bytes[sizeof(std::uint64_t)] == '{';
}

// What people hand over by mistake.
Error unknown_format(std::span<const std::uint8_t> bytes, std::string_view name) {
  std::string_view found = "an unknown format";
  if (bytes.empty()) {
    found = "an empty file";
  } else if (starts_with(bytes, "version https://git-lfs")) {
    found = "a Git LFS pointer instead of the file it stands for";
  } else if (bytes[0] == '<') {
    found = "an HTML or XML page";
  } else if (starts_with(bytes, "\x1f\x8b")) {
    found = "a gzip file; unpack it first";
  } else if (bytes[0] == 0x80) {
    found = "a pickle that torch.save has not written";
  } else if (bytes[0] == 0x08) {
    found = "perhaps an ONNX model, which needs no import";
  }
  return error(ErrorCode::kUnsupported, "{}: {}; expected PyTorch (.pth, .pt, .ckpt) or safetensors", name, found);
}

Result<WeightFile> parse_any(std::span<const std::uint8_t> bytes, std::string_view name) {
  if (starts_with(bytes, "PK\x03\x04")) return parse_pytorch_zip(bytes, name);
  if (is_pytorch_legacy(bytes)) return parse_pytorch_legacy(bytes, name);
  if (looks_like_safetensors(bytes)) return parse_safetensors(bytes, name);
  return unknown_format(bytes, name);
}

Result<TensorMap> drop_parallel_prefix(TensorMap tensors, std::string_view name) {
  TensorMap renamed;
  while (!tensors.empty()) {
    auto node = tensors.extract(tensors.begin());
    if (node.key().starts_with(kParallelPrefix)) node.key().erase(0, kParallelPrefix.size());
    if (node.key().empty() || node.key() == kMetadataKey) {
      return error(ErrorCode::kCorrupt, "{}: a tensor with the name \"{}\"", name, node.key());
    }
    const auto inserted = renamed.insert(std::move(node));
    if (!inserted.inserted) {
      return error(ErrorCode::kCorrupt, "{}: tensor \"{}\" is there with and without \"module.\"", name,
                   shown(inserted.position->first));
    }
  }
  return renamed;
}

}  // namespace

Result<WeightFile> parse_weights(std::span<const std::uint8_t> bytes, std::string_view name) {
  CHECKBOX_TRY(WeightFile file, parse_any(bytes, name));
  CHECKBOX_TRY(file.tensors, drop_parallel_prefix(std::move(file.tensors), name));
  return file;
}

Result<WeightFile> read_weights(const std::filesystem::path& path) {
  CHECKBOX_TRY(const auto bytes, read_file(path));
  return parse_weights(bytes, path.string());
}

}  // namespace checkbox::weights
