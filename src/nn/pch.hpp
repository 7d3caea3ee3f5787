// Precompiled for the rooms nn and train: LibTorch's headers take most of their compile time.
#pragma once

#include <torch/torch.h>
