# Sourced by quickstart.sh and test.sh: which Debian packages each needs, and how to install what is missing.

build_packages=(
  g++ cmake ninja-build pkgconf
  libfmt-dev nlohmann-json3-dev libcli11-dev
  libspng-dev libjpeg62-turbo-dev libwebp-dev libgif-dev libtiff-dev
  libcurl4-openssl-dev libarchive-dev zlib1g-dev
  libdnnl-dev libonnx-dev libprotobuf-dev protobuf-compiler
)
training_packages=(libtorch-dev)
test_packages=(
  git ccache mold libgtest-dev libgmock-dev libbenchmark-dev
  python3 python3-numpy python3-pil python3-torch python3-torchvision python3-onnx python3-sklearn
)

require_debian() {
  local id="" id_like="" version=""
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && echo "${ID:-}") id_like=$(. /etc/os-release && echo "${ID_LIKE:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-testing}")
  fi
  if ! command -v apt-get >/dev/null || [[ " $id $id_like " != *" debian "* ]]; then
    echo "$0: needs Debian 12 or 13 (apt-get); this is '${id:-unknown}'. HACKING.md lists what to install elsewhere." >&2
    exit 1
  fi
  if [[ $id != debian || ! $version =~ ^(12|13|testing)$ ]]; then
    echo "$0: made for Debian 12 and 13; trying on '$id $version' all the same" >&2
  fi
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "$0: must install Debian packages: run it as root, or install sudo" >&2
    exit 1
  fi
}

# Asks nothing, and does nothing where all are there.
install_packages() {
  local package missing=()
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then missing+=("$package"); fi
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { as_root apt-get -q update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "$0: apt-get could not install the packages above (whole log: $log)" >&2
    exit 1
  fi
  rm -f "$log"
}
