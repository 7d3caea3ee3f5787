#!/usr/bin/env bash
# Runs a command in a bare Debian root with a clone of this repository: what a new user's machine would do.
#
#   tools/fresh_root.sh [--with-shared DIR] [--reuse] [--keep] SUITE COMMAND
#   tools/fresh_root.sh bookworm ./quickstart.sh
#   tools/fresh_root.sh --with-shared ../shared trixie './test.sh --quick'
#
# Needs root and debootstrap. The mirror, apt's proxy settings and the certificates are the host's own. Committed work
# only: the clone is of HEAD. A pristine root per suite is kept under $CHECKBOX_ROOTS and copied for every run, so only
# the first run pays for debootstrap. Mounts live in a namespace of their own and end with the command.
#   --with-shared DIR  shows DIR, read-only, as shared/ beside the clone
#   --reuse            goes on in the root that --keep left behind, its clone brought up to HEAD, its builds kept
#   --keep             leaves the root for a later --reuse or a look around
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
roots=${CHECKBOX_ROOTS:-/var/tmp/checkbox-roots}
shared="" reuse=false keep=false

fail() { echo "fresh_root.sh: $*" >&2; exit 2; }

while [[ ${1:-} == --* ]]; do
  case $1 in
    --with-shared) shared=$(realpath -e "${2:?--with-shared needs a folder}"); shift 2 ;;
    --reuse) reuse=true keep=true; shift ;;
    --keep) keep=true; shift ;;
    *) fail "unknown option $1; there are --with-shared DIR, --reuse and --keep" ;;
  esac
done
[[ $# -ge 2 ]] || fail "usage: fresh_root.sh [--with-shared DIR] [--reuse] [--keep] SUITE COMMAND"
suite=$1; shift
[[ $suite =~ ^[a-z]+$ ]] || fail "SUITE is a Debian code name such as bookworm, not '$suite'"
[[ $EUID -eq 0 ]] || fail "needs root, for chroot and mount"
command -v debootstrap >/dev/null || fail "needs debootstrap: apt-get install debootstrap"

pristine=$roots/pristine-$suite
root=$roots/run-$suite

# The host's mirrors: the archive's and, where it has one, the security archive's.
mirror_of() {
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v security="$1" '$2 == "main" && ($1 ~ /-security$/) == security { print $3; exit }'
}

write_apt_settings() { # ROOT
  local archive security settings
  archive=$(mirror_of 0) security=$(mirror_of 1)
  {
    echo "deb $archive $suite main"
    echo "deb $archive $suite-updates main"
    [[ -z $security ]] || echo "deb $security $suite-security main"
  } >"$1/etc/apt/sources.list"
  for settings in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do # proxies and the like
    [[ -f $settings && $settings != */docker-* ]] || continue
    if grep -q '^Acquire::' "$settings"; then cp "$settings" "$1/etc/apt/apt.conf.d/"; fi
  done
  if [[ -d /etc/apt/auth.conf.d ]]; then cp -r /etc/apt/auth.conf.d "$1/etc/apt/"; fi
}

make_pristine() {
  local archive
  archive=$(mirror_of 0)
  [[ -n $archive ]] || fail "found no Debian archive in this host's apt configuration"
  rm -rf "$pristine.part"
  debootstrap --variant=minbase "$suite" "$pristine.part" "$archive"
  mv "$pristine.part" "$pristine"
}

inside() { # in a mount namespace of its own
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  if [[ -n $shared ]]; then
    mkdir -p "$root/src/shared"
    mount --bind "$shared" "$root/src/shared"
    mount -o remount,bind,ro "$root/src/shared"
  fi
  local passed=() name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [[ -n ${!name:-} ]]; then passed+=("$name=${!name}"); fi
  done
  if [[ -f $root/etc/host-certificates.crt ]]; then passed+=(NODE_EXTRA_CA_CERTS=/etc/host-certificates.crt); fi
  exec chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "${passed[@]}" /bin/bash -c "cd /src/checkbox-classifier && $1"
}

mkdir -p "$roots"
[[ -d $pristine ]] || make_pristine
if [[ $reuse == false || ! -d $root ]]; then
  rm -rf --one-file-system "$root"
  cp -a --reflink=auto "$pristine" "$root"
  write_apt_settings "$root"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/host-certificates.crt"
  fi
  git clone --quiet --no-hardlinks "$repository" "$root/src/checkbox-classifier"
else
  git -C "$root/src/checkbox-classifier" pull --quiet --ff-only "$repository" HEAD
fi

export -f inside
export root shared
status=0
TIMEFORMAT="fresh_root.sh: $suite: %0R s (%0U s user and %0S s system on $(nproc) cores)"
time unshare --mount --propagation private /bin/bash -c 'inside "$1"' - "$*" </dev/null || status=$?
echo "fresh_root.sh: $suite: '$*' ended with exit status $status"
if [[ $keep == false ]]; then rm -rf --one-file-system "$root"; fi
exit $status
