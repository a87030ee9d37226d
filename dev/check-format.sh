#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Says which Swift files are not formatted as `make format` does it; exit code 1 if there are any.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
while IFS= read -r file; do
  if ! swift format "$file" | cmp -s - "$file"; then
    echo "not formatted: $file (run 'make format')" >&2
    status=1
  fi
done < <(find Package.swift Sources Tests Examples -name '*.swift')
exit $status
