# Sourced by the benchmark scripts: the line that says where a figure was measured, and the summary of repeated ones.

print_machine() {
  local commit
  commit=$(git -C "$repository" rev-parse --short HEAD 2>/dev/null || echo unknown)
  echo "machine: $(lscpu | sed -n 's/^Model name: *//p' | head -n 1), $(nproc) cores, $(c++ --version | head -n 1), commit $commit, $(date -u +%F)"
  echo "load average at the start: $(cut -d' ' -f1-3 /proc/loadavg) (figures mean little where it is not near 0)"
}

# Reads numbers, one a line: "median MIN..MAX (n=COUNT)", with DIGITS decimals.
summarise() { # DIGITS
  sort -g | awk -v d="$1" '{ v[NR] = $1 } END {
    if (NR == 0) { print "nothing measured"; exit }
    m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
    printf "%.*f  (%.*f to %.*f, n=%d)\n", d, m, d, v[1], d, v[NR], NR }'
}

median() { summarise 6 | cut -d' ' -f1; }
