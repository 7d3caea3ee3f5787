#!/usr/bin/env bash
# install_test.sh CHECK SOURCE_DIR BUILD_DIR: one check of an installation in a scratch prefix. Exit status 77: skipped.
set -euo pipefail
check=$1 source=$2 build=$3

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$scratch/moved" # an installation may be moved
prefix=$scratch/moved
libdir=$(dirname "$(find "$prefix" -name libcheckbox.so)")

fail() { echo "FAILED: $*" >&2; exit 1; }

need_model() {
  model=$prefix/share/checkbox/models/default.onnx
  if [[ ! -f $model || ! -d $source/samples ]]; then echo "[  SKIPPED ] needs models/default.onnx and samples/"; exit 77; fi
  samples=("$source"/samples/*.png)
}

# "path label" of each sample, as the command line tells them.
expected_labels() {
  "$prefix/bin/checkbox" predict --model "$model" --format csv "${samples[@]}" | tail -n +2 | cut -d, -f1,2 | tr , ' '
}

same_labels_as_predict() { # PROGRAM
  LD_LIBRARY_PATH=$libdir "$1" "$model" "${samples[@]}" | cut -d' ' -f1,2 >"$scratch/consumer.txt"
  expected_labels >"$scratch/expected.txt"
  [[ $(wc -l <"$scratch/consumer.txt") -eq ${#samples[@]} ]] || fail "not one line per sample: $(cat "$scratch/consumer.txt")"
  diff "$scratch/expected.txt" "$scratch/consumer.txt" || fail "the library and the command line disagree"
}

case $check in
  files)
    for file in bin/checkbox include/checkbox/classifier.hpp include/checkbox/result.hpp share/doc/checkbox/LICENSE; do
      [[ -f $prefix/$file ]] || fail "$file was not installed"
    done
    for file in cmake/checkbox/checkboxConfig.cmake cmake/checkbox/checkboxConfigVersion.cmake pkgconfig/checkbox.pc; do
      [[ -f $libdir/$file ]] || fail "$file was not installed"
    done
    diff <(cd "$source/include" && find checkbox -type f | sort) <(cd "$prefix/include" && find . -type f -printf '%P\n' | sort) ||
      fail "the installed headers are not those of include/"
    for header in "$prefix"/include/checkbox/*.hpp; do # each compiles on its own, with nothing but itself
      g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ -I "$prefix/include" "$header" 2>"$scratch/errors" ||
        { grep -v 'pragma once in main file' "$scratch/errors" | grep -q error: && fail "$(cat "$scratch/errors")"; } || true
    done
    ! grep -rlF -e "$source" -e "$scratch/first" "$prefix/lib" "$prefix/share" --include='*.cmake' --include='*.pc' ||
      fail "names the build's own folders" ;;
  symbols)
    library=$(readlink -f "$libdir/libcheckbox.so")
    nm -D --defined-only -C "$library" | awk '$2 != "A"' | cut -d' ' -f3- >"$scratch/symbols"
    grep -q '^checkbox::Classifier::load(' "$scratch/symbols" || fail "Classifier::load is not exported"
    foreign=$(grep -v -E '^(checkbox::|checkbox_)' "$scratch/symbols" || true)
    [[ -z $foreign ]] || fail "exports more than its API: $(head -n 5 <<<"$foreign")" ;;
  programs)
    "$prefix/bin/checkbox" --version | grep -q '[0-9]\.[0-9]' || fail "no version"
    need_model
    (cd / && "$prefix/bin/checkbox" predict "${samples[0]}") || fail "predict does not find the model that came along"
    if [[ -f $prefix/libexec/checkbox/checkbox-train ]]; then
      "$prefix/bin/checkbox" train --help >/dev/null || fail "train does not find checkbox-train"
    fi ;;
  cmake_consumer)
    cmake -S "$source/examples/cpp" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/log" 2>&1 &&
      cmake --build "$scratch/build" >>"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
    need_model
    same_labels_as_predict "$scratch/build/classify" ;;
  pkgconfig_consumer)
    flags=$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --cflags --libs checkbox)
    # shellcheck disable=SC2086 # flags are words
    g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror "$source/examples/cpp/classify.cpp" $flags -o "$scratch/classify"
    need_model
    same_labels_as_predict "$scratch/classify" ;;
  *) fail "unknown check $check" ;;
esac
