#!/usr/bin/env bash
# `checkbox predict`: images per second over a folder with 1 and with 2 threads (the whole process: start, model, all
# results), and milliseconds from the start of the process to the first result for one file.
#
#   bench/predict.sh [--model FILE.onnx] [--runs N] [--bin FOLDER] FOLDER
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/bench/common.sh"

model=$repository/models/default.onnx runs=7 bin=$repository/build/release/bin
while [[ ${1:-} == --* ]]; do
  case $1 in
    --model) model=$2 ;;
    --runs) runs=$2 ;;
    --bin) bin=$(realpath -e "$2") ;;
    *) echo "predict.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
folder=$(realpath -e "${1:?usage: predict.sh [options] FOLDER}")
program=$bin/checkbox
[[ -x $program ]] || { echo "predict.sh: no checkbox in $bin: cmake --build --preset release" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
now_us() { echo $((${EPOCHREALTIME/[.,]/})); }

# Microseconds until the command's first line of output, then until its end.
time_command() { # OUTPUT COMMAND...
  local output=$1 start first; shift
  start=$(now_us)
  "$@" | { IFS= read -r line; first=$(now_us); echo "$((first - start))" >"$scratch/first"; printf '%s\n' "$line"; cat; } >"$output"
  echo "$(($(now_us) - start))" >"$scratch/whole"
}

print_machine
echo "model: $(sha256sum "$model" | cut -c1-16) ($(basename "$model"), $(stat -Lc %s "$model") bytes)"

# The output first: every image must have a result, the same with any number of threads.
"$program" predict --model "$model" --format csv --threads 1 --quiet "$folder" | cut -d, -f1,2 >"$scratch/one.csv"
"$program" predict --model "$model" --format csv --threads 2 --quiet "$folder" | cut -d, -f1,2 >"$scratch/two.csv"
cmp "$scratch/one.csv" "$scratch/two.csv" || { echo "predict.sh: 1 and 2 threads disagree" >&2; exit 1; }
images=$(($(wc -l <"$scratch/one.csv") - 1))

for ((run = 0; run < runs; ++run)); do
  for threads in 1 2; do
    time_command "$scratch/output" "$program" predict --model "$model" --format jsonl --threads $threads --quiet "$folder"
    awk -v n="$images" '{ print n * 1e6 / $1 }' "$scratch/whole" >>"$scratch/rate$threads"
  done
done
one=$(find "$folder" -type f -name '*.png' | sort | head -n 1)
for ((run = 0; run < runs * 3; ++run)); do
  time_command "$scratch/output" "$program" predict --model "$model" --format jsonl --quiet "$one"
  awk '{ print $1 / 1000 }' "$scratch/first" >>"$scratch/first_ms"
  time_command "$scratch/output" "$program" --version
  awk '{ print $1 / 1000 }' "$scratch/first" >>"$scratch/version_ms"
done
echo "median (least to most):"
echo "  $images images, 1 thread:  $(summarise 1 <"$scratch/rate1") images/s"
echo "  $images images, 2 threads: $(summarise 1 <"$scratch/rate2") images/s"
echo "  one file, start to result: $(summarise 1 <"$scratch/first_ms") ms"
echo "  --version (start alone):   $(summarise 1 <"$scratch/version_ms") ms"
