// The verbs of checkbox-train, one cmd_<verb>.cpp each.
#pragma once

#include "common/cli.hpp"

namespace checkbox {

[[nodiscard]] cli::Verb train_verb();

}  // namespace checkbox
