# SPDX-License-Identifier: MIT
"""Handlers that want all memory there is, fifty at once, again and again."""

import json
import random
import selectors
import socket
import time
import urllib.parse

from fault import fault, scaled
from server import HERE, Server, answer

AT_ONCE, WORKERS, VM, PAGE = 50, 2, 32, 4
LIMITS = {"MEMORY": "4MiB", "VM_MEMORY": f"{VM}MiB", "PAGE": f"{PAGE}MiB"}
MOST = VM * WORKERS + 64


def statuses(server, paths):
    """Asks for all at once; the statuses, 0 for no whole answer."""
    waiting, found = selectors.DefaultSelector(), []
    for path in paths:
        connection = server.connect()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        waiting.register(connection, selectors.EVENT_READ, bytearray())
    deadline = time.time() + 60
    while waiting.get_map() and time.time() < deadline:
        for key, _ in waiting.select(1):
            try:
                part = key.fileobj.recv(1 << 16)
            except ConnectionResetError:
                part = b""
            key.data.extend(part)
            if not part:
                head, _, body = bytes(key.data).partition(b"\r\n\r\n")
                is_whole = b"\r\n%d" % len(body) in head.replace(b"Content-Length: ", b"") and len(body) > 0
                found.append(int(head[9:12]) if is_whole else 0)
                waiting.unregister(key.fileobj)
                key.fileobj.close()
    for key in list(waiting.get_map().values()):
        key.fileobj.close()
    return found + [0] * (len(paths) - len(found))


def is_right(connections):
    """Whether each worker does its work as if nothing had been."""
    for connection in connections:
        connection.sendall(b"POST /right HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                           b"Content-Length: 8\r\n\r\nname=ada")
    answers = [answer(connection)[:2] for connection in connections]
    return all(each == (200, b"3 ada 902 ADA") for each in answers)


@fault("R5 memory hogs", "50 at once that want all memory, 1,000 rounds: 503 (or 500) each, RSS ≤ the VMs' limits + 64 MiB, "
       "both workers are right after each round, no crash")
def hogs():
    rounds, rng = scaled(1000, 20), random.Random(5)
    counts, most, wrong = {}, 0, 0
    with Server(app=HERE / "hogs/app.lua", flags=["--workers", str(WORKERS)], environment=LIMITS) as server:
        kinds = json.loads(server.get("/hogs")[1])
        # The kernel gives connections to workers by turns: four of them meet both.
        kept = [server.connect() for _ in range(4)]
        for connection in kept:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(rounds):
            # All of a kind and any kinds, by turns.
            chosen = [kinds[number // 2 % len(kinds)]] * AT_ONCE if number % 2 else rng.choices(kinds, k=AT_ONCE)
            for status in statuses(server, ["/hog/" + urllib.parse.quote(kind) for kind in chosen]):
                counts[status] = counts.get(status, 0) + 1
            most = max(most, server.resident() >> 10)
            wrong += not is_right(kept)
        told = ", ".join(f"{count:,} × {status or 'nothing'}" for status, count in sorted(counts.items()))
        return (f"{len(kinds)} kinds, {rounds:,} rounds: {told}; {most} MiB resident at most of {MOST}; "
                f"{wrong} rounds with a wrong answer after them",
                set(counts) <= {500, 503} and most <= MOST and wrong == 0 and server.is_alive())
