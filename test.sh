#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors and runs every test; then builds again with
# the address and undefined-behaviour sanitizers and runs every test under them. Needs Debian 12 or 13, root or sudo.
#
#   ./test.sh             both passes
#   ./test.sh --quick     without the sanitizers
#   ./test.sh --asan-only only the sanitizer pass
#   ./test.sh --tsan      only the thread sanitizer, over the rooms without LibTorch
#
# Exit status 0 only if every test of every pass passed or said why it was skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. tools/packages.sh

passes=(ci asan)
case ${1:-} in
  "") ;;
  --quick) passes=(ci) ;;
  --asan-only) passes=(asan) ;;
  --tsan) passes=(tsan) ;;
  *) echo "$0: unknown option '$1'; there are --quick, --asan-only and --tsan" >&2; exit 2 ;;
esac
[[ $# -le 1 ]] || { echo "$0: takes one option at most" >&2; exit 2; }

started=$SECONDS
passed=0 skipped=0 failures=()

install_everything() {
  require_debian
  local packages=("${build_packages[@]}" "${training_packages[@]}" "${test_packages[@]}")
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
  install_packages "${packages[@]}"
  # ONNX Runtime, an independent judge of the artifacts we write.
  local judge=tests/judges/ort
  if [[ -f $judge/package-lock.json && ! $judge/node_modules/.package-lock.json -nt $judge/package-lock.json ]]; then
    npm ci --prefix "$judge" --ignore-scripts --no-audit --no-fund
    touch "$judge/node_modules/.package-lock.json"
  fi
}

attribute() { # NAME FILE: of the <testsuite> of a JUnit file
  sed -n "/<testsuite /,/>/ s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1
}

run_pass() { # PRESET
  local preset=$1 results=$PWD/build/$1/results.xml log=$PWD/build/$1/ctest.log pass_started=$SECONDS
  echo "== $preset: build"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset"
  echo "== $preset: tests, after $((SECONDS - pass_started)) s"
  rm -f "$results"
  local status=0
  ctest --preset "$preset" --parallel "$(nproc)" --no-tests=error --output-junit "$results" 2>&1 | tee "$log" |
    grep -v -E '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed )' || status=${PIPESTATUS[0]}
  # CTest takes programs whose tests it could not list for empty ones.
  if grep -q '^CMake Error' "$log"; then status=1; fi
  local total failed not_run
  total=$(attribute tests "$results") failed=$(attribute failures "$results") not_run=$(attribute skipped "$results")
  if [[ $status -ne 0 || -z $total || $failed -ne 0 ]]; then
    failures+=("$preset")
  else
    passed=$((passed + total - not_run)) skipped=$((skipped + not_run))
  fi
  echo "== $preset: ended after $((SECONDS - pass_started)) s"
}

install_everything
echo "== packages: there after $((SECONDS - started)) s"

# Debian's Python, which has the judges' modules, before any other.
export PATH=/usr/bin:$PATH
# Two test programs at once share the cores: waiting OpenMP threads must not spin on them.
export OMP_WAIT_POLICY=passive
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/tools/lsan.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tools/tsan.supp

for pass in "${passes[@]}"; do run_pass "$pass"; done

if [[ ${#failures[@]} -gt 0 ]]; then
  echo "test.sh: FAILED in: ${failures[*]} (after $((SECONDS - started)) s)"
  exit 1
fi
echo "test.sh: ${passes[*]}: $passed passed, 0 failed, $skipped skipped, in $((SECONDS - started)) s"
