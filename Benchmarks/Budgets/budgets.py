#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what a request costs: instructions in user space and calls of malloc, counted by callgrind.

Counts do not depend on what else the machine does, so a regression fails here and not in a timed test. The limits are
in budgets.json. --profile NAME prints the functions behind a count, --picture FILE draws the layers of all cases.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import picture

HERE = pathlib.Path(__file__).resolve().parent
APP = HERE.parent / "SideBySide" / "app"
ALLOCATORS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc")

# name, request line and fields, how many are counted
CASES = [
    ("hello", "GET / HTTP/1.1\r\n", 500),
    ("json", "GET /json HTTP/1.1\r\n", 500),
    ("params", "GET /users/42?verbose=1 HTTP/1.1\r\nX-Client: wrk\r\n", 500),
    ("fortunes", "GET /fortunes HTTP/1.1\r\n", 200),
    ("rows", "GET /rows HTTP/1.1\r\n", 20),
]


class Callgrind:
    """The server under callgrind; dumps its counters on demand."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="luahttpd-budgets-"))
        (APP / "public").mkdir(exist_ok=True)
        # callgrind 3.19 stumbles over DWARF 5; the symbols are enough.
        stripped = self.folder / "luahttpd"
        subprocess.run(["strip", "-g", "-o", stripped, binary], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.folder}/out", stripped, "app.lua",
             "--port", str(self.port), "--workers", "1", "--prod", "--no-access-log"],
            cwd=APP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.dumps = 0
        self.connection = self._connect()

    def _connect(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not start under callgrind")

    def control(self, option):
        subprocess.run(["callgrind_control", option, str(self.process.pid)], check=True, capture_output=True)

    def exchange(self, request):
        """Sends a request and reads its whole answer; returns nothing."""
        self.connection.sendall(request)
        data = b""
        while not self._is_whole(data):
            piece = self.connection.recv(1 << 20)
            if not piece:
                raise SystemExit(f"the server closed the connection after {data[:80]!r}")
            data += piece

    @staticmethod
    def _is_whole(data):
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            return False
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")

    def count(self, request, repetitions):
        """The profile of `repetitions` requests."""
        for _ in range(2):
            for _ in range(20):
                self.exchange(request)
            # What happens once a second, and for the first time at the first request of a second, is not counted.
            time.sleep(1.1)
        self.control("-z")
        for _ in range(repetitions):
            self.exchange(request)
        self.control("-d")
        self.dumps += 1
        return Profile(self.folder / f"out.{self.dumps}", repetitions)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Profile:
    """A dump of callgrind: instructions of each function itself, and calls of each."""

    def __init__(self, path, repetitions):
        self.repetitions = repetitions
        names, own, calls = {}, collections.Counter(), collections.Counter()
        function = callee = None
        is_call = False
        for line in path.read_text(errors="replace").splitlines():
            if match := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line):
                called, number, name = match.groups()
                if name:
                    names[number] = name
                if called:
                    callee = number
                else:
                    function = number
            elif line.startswith("calls="):
                calls[callee] += int(line[6:].split()[0])
                is_call = True
            elif line[:1] in "0123456789+-*" and line:
                if not is_call:
                    own[function] += int(line.split()[1])
                is_call = False
        self.own = {names.get(number, number): cost for number, cost in own.items()}
        self.calls = {names.get(number, number): count for number, count in calls.items()}

    @property
    def instructions(self):
        return sum(self.own.values()) / self.repetitions

    @property
    def allocations(self):
        return sum(self.calls.get(name, 0) for name in ALLOCATORS) / self.repetitions

    def show(self, count=60):
        top = sorted(self.own.items(), key=lambda item: -item[1])[:count]
        text = subprocess.run(["swift", "demangle", "--simplified"], input="\n".join(name for name, _ in top),
                              capture_output=True, text=True).stdout.splitlines()
        for (_, cost), name in zip(top, text):
            print(f"{cost / self.repetitions:10.0f}  {name[:120]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--profile", help="a case whose functions are printed")
    parser.add_argument("--picture", type=pathlib.Path, help="where to draw the layers of all cases (SVG)")
    options = parser.parse_args()
    limits = json.loads((HERE / "budgets.json").read_text())
    server, failed, profiles = Callgrind(options.binary), False, {}
    try:
        for name, fields, repetitions in CASES:
            profile = server.count((fields + "Host: localhost\r\n\r\n").encode(), repetitions)
            profiles[name] = profile
            limit = limits[name]
            found = {"instructions": profile.instructions, "allocations": profile.allocations}
            over = [key for key in limit if found[key] > limit[key]]
            print(f"{name:9} {found['instructions']:9.0f} instructions (at most {limit['instructions']}), "
                  f"{found['allocations']:6.2f} allocations (at most {limit['allocations']})"
                  + (f"  OVER: {', '.join(over)}" if over else ""), flush=True)
            failed |= bool(over)
            if options.profile == name:
                profile.show()
    finally:
        server.stop()
    if options.picture:
        options.picture.write_text(picture.svg(profiles))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
