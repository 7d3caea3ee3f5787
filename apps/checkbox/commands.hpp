// The verbs of `checkbox`, one cmd_<verb>.cpp each. A new one is declared here and added in main.cpp.
#pragma once

#include "common/cli.hpp"

namespace checkbox {}  // namespace checkbox
