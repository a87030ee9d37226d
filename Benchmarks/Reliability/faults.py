#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults and hostile clients against the built server, each with the figure that it must reach.

    python3 Benchmarks/Reliability/faults.py [--only NAME,…] [--short]

Prints a Markdown table; exit code 1 if a figure was not reached. LUAHTTPD_BINARY names another build. Needs
what `dev/install-dependencies.sh bench` installs; the full disk needs root.
docs/reliability.md says what each row means."""

import argparse
import sys

# Each import puts its runs on the list.
import mistakes  # noqa: F401
import machine  # noqa: F401
import clients  # noqa: F401
import connects  # noqa: F401
import uploads  # noqa: F401
import waits  # noqa: F401
import loops  # noqa: F401
import hogs  # noqa: F401
import http2  # noqa: F401
import restarts  # noqa: F401
import handshakes  # noqa: F401
from fault import FAULTS, Size


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", help="names of runs, or parts of them, separated by commas")
    arguments.add_argument("--short", action="store_true", help="smaller numbers, about a minute in all")
    options = arguments.parse_args()
    Size.is_short = options.short
    try:
        import resource
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ImportError, ValueError):
        pass
    wanted = [part.strip().lower() for part in (options.only or "").split(",") if part.strip()]
    failed = 0
    print("| run | must be | measured | |\n|---|---|---|---|", flush=True)
    for identifier, figure, function in FAULTS:
        if wanted and not any(part in identifier.lower() for part in wanted):
            continue
        try:
            measured, is_good = function()
        except Exception as error:  # a run that breaks is a figure that was not reached
            measured, is_good = f"{type(error).__name__}: {error}", False
        failed += not is_good
        print(f"| {identifier} | {figure} | {measured} | {'yes' if is_good else '**no**'} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
