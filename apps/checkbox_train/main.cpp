// `checkbox-train`: the verbs that need LibTorch. `checkbox` starts it; it can also be called by itself.
#include "checkbox_train/commands.hpp"
#include "common/cli.hpp"

int main(int argc, char** argv) {
  using namespace checkbox;
  cli::Program program("trains classifiers of check boxes", "  checkbox train --model baseline --dataset-dir data");
  program.add(train_verb());
  return program.run(argc, argv);
}
