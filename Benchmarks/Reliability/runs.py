# SPDX-License-Identifier: MIT
"""Runs that each return a figure: registered by name, chosen by --only, printed as a Markdown table."""

import argparse
import sys

RUNS = []
SHORT = False


def run(identifier, figure):
    """Registers a run: it returns (what was measured, whether that is good enough)."""
    def register(function):
        RUNS.append((identifier, figure, function))
        return function
    return register


def scaled(full, short):
    return short if SHORT else full


def main(description):
    global SHORT
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", help="names of runs, or parts of them, separated by commas")
    arguments.add_argument("--short", action="store_true", help="smaller numbers, about a minute in all")
    options = arguments.parse_args()
    SHORT = options.short
    try:
        import resource
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ImportError, ValueError):
        pass
    wanted = [part.strip().lower() for part in (options.only or "").split(",") if part.strip()]
    failed = 0
    print("| run | must be | measured | |\n|---|---|---|---|", flush=True)
    for identifier, figure, function in RUNS:
        if wanted and not any(part in identifier.lower() for part in wanted):
            continue
        try:
            measured, is_good = function()
        except Exception as error:  # a run that breaks is a figure that was not reached
            measured, is_good = f"{type(error).__name__}: {error}", False
        failed += not is_good
        print(f"| {identifier} | {figure} | {measured} | {'yes' if is_good else '**no**'} |", flush=True)
    sys.exit(1 if failed else 0)
