#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs what building (build), testing (test) or measuring (bench) needs besides Swift. Says what it installs; silent when
# all is there. Uses apt-get as root or through sudo; on other systems it says what to install.
set -euo pipefail

fail() {
  printf 'luahttpd: %s\n' "$*" >&2
  exit 1
}

purpose=${1:-build}
case $purpose in
  build | test | bench) ;;
  *) fail "usage: $0 build|test|bench" ;;
esac

command -v swift >/dev/null 2>&1 ||
  fail "Swift 6.2 or later is needed and not found in PATH: see https://www.swift.org/install/"

if [[ $(uname -s) == Darwin ]]; then
  # Lua and zstd of Homebrew; their headers and libraries are found through the prefix.
  command -v brew >/dev/null 2>&1 || fail "Lua 5.4 is needed: install Homebrew (https://brew.sh), then 'brew install lua'"
  for formula in lua zstd; do
    brew list --versions "$formula" >/dev/null 2>&1 || {
      echo "luahttpd: installing $formula with Homebrew" >&2
      brew install "$formula"
    }
  done
  exit 0
fi

# What the compiler and the package manager need; a Swift image has it, a bare tarball may not.
missing=()
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
has_lua() { [[ -e /usr/include/lua5.4/lua.h ]] && compgen -G '/usr/lib/*/liblua5.4.a'; }
need liblua5.4-dev has_lua
has_zlib() { [[ -e /usr/include/zlib.h ]] && compgen -G '/usr/lib/*/libz.a'; }
need zlib1g-dev has_zlib
has_zstd() { [[ -e /usr/include/zstd.h ]] && compgen -G '/usr/lib/*/libzstd.a'; }
need libzstd-dev has_zstd
need git command -v git
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need binutils command -v ld
need g++ compgen -G '/usr/include/c++/*/vector'
if [[ $purpose == test ]]; then
  # C modules of Lua, to see that `require` finds and runs them.
  need lua-cjson compgen -G '/usr/lib/*/lua/5.4/cjson.so'
  need lua-lpeg compgen -G '/usr/lib/*/lua/5.4/lpeg.so'
  # A browser, to see that open pages follow the files of an app.
  has_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
  need chromium has_browser
  # Clients of TLS and HTTP/2.
  need curl command -v curl
  need openssl command -v openssl
  # The budgets of a request are counted by callgrind.
  need valgrind command -v valgrind
  need python3 command -v python3
  # The recipes of docs/operations.md.
  need nginx test -x /usr/sbin/nginx
  need haproxy test -x /usr/sbin/haproxy
  need zstd command -v zstd
fi
if [[ $purpose == bench ]]; then
  # The peers, the load generator, and the harness.
  need nginx test -x /usr/sbin/nginx
  need libnginx-mod-http-lua test -e /usr/lib/nginx/modules/ngx_http_lua_module.so
  need lua-cjson compgen -G '/usr/lib/*/lua/5.1/cjson.so'
  need wrk command -v wrk
  # A load of a given rate, and a clock that jumps (Benchmarks/Reliability).
  need nghttp2-client command -v h2load
  need libfaketime compgen -G '/usr/lib/*/faketime/libfaketime.so.1'
  need python3 command -v python3
  need curl command -v curl
fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

command -v apt-get >/dev/null 2>&1 || fail "these packages of Debian, or what your system calls them, are needed: ${missing[*]}
(Lua 5.4, zlib and zstd with their headers and static libraries; for the tests also Lua's cjson and lpeg modules, and Chromium)"

as_root=()
if [[ $EUID -ne 0 ]]; then
  command -v sudo >/dev/null 2>&1 ||
    fail "run as root or install sudo, or install these packages yourself: apt-get install ${missing[*]}"
  as_root=(sudo)
fi

echo "luahttpd: installing ${missing[*]} (apt-get)" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
