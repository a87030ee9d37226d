# SPDX-License-Identifier: MIT
"""What an endless loop of one worker does to the other. Needs cc."""

import contextlib
import pathlib
import select
import subprocess
import sys
import tempfile
import time

from fault import fault, scaled
from server import HERE, Server, answer

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@contextlib.contextmanager
def client(rate, seconds):
    """A function that asks over these connections: the 50th and 99th percentile in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder, "ask")
        subprocess.run(["cc", "-O2", "-o", binary, HERE / "waits/ask.c"], check=True)

        def ask(connections):
            numbers = [connection.fileno() for connection in connections]
            text = subprocess.run([binary, str(rate), str(seconds), *map(str, numbers)], pass_fds=numbers,
                                  capture_output=True, text=True, check=True).stdout
            _, median, p99, _ = map(int, text.split())
            return median / 1000, p99 / 1000
        yield ask


def answered(connections, seconds):
    """Those that have something to read within this time."""
    deadline, found = time.time() + seconds, set()
    while time.time() < deadline:
        readable, _, _ = select.select([each for each in connections if each not in found], [], [], 0.01)
        found.update(readable)
    return [connection for connection in connections if connection in found]


def during_a_loop(server, ask):
    """What the connections of the worker that does not loop saw, those connections, and how the loop ended."""
    connections = [server.connect() for _ in range(16)]
    for connection in connections:
        connection.settimeout(None)  # ask.c waits in recv
    bad = server.connect()
    bad.sendall(b"GET /bad/loop HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.1)
    for connection in connections:
        connection.sendall(REQUEST)
    others = answered(connections, 0.3)
    for connection in others:
        answer(connection)
    times = ask(others)
    assert not answered([bad], 0.01), "the loop has ended too early"
    status = answer(bad)[0]
    for connection in connections:
        if connection not in others:
            answer(connection)
    return times, others, status


@fault("W4 other workers", "an endless loop on one worker: p99 of hello on the other ≤ 2 × (the part of the machine: the same "
       "beside a program that loops)")
def other_workers():
    seconds, times = scaled(3, 1), scaled(3, 1)
    calm, machine, here, ends, counts = [], [], [], [], []
    with client(2000, seconds) as ask:
        for _ in range(times):
            with Server(app=HERE / "waits/app.lua", flags=["--workers", "2"], environment={"CPU": f"{2 * seconds + 2}s"}) as server:
                found, others, status = during_a_loop(server, ask)
                here.append(found)
                ends.append(status)
                counts.append(len(others))
                calm.append(ask(others))
                looping = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                time.sleep(0.3)
                machine.append(ask(others))
                looping.kill()
                looping.wait()
    (calm50, calm99), (_, machine99), (here50, here99) = (sorted(each, key=lambda pair: pair[1])[times // 2]
                                                          for each in (calm, machine, here))
    return (f"2,000/s over {min(counts)} of 16 connections: p99 {calm99:.2f} ms calm, {machine99:.2f} beside a program that loops, "
            f"{here99:.2f} beside the loop (median {calm50:.2f} and {here50:.2f}); the loop {ends[0]}",
            here99 <= 2 * max(calm99, machine99) + 0.1 and min(counts) >= 4 and set(ends) == {503})
