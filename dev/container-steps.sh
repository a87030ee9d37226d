#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the steps of the Dockerfile without a container engine: builds as its first stage does, puts what the second one
# copies into an empty root beside the C library, and serves from there, as its user, with its settings and command.
# Needs root (for chroot); says so and does nothing otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'container-steps: %s\n' "$*" >&2
  exit 1
}

if [[ $EUID -ne 0 ]] || ! command -v setpriv >/dev/null || ! command -v python3 >/dev/null; then
  echo "container-steps: skipped: needs root, setpriv and python3" >&2
  exit 0
fi

work=$(mktemp -d)
server=
cleanup() {
  [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
  ! mountpoint -q "$work/root/proc" || umount "$work/root/proc" || return
  rm -rf "$work"
}
trap cleanup EXIT
root=$work/root
mkdir -p "$root"

# --- the steps, as they are written; an instruction that this script does not know is an error.
stage=0 workdir=/ user=
declare -a entrypoint command environment=()
words() { python3 -c 'import json,sys; print("\n".join(json.loads(sys.argv[1])))' "$1"; }
while read -r instruction rest; do
  case $instruction in
    '' | '#'*) ;;
    FROM) stage=$((stage + 1)) ;;
    WORKDIR)
      workdir=$rest
      ((stage == 1)) || mkdir -p "$root$rest"
      ;;
    COPY)
      if ((stage == 1)); then
        [[ $rest == ". ." ]] || fail "COPY $rest: the first stage copies everything"
      else
        read -r from source target <<<"$rest"
        [[ $from == --from=build ]] || fail "COPY $rest: from where?"
        install -D -m 755 "$work$source" "$root$target"
      fi
      ;;
    RUN)
      if ((stage == 1)); then
        # In place, so that what is built already need not be built again; only /out lies elsewhere.
        bash -euc "${rest//\/out/$work\/out}" </dev/null
      else
        # Packages of Debian are Debian's: only their names are looked at.
        for package in $(sed -n 's/.*install -y --no-install-recommends \([a-z -]*\).*/\1/p' <<<"$rest"); do
          apt-cache show "$package" >/dev/null 2>&1 || fail "there is no package $package"
        done
      fi
      ;;
    USER) user=$rest ;;
    ENV) environment+=("$rest") ;;
    EXPOSE) port=$rest ;;
    ENTRYPOINT) mapfile -t entrypoint < <(words "$rest") ;;
    CMD) mapfile -t command < <(words "$rest") ;;
    *) fail "unknown instruction $instruction" ;;
  esac
done <Dockerfile

# --- what Debian's image has and the binary needs: the C library and its loader, nothing else.
binary=$root${entrypoint[0]}
needed=$(ldd "$binary" | grep -oE '/[^ ]+' | sort -u)
for library in $needed; do
  case $(basename "$library") in
    libc.so.6 | libm.so.6 | libgcc_s.so.1 | ld-linux-*) install -D -m 755 "$(readlink -f "$library")" "$root$library" ;;
    *) fail "the binary needs $library, which the image does not have" ;;
  esac
done
mkdir -p "$root/tmp" "$root/var/tmp" "$root/dev" "$root/proc" && chmod 1777 "$root/tmp" "$root/var/tmp"
cp -a /dev/null "$root/dev/"
mount -t proc proc "$root/proc"  # the arguments of a program in Swift come from there
mkdir -p "$root$workdir/templates"
cat >"$root$workdir/app.lua" <<'LUA'
local app = require "luahttpd"
app:get("/", function(req) return { who = "container" }, "page.html" end)
LUA
echo 'Hello, {{ who }}!' >"$root$workdir/templates/page.html"

# --- serve on another port than the one exposed, which may be taken here.
address=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
[[ " ${environment[*]} " == *" LUAHTTPD_LISTEN=:$port "* ]] || fail "EXPOSE $port is not what LUAHTTPD_LISTEN says"
cd "$root"
env -i "${environment[@]}" LUAHTTPD_LISTEN="$address" setpriv --no-new-privs --reuid "${user%:*}" --regid "${user#*:}" \
  --clear-groups --bounding-set=-all,+sys_chroot --inh-caps=+sys_chroot --ambient-caps=+sys_chroot \
  python3 -c 'import os,sys; os.chroot("."); os.chdir(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])' \
  "$workdir" "${entrypoint[@]}" "${command[@]}" >"$work/out.log" 2>"$work/err.log" &
server=$!
python3 - "$address" <<'PYTHON' || fail "no page: $(cat "$work/err.log")"
import sys, time, urllib.request
for attempt in range(300):
    try:
        page = urllib.request.urlopen(f"http://{sys.argv[1]}/", timeout=5).read()
        sys.exit(0 if page == b"Hello, container!" else f"unexpected page {page!r}")
    except OSError:
        time.sleep(0.1)
sys.exit("nobody answers")
PYTHON
[[ $(stat -c %u "/proc/$server") == "${user%:*}" ]] || fail "it does not run as $user"
kill -TERM "$server"
wait "$server" || fail "it ended with $? after SIGTERM: $(cat "$work/err.log")"
server=
echo "container-steps: built, served and stopped as the Dockerfile says; $(du -h "$binary" | cut -f1) binary"
