#include "checkbox/inputs.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "tests/support/support.hpp"

namespace checkbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Runs in its own scratch folder, so that relative paths can be tested.
class InputsTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override { std::filesystem::current_path("/"); }

  static void touch(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      const std::filesystem::path path(name);
      if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
      std::ofstream file(path);
    }
  }

  static std::vector<std::string> all(std::vector<std::string> arguments, const std::string& list = "",
                                      char separator = '\n') {
    std::FILE* file = std::tmpfile();
    std::fwrite(list.data(), 1, list.size(), file);
    std::rewind(file);
    Inputs inputs(std::move(arguments), file, separator);
    std::vector<std::string> found;
    while (const auto item = inputs.next()) {
      found.push_back(item->problem.empty() ? item->path : item->path + ": " + item->problem);
    }
    std::fclose(file);
    return found;
  }

  testing::TempDir folder_;
};

TEST_F(InputsTest, TakesFilesAsGivenWhateverTheirNames) {
  touch({"b.txt", "a.png"});
  EXPECT_THAT(all({"b.txt", "a.png", "missing.png", "b.txt"}), ElementsAre("b.txt", "a.png", "missing.png", "b.txt"));
}

TEST_F(InputsTest, SearchesFoldersForImageFilesAlphabetically) {
  touch({"d/z.PNG", "d/b/2.jpeg", "d/b/1.tif", "d/a.webp", "d/readme.txt", "d/.hidden.png", "d/.cache/x.png"});
  EXPECT_THAT(all({"d"}), ElementsAre("d/a.webp", "d/b/1.tif", "d/b/2.jpeg", "d/z.PNG"));
  EXPECT_THAT(all({"d/"}), ElementsAre("d/a.webp", "d/b/1.tif", "d/b/2.jpeg", "d/z.PNG"));
}

TEST_F(InputsTest, DoesNotFollowLinksToFolders) {
  touch({"d/a.png", "elsewhere/b.png"});
  std::filesystem::create_directory_symlink("..", "d/loop");
  std::filesystem::create_directory_symlink("../elsewhere", "d/other.png");
  std::filesystem::create_symlink("../elsewhere/b.png", "d/linked.png");
  EXPECT_THAT(all({"d"}), ElementsAre("d/a.png", "d/linked.png"));
}

TEST_F(InputsTest, ComplainsOfAFolderWithoutImages) {
  touch({"d/readme.txt", "e/sub/notes.md", "f.png"});
  EXPECT_THAT(all({"d", "e", "f.png"}), ElementsAre(HasSubstr("d: the folder holds no image file"),
                                                    HasSubstr("e: the folder holds no image file"), "f.png"));
}

TEST_F(InputsTest, ExpandsPatternsAsTheShellDoes) {
  touch({"a1.png", "a2.png", "b1.png", ".a0.png", "d/a3.png", "d/e/a4.png", "[x].png"});
  EXPECT_EQ(expand_glob("*.png"), (std::vector<std::string>{"[x].png", "a1.png", "a2.png", "b1.png"}));
  EXPECT_THAT(expand_glob("a?.png"), ElementsAre("a1.png", "a2.png"));
  EXPECT_THAT(expand_glob("[ab]1.png"), ElementsAre("a1.png", "b1.png"));
  EXPECT_THAT(expand_glob("*/*.png"), ElementsAre("d/a3.png"));
  EXPECT_THAT(expand_glob("**/a*.png"), ElementsAre("a1.png", "a2.png", "d/a3.png", "d/e/a4.png"));
  EXPECT_THAT(expand_glob("d/**"), ElementsAre("d/a3.png", "d/e/a4.png"));
  EXPECT_THAT(expand_glob(folder_.path().string() + "/b*.png"), ElementsAre(folder_.path().string() + "/b1.png"));
  EXPECT_THAT(all({"[x].png"}), ElementsAre("[x].png"));  // a file of that very name wins
  EXPECT_THAT(all({"*.gif"}), ElementsAre("*.gif: no file matches this pattern"));
}

TEST_F(InputsTest, ReadsAListWhereTheDashStands) {
  touch({"a.png", "b.png", "d/c.png", "*.png"});
  EXPECT_THAT(all({"b.png", "-", "b.png"}, "a.png\n\nd\n*.png\nmissing"),
              ElementsAre("b.png", "a.png", "d/c.png", "*.png", "missing", "b.png"));
  EXPECT_THAT(all({"-"}, std::string("a\nb.png\0c.png\0", 14), '\0'), ElementsAre("a\nb.png", "c.png"));
  EXPECT_THAT(all({"-"}, std::string(100'000, 'x') + "\na.png\n"),
              ElementsAre(HasSubstr("path longer than 65536 bytes"), "a.png"));
}

}  // namespace
}  // namespace checkbox
