# SPDX-License-Identifier: MIT
"""What the machine does: descriptors, signals, files, the clock."""

import email.utils
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from fault import fault, scaled
from server import BINARY, HERE, Server, answer


@fault("R4 descriptors", "ulimit -n 128, 400 clients: no crash, no spin, idle ones make room, files still open")
def descriptors():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a.txt").write_text("content")
        with Server(files=folder, prefix=["sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"]) as server:
            clients, served = [], 0
            for _ in range(400):
                connection = server.connect()
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                try:
                    served += answer(connection)[0] == 200
                except (OSError, ConnectionError):
                    pass
                clients.append(connection)
            cpu, begun = server.cpu(), time.time()
            time.sleep(3)
            load = (server.cpu() - cpu) / (time.time() - begun)
            begun = time.time()
            newcomers = sum(_is_served(server) for _ in range(20))
            took = time.time() - begun
            alive = server.is_alive()
            return (f"{served} of 400 served, {load:.1%} of a core while full, {newcomers} of 20 that come then get a file, in {took:.1f} s",
                    alive and load < 0.2 and took <= 1.5 and newcomers == 20)


def _is_served(server):
    try:
        return server.get("/files/a.txt", timeout=5)[1] == b"content"
    except OSError:
        return False


@fault("R4b EMFILE", "accept itself fails: it pauses and comes back")
def emfile():
    prefix = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"]
    with Server(limits={"connections": 10000}, prefix=prefix) as server:
        clients = [server.connect() for _ in range(200)]
        time.sleep(1)
        cpu, begun = server.cpu(), time.time()
        time.sleep(3)
        load = (server.cpu() - cpu) / (time.time() - begun)
        for client in clients:
            client.close()
        begun = time.time()
        status = 0
        while status != 200 and time.time() - begun < 10:
            try:
                status = server.get("/", timeout=5)[0]
            except OSError:
                pass
        took = time.time() - begun
        return f"{load:.1%} of a core meanwhile, served {took:.1f} s after", load < 0.2 and status == 200 and took <= 5


@fault("R13 SIGTERM under load", "0 lost, `Connection: close`, exit 0")
def sigterm():
    lost, done, closes = 0, 0, 0
    lock = threading.Lock()
    with Server() as server:
        stopping = threading.Event()

        def client():
            nonlocal lost, done, closes
            rng = random.Random()
            while not stopping.is_set():
                try:
                    connection = server.connect()
                except OSError:
                    return  # not accepted any more
                try:
                    buffer = b""
                    while True:
                        path = rng.choice(["/", "/page", "/wait/50", "/big/300000"])
                        try:
                            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                        except OSError:
                            break
                        try:
                            status, _, buffer, head = answer(connection, buffer)
                        except (OSError, ConnectionError) as error:
                            # An idle connection may be closed while the request is on its way (RFC 9112 §9.5):
                            # lost is what was begun to be answered, or sent long before the end.
                            with lock:
                                lost += "inside a body" in str(error)
                            break
                        with lock:
                            done += 1
                            closes += b"connection: close" in head.lower()
                        if status != 200 or b"connection: close" in head.lower():
                            break
                finally:
                    connection.close()
        threads = [threading.Thread(target=client) for _ in range(32)]
        for thread in threads:
            thread.start()
        time.sleep(scaled(3, 1))
        # One that is surely under way when the signal comes.
        slow = server.connect()
        slow.sendall(b"GET /wait/1500 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        begun = time.time()
        server.process.send_signal(signal.SIGTERM)
        status, _, _, head = answer(slow)
        slow_closes = b"connection: close" in head.lower()
        code = server.process.wait(20)
        took = time.time() - begun
        stopping.set()
        for thread in threads:
            thread.join()
        return (f"{done} answered, {lost} lost, {closes} told to close, exit {code} after {took:.1f} s",
                lost == 0 and code == 0 and status == 200 and slow_closes)


@fault("R15 signals", "SIGSTOP 5 s and SIGCONT, SIGHUP, SIGUSR1, SIGPIPE, closed streams: it goes on")
def signals():
    with Server() as server:
        connection = server.connect()
        server.process.send_signal(signal.SIGPIPE)
        server.process.send_signal(signal.SIGHUP)
        server.process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGSTOP)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(5)
        begun = time.time()
        server.process.send_signal(signal.SIGCONT)
        status = answer(connection)[0]
        took = time.time() - begun
        good = status == 200 and server.is_alive()
    with tempfile.TemporaryFile():
        port_file = subprocess.Popen(
            ["sh", "-c", f"exec '{BINARY}' '{HERE / 'app.lua'}' --prod --port 18567 0<&- 1>&- 2>&-"])
        try:
            time.sleep(1.5)
            with socket.create_connection(("127.0.0.1", 18567), 10) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                closed = answer(connection)[0]
        finally:
            port_file.terminate()
            port_file.wait(20)
    return f"{status} {took * 1000:.0f} ms after SIGCONT; {closed} without standard streams", good and closed == 200


@fault("S1 files change", "truncated: the connection is cut; replaced or deleted: the old content, whole")
def files_change():
    size = 40 << 20
    with tempfile.TemporaryDirectory() as folder:
        with Server(files=folder) as server:
            outcomes = []
            for what in ["truncate", "replace", "delete"]:
                path = pathlib.Path(folder, "f.bin")
                path.write_bytes(b"a" * size)
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                connection.settimeout(30)
                connection.connect(("127.0.0.1", server.port))
                connection.sendall(b"GET /files/f.bin HTTP/1.1\r\nHost: a\r\n\r\n")
                received = len(connection.recv(65536).partition(b"\r\n\r\n")[2])
                if what == "truncate":
                    os.truncate(path, 1 << 20)
                elif what == "replace":
                    pathlib.Path(folder, "new").write_bytes(b"b" * size)
                    os.replace(pathlib.Path(folder, "new"), path)
                else:
                    path.unlink()
                strange = 0
                try:
                    while received < size and (part := connection.recv(1 << 20)):
                        received += len(part)
                        strange += len(part) - part.count(b"a")
                except ConnectionResetError:
                    pass
                outcomes.append((what, received, strange))
            # What the kernel has taken from a file that shrinks may read as zeros: what counts is the cut.
            good = outcomes[0][1] < size and all(r == size and strange == 0 for _, r, strange in outcomes[1:])
            hello = server.get("/")[1]
            return ", ".join(f"{w}: {r >> 20} of 40 MiB" for w, r, _ in outcomes), good and hello == b"hello"


def faketime():
    """The library, where Debian's package has it."""
    return next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@fault("S2 clock", "±1 h: nothing is closed or woken early, sleeps end in time, Date follows, no spinning")
def clock_jumps():
    library = faketime()
    if library is None:
        return "not run: libfaketime is not installed", True
    with tempfile.TemporaryDirectory() as folder:
        offset = pathlib.Path(folder, "offset")
        offset.write_text("+0")
        environment = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                       "DONT_FAKE_MONOTONIC": "1"}
        # The library adds to the environment when it starts, and Swift finds its arguments by the environment: a shell
        # that is replaced has done that before.
        with Server(environment=environment, prefix=["sh", "-c", "exec \"$@\"", "sh"]) as server:
            idle = [server.connect() for _ in range(100)]
            for connection in idle:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                answer(connection)
            measured, good = [], True
            for jump in ["+3600", "-3600", "+0"]:
                slow = server.connect()
                slow.sendall(b"GET /wait/2000 HTTP/1.1\r\nHost: a\r\n\r\n")
                begun, cpu = time.time(), server.cpu_of_loops()
                time.sleep(0.3)
                offset.write_text(jump)
                status = answer(slow)[0]
                took = time.time() - begun
                # Not those of other threads: the library gets timers of libdispatch wrong.
                load = (server.cpu_of_loops() - cpu) / took
                alive = 0
                for connection in idle:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    _, body, _, head = answer(connection)
                    alive += body == b"hello"
                date = email.utils.parsedate_to_datetime(re.search(rb"(?i)date: ([^\r]+)", head)[1].decode()).timestamp()
                off = date - time.time() - int(jump)
                measured.append(f"{jump} s: {alive} of 100 kept, a sleep of 2 s took {took:.2f} s with {load:.0%} of a core, "
                                f"Date off by {abs(off):.0f} s")
                good = good and status == 200 and alive == 100 and 1.9 < took < 2.5 and abs(off) < 2.5 and load < 0.2
            return "; ".join(measured), good


SWAP = """
import os, sys
root = sys.argv[1]
with open(root + "/own", "w") as file:
    file.write("own")
os.symlink("../secret", root + "/link")
while True:
    os.link(root + "/own", root + "/a")
    os.replace(root + "/a", root + "/swap")
    os.symlink("../secret", root + "/a")
    os.replace(root + "/a", root + "/swap")
"""


@fault("§3.6 links", "a file and a link out of the root change places: not one byte from outside in a million requests")
def links():
    count = scaled(1_000_000, 50_000)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "root")
        root.mkdir()
        pathlib.Path(folder, "secret").write_text("outside")
        with Server(files=root) as server:
            swapping = subprocess.Popen([sys.executable, "-c", SWAP, str(root)])
            try:
                burst = b"GET /files/swap HTTP/1.1\r\nHost: a\r\n\r\n" * 100
                counts, buffer = {}, b""
                connection = server.connect()
                for _ in range(count // 100):
                    connection.sendall(burst)
                    for _ in range(100):
                        status, body, buffer, head = answer(connection, buffer)
                        kind = (status, body if status == 200 else b"")
                        counts[kind] = counts.get(kind, 0) + 1
                        if b"connection: close" in head.lower():
                            connection, buffer = server.connect(), b""
                            break
            finally:
                swapping.kill()
                swapping.wait()
        inside = counts.get((200, b"own"), 0)
        refused = sum(n for (status, _), n in counts.items() if status in (403, 404))
        return (f"{inside} × the file, {refused} × refused, {sum(counts.values()) - inside - refused} × anything else",
                inside > 0 and refused > 0 and inside + refused == sum(counts.values()))
