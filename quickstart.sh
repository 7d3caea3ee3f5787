#!/usr/bin/env bash
# From a bare Debian 12 or 13 to classified images: installs the packages of the lean build (no LibTorch), builds
# `checkbox` and classifies samples/ with the model that comes along. Needs root or sudo, asks nothing, may be repeated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. tools/packages.sh

require_debian
install_packages "${build_packages[@]}"

echo "Building checkbox (the first time takes a minute or two)"
log=build/quickstart.log
mkdir -p build
if ! { cmake --preset runtime-only && cmake --build --preset runtime-only --target checkbox; } </dev/null >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "$0: the build failed (whole log: $log)" >&2
  exit 1
fi

program=build/runtime-only/bin/checkbox
echo "\$ $program predict --model models/default.onnx --format table samples"
exec "$program" predict --model models/default.onnx --format table samples
