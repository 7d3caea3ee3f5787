// `checkbox`: everything that runs without LibTorch, and the door to checkbox-train.
#include "checkbox/commands.hpp"
#include "common/cli.hpp"

int main(int argc, char** argv) {
  using namespace checkbox;
  cli::Program program("tells whether the check box in an image is checked, unchecked, or there is none",
                       "  checkbox predict form.png\n"
                       "  checkbox prepare --source https://example.org/data.zip --dataset-dir data\n"
                       "  checkbox train --model baseline --dataset-dir data");
  program.add(predict_verb());
  program.add(evaluate_verb());
  program.add(prepare_verb());
  constexpr const char* kNoTraining =
      "This is a build without training. Build checkbox with -DCHECKBOX_TRAINING=ON (needs LibTorch, in Debian\n"
      "libtorch-dev), or put checkbox-train beside this program.";
  program.add(
      cli::external_verb("train", "Train", "dataset folder to a trained classifier", "checkbox-train", kNoTraining));
  program.add(import_verb());
  return program.run(argc, argv);
}
