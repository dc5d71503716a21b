# What script/demo and script/test share; sourced by them.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

# Debian packages that are not there yet, as root or with sudo.
install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and without root or sudo they cannot be installed here: ${missing[*]}" >&2
      return 1
    fi
  fi
  say "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A virtual environment in .venv, whose programs are used from here on.
use_environment() {
  if [ ! -x .venv/bin/python ]; then
    say "making a virtual environment in .venv"
    python3 -m venv .venv
  fi
  PATH="$PWD/.venv/bin:$PATH"
}

build_packages=(g++ cmake ninja-build libdeflate-dev zlib1g-dev libmd-dev libbz2-dev liblzma-dev libzstd-dev nlohmann-json3-dev libcli11-dev pkg-config python3 python3-venv python3-dev)
# Headers that need nothing but the C++ library of a target.
wasm_headers=(libdeflate.h zlib.h nlohmann sha2.h)
