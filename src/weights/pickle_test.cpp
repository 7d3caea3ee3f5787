#include "weights/pickle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/made_files.hpp"

namespace checkbox::weights {
namespace {

using namespace made;  // NOLINT: the vocabulary of these tests
using ::testing::HasSubstr;

Result<Pickle> parse(const std::string& bytes) {
  return Pickle::parse(bytes_of(bytes), "file");
}

Error error_of(const std::string& bytes) {
  const auto result = parse(bytes);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{ErrorCode::kInternal, "accepted"} : result.error();
}

TEST(Pickle, ReadsPlainValues) {
  const std::string bytes =
      pickle("(" + integer(-5) + "K\xff" + "M\xff\xff"s + "J\xff\xff\xff\xff"s + "\x8a\x00"s + "\x8a\x01\x80"s +
             "G\x3f\xb9\x99\x99\x99\x99\x99\x9a"s + "N\x88\x89" + text("é") + "U\x02hi" + "C\x03" + "a\0b"s + "l");
  const auto parsed = parse(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const auto& items = (*parsed)[parsed->root()].items;
  ASSERT_EQ(items.size(), 13u);
  const auto at = [&](std::size_t i) { return (*parsed)[items[i]]; };
  const std::int64_t integers[] = {-5, 255, 65535, -1, 0, -128};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(at(i).integer, integers[i]);
  EXPECT_EQ(at(6).real, 0.1);
  EXPECT_EQ(at(7).kind, PickleKind::kNone);
  EXPECT_EQ(at(8).integer, 1);
  EXPECT_EQ(at(9).integer, 0);
  EXPECT_EQ(at(10).text, "é");
  EXPECT_EQ(at(11).text, "hi");
  EXPECT_EQ(at(12).text, "a\0b"s);
  EXPECT_EQ(parsed->byte_size(), bytes.size());
}

TEST(Pickle, MemoGivesTheSameValueAgain) {
  const std::string bytes = pickle("]q\x00"s + "h\x00"s + "a");  // a list that holds itself
  const auto parsed = parse(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ((*parsed)[parsed->root()].items, std::vector<Pickle::Ref>{parsed->root()});
}

TEST(Pickle, RefusesToCallWhatIsNotOnTheListAndNamesIt) {
  const std::pair<std::string, std::string> functions[] = {
      {"posix", "system"},
      {"os", "system"},
      {"builtins", "eval"},
      {"builtins", "exec"},
      {"__builtin__", "eval"},
      {"builtins", "getattr"},
      {"nt", "system"},
      {"subprocess", "Popen"},
      {"operator", "attrgetter"},
      {"torch", "load"},
      {"numpy", "load"},
      {"copyreg", "__newobj__"},
      {"torch.storage", "_load_from_bytes"},
      {"runpy", "run_path"},
  };
  for (const auto& [module, name] : functions) {
    const Error failure = error_of(pickle(call(global(module, name), text("touch /tmp/owned"))));
    EXPECT_EQ(failure.code, ErrorCode::kUnsupported);
    EXPECT_THAT(failure.message, HasSubstr(module + "." + name));
  }
  // The same by STACK_GLOBAL, as protocol 4 does.
  const Error failure = error_of("\x80\x04" + text("posix") + text("system") + "\x93" + tuple(text("id")) + "R.");
  EXPECT_THAT(failure.message, HasSubstr("posix.system"));
}

TEST(Pickle, RefusesToCallValuesAndResults) {
  EXPECT_EQ(error_of(pickle(call(text("os.system"), text("id")))).code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(pickle(call(call(global("collections", "OrderedDict"), ""), text("id")))).code,
            ErrorCode::kUnsupported);
}

TEST(Pickle, KeepsObjectsOfUnknownClassesAsNames) {
  const auto parsed = parse(pickle(global("my.module", "Config") + ")\x81" + dict("lr", integer(3)) + "b"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const auto& object = (*parsed)[parsed->root()];
  EXPECT_EQ(object.kind, PickleKind::kObject);
  EXPECT_EQ((*parsed)[object.callee].text, "my.module.Config");
  EXPECT_TRUE(object.state.has_value());
}

TEST(Pickle, RefusesOpcodesThatTorchNeverWrites) {
  for (const std::string opcode : {"iposix\nsystem\n", "o", "\x82\x01", "\x97", "P0\n", "I5\n", "g0\n", "\xff"}) {
    EXPECT_EQ(error_of("\x80\x02(" + opcode + ".").code, ErrorCode::kUnsupported) << opcode;
  }
  EXPECT_EQ(error_of("\x80\x06N.").code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of("\x80\x01N.").code, ErrorCode::kUnsupported);
}

TEST(Pickle, RefusesToUseMoreThanTheStackHolds) {
  for (const std::string body :
       {"",     "R", "t", "u",     "s", "a",  "b",  "(a",   "\x85", "N(\x85", "h\x05", "q\x01", "Q",
        "\x93", "2", "1", "N\x81", "0", "NN", "(N", "}(Nu", "(Nd",  "N(NNs",  "]NNs",  "NNb"}) {
    EXPECT_EQ(error_of(pickle(body)).code, ErrorCode::kCorrupt) << body;
  }
}

TEST(Pickle, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_EQ(error_of("\x80\x04\x8d" + little_endian(~std::uint64_t{0}) + "x.").code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of("\x80\x04\x8e" + little_endian(std::uint64_t{1} << 40) + "x.").code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of("\x80\x02\x8b" + little_endian(0x7fffffff) + "x.").code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of("\x80\x02X" + little_endian(1000) + "x.").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("\x80\x02Nr" + little_endian(~std::uint32_t{0}) + ".").code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(error_of("\x80\x02j" + little_endian(~std::uint32_t{0}) + ".").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of(pickle("c" + std::string(1000, 'm') + "\nf\n")).code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("\x80\x04" + text(std::string(1000, 'm')) + text("f") + "\x93.").code, ErrorCode::kLimitExceeded);
}

// Deep nesting costs Python (and a recursive reader) its stack; here it is a loop.
TEST(Pickle, ReadsDeepNestingWithoutRecursion) {
  const std::size_t depth = 500'000;
  EXPECT_TRUE(parse(pickle(std::string(depth, '(') + "N" + std::string(depth, 't'))).ok());
  EXPECT_TRUE(parse(pickle("N" + std::string(depth, '\x85'))).ok());
}

TEST(Pickle, EndlessPicklesStopAtTheOpcodeLimit) {
  EXPECT_EQ(error_of(pickle("N" + std::string(kMaxPickleOpcodes, '2'))).code, ErrorCode::kLimitExceeded);
}

// Each list holds the one before ten times: 10^60 elements if it were unfolded, 60 lists as it is.
TEST(Pickle, SharedListsAreNotUnfolded) {
  std::string body = "Nq\x00"s;
  for (char i = 1; i <= 60; ++i) {
    body += "0(";
    for (int copy = 0; copy < 10; ++copy) body += "h"s + static_cast<char>(i - 1);
    body += "lq"s + i;
  }
  const auto parsed = parse(pickle(body));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_LT(parsed->value_count(), 100u);
}

TEST(Pickle, EveryTruncationIsAnError) {
  const std::string whole = pickle(dict("weight", tensor({})));
  ASSERT_TRUE(parse(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace checkbox::weights
