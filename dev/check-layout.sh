#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Checks what no compiler does: who imports whom, and what every file carries. Exit code 1 with the reasons.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
complain() {
  echo "$1" >&2
  status=1
}

# forbid PATTERN REASON FILES…: no file matches.
forbid() {
  local pattern=$1 reason=$2
  shift 2
  local found
  found=$(grep -rnE --include='*.swift' --include='*.c' --include='*.h' "$pattern" "$@" || true)
  if [[ -n $found ]]; then complain "$reason"$'\n'"$found"; fi
}

# All folders of LuaHTTP but those named.
folders_without() {
  local folder name
  for folder in Sources/LuaHTTP/*/; do
    name=$(basename "$folder")
    [[ " $* " == *" $name "* ]] || echo "$folder"
  done
}

import='^ *(internal |public |private |@[a-zA-Z]+ )*import '
# shellcheck disable=SC2046 # folder names have no spaces
{
  forbid "${import}CLua" 'CLua is imported outside of Lua/ and Template/:' $(folders_without Lua Template) Sources/luahttpd
  forbid "${import}CLua" 'CLua is imported by a part of the template engine that knows no Lua:' \
    Sources/LuaHTTP/Template/Syntax Sources/LuaHTTP/Template/Compile Sources/LuaHTTP/Template/Lint
  forbid "${import}CZlib" 'CZlib is imported outside of Compression/:' $(folders_without Compression) Sources/luahttpd
  forbid "${import}CZstd" 'CZstd is imported outside of Compression/:' $(folders_without Compression) Sources/luahttpd
  forbid "${import}NIOPosix" 'NIOPosix is imported outside of Server/, Worker/ and Client/:' $(folders_without Server Worker Client)
  forbid "${import}NIO" 'a folder that knows no channels imports NIO:' $(folders_without Server Worker HTTP HTTP2 TLS Proxy Script Reload Client)
  forbid "${import}(AsyncHTTPClient|NIOHTTP1)" 'the HTTP client is imported outside of Client/:' $(folders_without Client)
  forbid "${import}(NIOSSL|NIOTLS)" 'TLS is imported outside of TLS/ and Client/:' $(folders_without TLS Client)
  forbid "${import}(X509|Crypto|SwiftASN1)" 'certificates are read outside of TLS/:' $(folders_without TLS)
  forbid "${import}(NIOHTTP2|NIOHPACK)" 'HTTP/2 is imported outside of HTTP2/:' $(folders_without HTTP2)
  forbid "${import}(struct )?Foundation" 'the library imports Foundation:' $(folders_without TLS)
  forbid '\b(try!|as!)' 'a forced try or cast (a remote crash if it can be reached):' Sources
}
forbid '#include *[<"](lua5\.4/)?(lua|lauxlib|lualib)\.h' 'a public header of CLua shows Lua to Swift:' Sources/CLua/include

while IFS= read -r file; do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || complain "no SPDX line: $file"
done < <(find Package.swift Makefile Sources Tests Examples scripts dev .ci Benchmarks -not -path '*/.build/*' -type f \
  \( -name '*.swift' -o -name '*.c' -o -name '*.h' -o -name '*.lua' -o -name '*.sh' -o -name Makefile -o -name run -o -name '*.py' \))

exit $status
