# SPDX-License-Identifier: MIT
"""Connections that come and go at once, beside clients that want to be served. Needs cc, wrk and h2load."""

import contextlib
import pathlib
import subprocess
import tempfile
import time

from fault import fault, scaled
from server import HERE, Server, cpu_seconds, paced, wrk

RATE = 10_000


@contextlib.contextmanager
def storm():
    """A function that starts a storm on a port."""
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder, "storm")
        subprocess.run(["cc", "-O2", "-o", binary, HERE / "connects/storm.c"], check=True)
        # With less priority than the server: where all share two cores it would measure itself otherwise.
        yield lambda *arguments, nice=10: subprocess.Popen(
            ["nice", "-n", str(nice), binary, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


@fault("N7 connects", "10,000 connects a second, closed at once: no leak, the log is not flooded, p99 of hello ≤ 2 × (the part "
       "of the machine: the same storm on another program, which only accepts and closes)")
def connects():
    seconds, times = scaled(3, 2), scaled(3, 1)
    with storm() as start, Server() as server:
        rate = max(wrk(server, 2)[0] for _ in range(2)) * 0.2
        before = server.descriptors()
        elsewhere = start("accept", nice=0)
        ports = {"elsewhere": int(elsewhere.stdout.readline()), "here": server.port}
        p99s, made = {"calm": [], "elsewhere": [], "here": []}, []
        for _ in range(times):  # by turns, so that the machine's moods meet all three
            for where, found in p99s.items():
                if where == "calm":
                    found.append(paced(server, rate, seconds))
                    continue
                storming = start(ports[where], RATE, seconds + 1)
                time.sleep(0.5)
                found.append(paced(server, rate, seconds))
                made.append(float(storming.communicate()[0].split()[0]))
        # What one costs the server, and what it costs the other program.
        here_each, elsewhere_each = (_cost(start, port, file) for port, file in [
            (server.port, pathlib.Path(f"/proc/{server.process.pid}/stat")),
            (ports["elsewhere"], pathlib.Path(f"/proc/{elsewhere.pid}/stat"))])
        elsewhere.kill()
        elsewhere.wait()
        time.sleep(1.5)
        grown, lines = server.descriptors() - before, server.said().count("\n")
        calm, machine, here = (sorted(found)[times // 2] for found in p99s.values())
        return (f"{min(made):,.0f} to {max(made):,.0f}/s, {grown:+d} descriptors, {lines} log lines; hello at {rate:,.0f}/s: p99 "
                f"{calm:.2f} ms calm, {machine:.2f} with the storm on another program, {here:.2f} with it here: {here / calm:.1f} ×; one costs "
                f"{here_each:.0f} µs of CPU, {elsewhere_each:.0f} where it is only accepted and closed",
                grown <= 2 and lines < 50 and here <= 2 * max(calm, machine))


def _cost(start, port, file):
    """Microseconds of CPU for each connection of a storm beside which nothing is asked."""
    before = cpu_seconds(file)
    made = float(start(port, RATE, 2).communicate()[0].split()[0]) * 2
    return (cpu_seconds(file) - before) / made * 1e6
