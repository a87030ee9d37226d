#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults and hostile clients against the built server, each with the figure that it must reach.

    python3 Benchmarks/Reliability/faults.py [--only NAME,…] [--short]

Prints a Markdown table; exit code 1 if a figure was not reached. LUAHTTPD_BINARY names another build. Needs wrk.
docs/reliability.md says what each row means."""

import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from runs import main, run, scaled
from server import BINARY, HERE, Server, answer, wrk

def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hold(server, count):
    """So many connections; the loopback has several addresses, each with its own ports."""
    connections = []
    for index in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.0.{2 + index // 20000}", 0))
        connection.connect(("127.0.0.1", server.port))
        connections.append(connection)
    return connections


@run("N1 slowloris", "5,000 connections, a byte every 2 s: hello beside them ≥ 80 %, ≤ 16 KiB each, 408 at 10 s ± 1 s")
def slowloris():
    count = scaled(5000, 300)
    with Server() as server:
        calm, _ = wrk(server, scaled(5, 2))
        before = server.resident()
        connections = hold(server, count)
        for connection in connections:
            connection.sendall(b"G")
        begun = time.time()
        stop = threading.Event()

        def drip():
            for byte in b"ET / HTTP/1.1\r\nX: ":
                if stop.wait(2):
                    return
                for connection in connections:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        pass
        thread = threading.Thread(target=drip)
        thread.start()
        rates = [wrk(server, 3)[0]]
        each = (server.resident() - before) / count
        first = connections[0]
        first.settimeout(20)
        status, _, _, _ = answer(first)
        after = time.time() - begun
        stop.set()
        thread.join()
        for connection in connections:
            connection.close()
        share = max(rates) / calm
        return (f"{share:.0%} of {calm:.0f}/s, {each:.1f} KiB each, {status} after {after:.1f} s",
                share >= 0.8 and each <= 16 and status == 408 and 9 <= after <= 11.5)


@run("§3.3 slow body", "a body slower than the limits gets 408; no handler waits for it")
def slow_body():
    with Server(limits={"body_time": "2s"}) as server:
        connections = [server.connect() for _ in range(scaled(200, 20))]
        for connection in connections:
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx")
        begun = time.time()
        statuses = []
        for connection in connections:
            # A byte now and then is no silence, but below the rate.
            while time.time() - begun < 1.5 and connection is connections[0]:
                for each in connections:
                    each.send(b"x")
                time.sleep(0.3)
            statuses.append(answer(connection)[0])
        took = time.time() - begun
        hello = server.get("/")[1]
        return (f"{statuses.count(408)} of {len(statuses)} × 408 within {took:.1f} s",
                statuses.count(408) == len(statuses) and hello == b"hello")


@run("N2 slow readers", "50 readers of a 1 GB file: ≤ 1 MB each, those that stop are cut")
def slow_readers():
    size = scaled(1 << 30, 64 << 20)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/large.bin", "wb") as file:
            file.truncate(size)
        with Server(files=folder, limits={"write_stall": "5s"}) as server:
            server.get("/")
            before = server.resident()
            connections = []
            for _ in range(50):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", server.port))
                connection.sendall(b"GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
                connections.append(connection)
            most = 0
            for _ in range(scaled(40, 10)):
                for connection in connections[:25]:
                    connection.recv(2048)
                most = max(most, server.resident() - before)
                time.sleep(0.1)
            deadline = time.time() + 30
            while server.descriptors() > 60 and time.time() < deadline:
                for connection in connections[:25]:
                    connection.recv(65536)
                time.sleep(0.2)
            open_files = server.descriptors()
            hello = server.get("/")[1]
            return (f"{most / 50:.0f} KiB each; stalled ones cut ({server.said().count('limit write_stall')} log line)",
                    most / 50 <= 1000 and hello == b"hello" and "limit write_stall" in server.said()
                    and open_files < 100)


@run("§3.3 pipelining", "10,000 requests in one write: answered in order, memory flat")
def pipelining():
    with Server() as server:
        count = 9999
        with server.connect() as warm:
            warm.sendall(b"GET /n/1 HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
            buffer = b""
            for _ in range(100):
                _, _, buffer, _ = answer(warm, buffer)
        before = server.resident()
        connection = server.connect()
        burst = b"".join(b"GET /n/%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(count))
        sender = threading.Thread(target=connection.sendall, args=(burst,))
        sender.start()
        time.sleep(1)  # nothing is read: the server stops reading too
        held = server.resident() - before
        buffer, in_order = b"", True
        for number in range(count):
            _, body, buffer, _ = answer(connection, buffer)
            in_order = in_order and body == b"%d" % number
        sender.join()
        return f"in order: {in_order}, +{held} KiB while unread", in_order and held <= 4096


@run("§3.3 chunk extensions", "endless chunk extensions get 400 within the limit")
def extensions():
    with Server() as server:
        connection = server.connect()
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;")
        sent = 0
        try:
            while sent < 64 << 20:
                connection.sendall(b"a" * 1024)
                sent += 1024
                connection.setblocking(False)
                try:
                    if connection.recv(1, socket.MSG_PEEK):
                        break
                except BlockingIOError:
                    pass
                connection.setblocking(True)
        except OSError:
            pass
        connection.setblocking(True)
        status = answer(connection)[0]
        return f"{status} after {sent >> 10} KiB", status == 400 and sent <= 4 << 20


@run("R3 broken at start", "exit code 1 in < 1 s, file and line named, nothing listens")
def broken_start():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "app.lua")
        path.write_text("local app = require 'luahttpd'\napp:get('/', function( return 1 end)\n")
        begun = time.time()
        run = subprocess.run([BINARY, str(path), "--port", "0"], capture_output=True, text=True, timeout=30)
        took = time.time() - begun
        return (f"exit {run.returncode} in {took * 1000:.0f} ms: {run.stderr.splitlines()[0].rpartition('/')[2]}",
                run.returncode == 1 and took < 1 and "app.lua:2" in run.stderr)


@run("R4 descriptors", "ulimit -n 128, 400 clients: no crash, no spin, idle ones make room, files still open")
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
            while server.get("/files/a.txt")[1] != b"content" and time.time() - begun < 10:
                time.sleep(0.05)
            took = time.time() - begun
            alive = server.is_alive()
            return (f"{served} of 400 served, {load:.1%} of a core while full, a new client is served after {took:.1f} s",
                    alive and load < 0.2 and took <= 1.5 and served >= 90)


@run("R4b EMFILE", "accept itself fails: it pauses and comes back")
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


@run("R13 SIGTERM under load", "0 lost, `Connection: close`, exit 0")
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


@run("R15 signals", "SIGSTOP 3 s and SIGCONT, SIGPIPE, closed streams: it goes on")
def signals():
    with Server() as server:
        connection = server.connect()
        server.process.send_signal(signal.SIGPIPE)
        server.process.send_signal(signal.SIGSTOP)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(3)
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


@run("N3 half-close", "FIN after the request, 1 s handler: the whole answer, then the end")
def half_close():
    with Server() as server:
        connection = server.connect()
        connection.sendall(b"GET /wait/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        status, body, rest, _ = answer(connection)
        ended = connection.recv(1) == b""
        return f"{status} {body.decode()}, then {'the end' if ended else 'more'}", status == 200 and ended and not rest


@run("N4 resets", "RST and FIN at every point of the exchange: no descriptor left after 1 s")
def resets():
    count = scaled(100_000, 3000)
    rng = random.Random(4)
    paths = ["/", "/wait/200", "/big/3000000", "/page", "/fail", "/no"]
    with Server() as server:
        server.get("/")
        before = server.descriptors()
        for number in range(count):
            connection = server.connect()
            request = f"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{'x' * 1000}".encode() \
                if number % 3 == 0 else f"GET {rng.choice(paths)} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
            try:
                connection.sendall(request[:rng.randrange(len(request) + 1)])
                if rng.random() < 0.3:
                    connection.settimeout(0.02)
                    connection.recv(rng.choice([1, 4096]))
            except OSError:
                pass
            how = rng.randrange(3)
            if how == 0:
                reset(connection)
            elif how == 1:
                connection.close()
            else:
                connection.shutdown(socket.SHUT_WR)
                connection.close()
        time.sleep(3)
        grown = server.descriptors() - before
        hello = server.get("/")[1]
        return f"{count} connections, {grown:+d} descriptors", grown <= 2 and hello == b"hello"


@run("N7 connects", "10,000 connects a second, closed at once: no leak, the log is not flooded, hello ≤ 2 × p99")
def connects():
    with Server() as server:
        _, calm = wrk(server, 2)
        before = server.descriptors()
        stop = threading.Event()
        made = [0, 0]

        def storm(index):
            while not stop.is_set():
                try:
                    socket.create_connection(("127.0.0.1", server.port), 5).close()
                    made[index] += 1
                except OSError:
                    pass
        threads = [threading.Thread(target=storm, args=(index,)) for index in range(2)]
        begun = time.time()
        for thread in threads:
            thread.start()
        _, p99 = wrk(server, scaled(5, 2))
        stop.set()
        for thread in threads:
            thread.join()
        rate = sum(made) / (time.time() - begun)
        time.sleep(1.5)
        grown = server.descriptors() - before
        lines = server.said().count("\n")
        return (f"{rate:.0f}/s (as many as the client made), {grown:+d} descriptors, {lines} log lines, p99 {calm:.1f} → {p99:.1f} ms",
                grown <= 2 and lines < 50)


@run("S1 files change", "truncated: the connection is cut; replaced or deleted: the old content, whole")
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


@run("§3.3 ranges", "1,000 ranges: at most the file is sent")
def ranges():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "f").write_bytes(os.urandom(100_000))
        with Server(files=folder) as server:
            worst = 0
            for value in ["bytes=" + ",".join("0-" for _ in range(1000)), "bytes=" + ",".join(f"{n}-" for n in range(1000)),
                          "bytes=0-99999,0-99999", "bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(16))]:
                connection = server.connect()
                connection.sendall(f"GET /files/f HTTP/1.1\r\nHost: a\r\nRange: {value}\r\n\r\n".encode())
                worst = max(worst, len(answer(connection)[1]))
            return f"{worst} bytes of a file of 100000", worst <= 110_000


if __name__ == "__main__":
    main(__doc__)
