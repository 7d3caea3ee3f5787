// What a model file may ask of us. Every bound is checked before the memory that it bounds is taken.
#pragma once

#include <cstddef>
#include <cstdint>

namespace checkbox::runtime {

inline constexpr std::uint64_t kMaxArtifactBytes = std::uint64_t{512} << 20;
// Of a model file less its tensors' data: protobuf turns two bytes of an empty message into some 150 in memory.
inline constexpr std::uint64_t kMaxStructureBytes = std::uint64_t{4} << 20;
inline constexpr int kMaxMessageDepth = 32;  // protobuf messages within messages
inline constexpr std::size_t kMaxNodes = 10'000;
inline constexpr std::size_t kMaxInitializers = 20'000;
inline constexpr std::size_t kMaxRank = 8;
inline constexpr std::int64_t kMaxDimension = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxElements = std::int64_t{1}
                                             << 28;  // of one tensor, and of all values of an image: 1 GiB of f32
inline constexpr std::int64_t kMaxWindow = 1024;  // px, a side of a filter or pooling window
inline constexpr std::int64_t kMinOpset = 13;
inline constexpr std::int64_t kMaxOpset = 22;  // the operators in the table mean the same in all of these
inline constexpr std::size_t kMaxLabels = 1000;
inline constexpr std::size_t kMaxLabelBytes = 256;
inline constexpr std::int64_t kMaxBatch = 65'536;  // images in one call

}  // namespace checkbox::runtime
