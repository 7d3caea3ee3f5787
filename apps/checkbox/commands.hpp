// The verbs of `checkbox`, one cmd_<verb>.cpp each. A new one is declared here and added in main.cpp.
#pragma once

#include "common/cli.hpp"

namespace checkbox {

[[nodiscard]] cli::Verb predict_verb();
[[nodiscard]] cli::Verb evaluate_verb();
[[nodiscard]] cli::Verb import_verb();
[[nodiscard]] cli::Verb prepare_verb();

}  // namespace checkbox
