#!/usr/bin/env bash
# Seconds per training epoch: the reference (bench/reference_train.py) and `checkbox-train train`, in turns, so that
# both see the same machine. Epochs are over the train rows of the dataset folder; one image per class is left for
# validation, whose time counts against us. The first epoch of every run is a warm-up and told apart.
#
#   bench/epoch.sh [--model baseline|mobilenet|resnet50] [--epochs N] [--rounds N] [--threads N]
#                  [--reference-workers N] [--workers N] [--bin FOLDER] DATASET
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/bench/common.sh"

model=baseline epochs=3 rounds=3 threads=2 reference_workers=0 workers="" bin=$repository/build/release/bin
while [[ ${1:-} == --* ]]; do
  case $1 in
    --model) model=$2 ;;
    --epochs) epochs=$2 ;;
    --rounds) rounds=$2 ;;
    --threads) threads=$2 ;;
    --reference-workers) reference_workers=$2 ;;
    --workers) workers=$2 ;;
    --bin) bin=$(realpath -e "$2") ;;
    *) echo "epoch.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
dataset=$(realpath -e "${1:?usage: epoch.sh [options] DATASET}")
[[ -x $bin/checkbox-train ]] || { echo "epoch.sh: no checkbox-train in $bin: cmake --build --preset release" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# All train rows, and of the valid rows the first of each class.
mkdir "$scratch/data"
for folder in "$dataset"/*/; do ln -s "$folder" "$scratch/data/$(basename "$folder")"; done
cp "$dataset"/*.json "$scratch/data/"
awk -F, 'NR == 1 || $NF ~ /^train/ || ($NF ~ /^valid/ && !seen[$(NF - 1)]++)' "$dataset/splits.csv" >"$scratch/data/splits.csv"

run_reference() {
  /usr/bin/python3 "$repository/bench/reference_train.py" "$scratch/data" --model "$model" --epochs "$epochs" \
    --threads "$threads" --num-workers "$reference_workers" >"$scratch/reference.jsonl"
  sed -n 's/.*"warmup": true, "seconds": \([0-9.]*\).*/\1/p' "$scratch/reference.jsonl" >>"$scratch/reference.warmup"
  sed -n 's/.*"warmup": false, "seconds": \([0-9.]*\).*/\1/p' "$scratch/reference.jsonl" >>"$scratch/reference.seconds"
}

run_ours() {
  local log_dir=$scratch/logs-$1
  OMP_NUM_THREADS=$threads "$bin/checkbox-train" train --dataset-dir "$scratch/data" --log-dir "$log_dir" --model "$model" \
    --n-epochs $((epochs + 1)) --patience 1000 --batch-size 8 --lr 0.00093 --weight-decay 0.000001514 --threads "$threads" \
    ${workers:+--num-workers "$workers"} >"$scratch/ours.log" 2>&1 || { cat "$scratch/ours.log" >&2; exit 1; }
  awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "seconds") at = i } NR == 2 { print $at }' \
    "$log_dir"/*/metrics.csv >>"$scratch/ours.warmup"
  awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "seconds") at = i } NR > 2 { print $at }' \
    "$log_dir"/*/metrics.csv >>"$scratch/ours.seconds"
}

print_machine
for ((round = 0; round < rounds; ++round)); do
  run_reference
  run_ours "$round"
done
sed -n '1p' "$scratch/reference.jsonl"
echo "seconds per training epoch, $model, batch 8, $threads threads, median (least to most):"
for who in reference ours; do
  printf '  %-10s %s   first epoch %s\n' $who "$(summarise 3 <"$scratch/$who.seconds")" "$(summarise 3 <"$scratch/$who.warmup")"
done
awk -v r="$(median <"$scratch/reference.seconds")" -v o="$(median <"$scratch/ours.seconds")" \
  'BEGIN { printf "  ours / reference = %.3f\n", o / r }'
