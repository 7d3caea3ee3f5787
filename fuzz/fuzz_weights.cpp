// Any bytes through the readers of all weight formats. A bare pickle is put into a zip archive with right checksums, so
// that mutations reach what is behind them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "weights/made_files.hpp"
#include "weights/read.hpp"

namespace {

using namespace checkbox::weights;

void check(const WeightFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    const auto size = checked_byte_size(tensor.shape, tensor.dtype, name);
    if (!size.ok() || *size != tensor.bytes.size()) std::abort();
  }
  const auto again = parse_safetensors(format_safetensors(file), "again");
  if (!again.ok() || again->tensors.size() != file.tensors.size() || again->metadata != file.metadata) std::abort();
  for (const auto& [name, tensor] : file.tensors) {
    const auto found = again->tensors.find(name);
    if (found == again->tensors.end() || found->second.bytes != tensor.bytes) std::abort();
  }
}

void parse(std::span<const std::uint8_t> bytes) {
  const auto file = parse_weights(bytes, "fuzz");
  if (file.ok()) {
    check(*file);
  } else if (!file.error().message.starts_with("fuzz: ")) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse({data, size});
  if (size > 0 && data[0] == 0x80) {
    const std::string archive = made::pytorch_zip({reinterpret_cast<const char*>(data), size}, std::string(24, '\1'));
    parse(made::bytes_of(archive));
  }
  return 0;
}
