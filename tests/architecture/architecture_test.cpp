// The rules that keep the rooms apart, read from the sources themselves: the arrows of dependence, where LibTorch and
// oneDNN may show, which headers are clean, and that the library neither prints nor ends the process.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <regex>
#include <set>

#include "tests/support/support.hpp"

namespace checkbox::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Source {
  std::string path;  // relative to the checkout
  std::string text;
};

bool is_test(const std::string& path) {
  return path.ends_with("_test.cpp") || path.ends_with("_bench.cpp") || path.starts_with("tests/");
}

std::vector<Source> sources_in(const std::vector<std::string>& folders) {
  std::vector<Source> sources;
  for (const auto& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / folder)) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_regular_file() || name.starts_with('.') || !(name.ends_with(".hpp") || name.ends_with(".cpp"))) {
        continue;
      }
      std::ifstream file(entry.path(), std::ios::binary);
      sources.push_back({std::filesystem::relative(entry.path(), source_dir()).generic_string(),
                         {std::istreambuf_iterator<char>(file), {}}});
    }
  }
  return sources;
}

std::vector<std::string> includes_of(const Source& source) {
  static const std::regex kInclude("(?:^|\n)[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]");
  std::vector<std::string> found;
  for (std::sregex_iterator match(source.text.begin(), source.text.end(), kInclude), end; match != end; ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return text.starts_with(prefix); });
}

// "path includes header" for each include that `allowed` refuses.
std::vector<std::string> violations(
    const std::vector<Source>& sources,
    const std::function<bool(const std::string& path, const std::string& header)>& allowed) {
  std::vector<std::string> found;
  for (const Source& source : sources) {
    for (const auto& header : includes_of(source)) {
      if (!allowed(source.path, header)) found.push_back(source.path + " includes " + header);
    }
  }
  return found;
}

std::string first_folder(const std::string& path) {
  return path.substr(0, path.find('/'));
}

// The rooms and those each may use besides itself.
const std::map<std::string, std::set<std::string>>& arrows() {
  static const std::set<std::string> low{"base", "image", "metrics", "weights"};
  static const auto with = [](std::set<std::string> rooms, std::initializer_list<const char*> more) {
    rooms.insert(more.begin(), more.end());
    return rooms;
  };
  static const std::map<std::string, std::set<std::string>> kArrows{
      {"base", {}},
      {"image", {"base"}},
      {"metrics", {"base"}},
      {"weights", {"base"}},
      {"search", {"base"}},
      {"data", low},
      {"runtime", low},
      {"report", with(low, {"data", "runtime", "search"})},
      {"server", with(low, {"data", "runtime"})},
      {"nn", with(low, {"runtime"})},
      {"train", with(low, {"data", "runtime", "report", "nn"})},
  };
  return kArrows;
}

bool arrow_allows(const std::string& path, const std::string& header) {
  const std::string room = first_folder(path.substr(std::string("src/").size()));
  const std::string used = first_folder(header);
  if (header.find('/') == std::string::npos || used == room || !arrows().contains(used)) return true;
  const auto rule = arrows().find(room);
  return rule != arrows().end() && rule->second.contains(used);
}

bool is_torch(const std::string& header) {
  return starts_with_any(header, {"torch/", "ATen/", "c10/", "caffe2/"});
}

bool torch_allows(const std::string& path, const std::string& header) {
  return !is_torch(header) || starts_with_any(path, {"src/nn/", "src/train/", "apps/checkbox_train/"});
}

bool onednn_allows(const std::string& path, const std::string& header) {
  return !starts_with_any(header, {"dnnl", "oneapi/dnnl"}) || path.starts_with("src/runtime/onednn/");
}

TEST(Architecture, EveryRoomHasItsPlaceInTheOrder) {
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "src")) {
    if (entry.is_directory()) {
      EXPECT_TRUE(arrows().contains(entry.path().filename().string())) << entry.path();
    }
  }
}

TEST(Architecture, RoomsUseOnlyThoseBelowThem) {
  std::vector<Source> sources = sources_in({"src"});
  std::erase_if(sources, [](const Source& source) { return is_test(source.path); });
  EXPECT_THAT(violations(sources, arrow_allows), IsEmpty());
}

TEST(Architecture, LibTorchStaysInTheTrainingRooms) {
  EXPECT_THAT(violations(sources_in({"src", "apps", "include", "fuzz"}), torch_allows), IsEmpty());
}

TEST(Architecture, OneDnnStaysInOneFolder) {
  EXPECT_THAT(violations(sources_in({"src", "apps", "include", "fuzz"}), onednn_allows), IsEmpty());
}

TEST(Architecture, TheLeanProgramUsesNoTrainingRoom) {
  EXPECT_THAT(violations(sources_in({"apps/checkbox", "apps/common"}),
                         [](const std::string&, const std::string& header) {
                           return !starts_with_any(header, {"nn/", "train/", "checkbox_train/"});
                         }),
              IsEmpty());
}

TEST(Architecture, NothingBelowUsesThePrograms) {
  EXPECT_THAT(
      violations(
          sources_in({"src", "include"}),
          [](const std::string&, const std::string& header) {
            return !starts_with_any(header, {"common/", "apps/", "checkbox_train/"}) && !header.starts_with("CLI/");
          }),
      IsEmpty());
}

TEST(Architecture, InstalledHeadersIncludeOnlyTheStandardAndEachOther) {
  EXPECT_THAT(violations(sources_in({"include"}),
                         [](const std::string&, const std::string& header) {
                           return header.starts_with("checkbox/") ||
                                  (header.find('/') == std::string::npos && header.find('.') == std::string::npos);
                         }),
              IsEmpty());
}

TEST(Architecture, HeadersHideTheLibrariesBehindThem) {
  std::vector<Source> headers = sources_in({"src"});
  std::erase_if(headers, [](const Source& source) {
    return !source.path.ends_with(".hpp") || source.path.starts_with("src/runtime/onednn/");
  });
  const std::vector<std::string> hidden{"onnx",  "google/", "dnnl", "curl/", "archive", "spng",    "jpeglib",
                                        "webp/", "gif_lib", "tiff", "CLI/",  "gtest",   "sqlite3", "soci/"};
  const auto src = source_dir() / "src";
  EXPECT_THAT(violations(headers,
                         [&](const std::string& path, const std::string& header) {
                           const auto beside = (source_dir() / path).parent_path() / header;
                           const bool own = std::filesystem::exists(src / header) || std::filesystem::exists(beside);
                           return own || !starts_with_any(header, hidden);
                         }),
              IsEmpty());
}

TEST(Architecture, HeadersOpenWithWhatTheyAreFor) {
  for (const Source& source : sources_in({"src", "apps", "include"})) {
    if (!source.path.ends_with(".hpp")) continue;
    EXPECT_TRUE(source.text.starts_with("// ")) << source.path;
    EXPECT_NE(source.text.find("\n#pragma once\n"), std::string::npos) << source.path;
  }
}

TEST(Architecture, FilesStayBelowFiveHundredLines) {
  for (const Source& source : sources_in({"src", "apps", "include", "tests", "fuzz"})) {
    EXPECT_LE(std::count(source.text.begin(), source.text.end(), '\n'), 500) << source.path;
  }
}

// Progress is what the library may say, on stderr.
TEST(Architecture, TheLibraryNeitherPrintsNorEndsTheProcess) {
  const std::regex forbidden(
      "std::(cout|cerr|clog|puts|printf|exit|abort|quick_exit|terminate)\\b|fmt::print\\(|[^a-z_:.>](printf|fprintf|"
      "exit|"
      "_exit|abort)\\(");
  for (const Source& source : sources_in({"src"})) {
    if (is_test(source.path) || source.path == "src/base/progress.cpp") continue;
    std::smatch match;
    EXPECT_FALSE(std::regex_search(source.text, match, forbidden)) << source.path << ": " << match.str();
  }
}

TEST(Architecture, TheRulesNoticeWhatTheyForbid) {
  const auto planted = [](const std::string& path, const std::string& header) {
    return std::vector<Source>{{path, "// A file.\n#pragma once\n#include \"" + header + "\"\n"}};
  };
  EXPECT_THAT(violations(planted("src/base/a.hpp", "image/decode.hpp"), arrow_allows), SizeIs(1));
  EXPECT_THAT(violations(planted("src/data/a.cpp", "runtime/model.hpp"), arrow_allows), SizeIs(1));
  EXPECT_THAT(violations(planted("src/runtime/a.cpp", "data/dataset.hpp"), arrow_allows), SizeIs(1));
  EXPECT_THAT(violations(planted("src/nn/a.cpp", "runtime/graph.hpp"), arrow_allows), IsEmpty());
  EXPECT_THAT(violations(planted("src/runtime/a.cpp", "torch/torch.h"), torch_allows), SizeIs(1));
  EXPECT_THAT(violations(planted("src/train/a.cpp", "torch/torch.h"), torch_allows), IsEmpty());
  EXPECT_THAT(violations(planted("src/runtime/ref/a.cpp", "oneapi/dnnl/dnnl.hpp"), onednn_allows), SizeIs(1));
  EXPECT_THAT(violations(planted("src/runtime/onednn/a.cpp", "dnnl.hpp"), onednn_allows), IsEmpty());
}

}  // namespace
}  // namespace checkbox::testing
