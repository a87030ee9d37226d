# SPDX-License-Identifier: MIT
"""Clients that are slow, many, greedy or gone."""

import os
import pathlib
import random
import socket
import tempfile
import threading
import time

from fault import fault, hold, reset, scaled
from server import Server, answer, wrk


@fault("N1 slowloris", "5,000 connections, a byte every 2 s: hello beside them ≥ 80 %, ≤ 16 KiB each, 408 at 10 s ± 1 s")
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


@fault("§3.3 slow body", "a body slower than the limits gets 408; no handler waits for it")
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


@fault("N2 slow readers", "50 readers of a 1 GB file: ≤ 1 MB each, those that stop are cut")
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


@fault("§3.3 pipelining", "10,000 requests in one write: answered in order, memory flat")
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


@fault("§3.3 chunk extensions", "endless chunk extensions get 400 within the limit")
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


@fault("§3.3 ranges", "1,000 ranges: at most the file is sent")
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


@fault("N3 half-close", "FIN after the request, 1 s handler: the whole answer, then the end")
def half_close():
    with Server() as server:
        connection = server.connect()
        connection.sendall(b"GET /wait/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        status, body, rest, _ = answer(connection)
        ended = connection.recv(1) == b""
        return f"{status} {body.decode()}, then {'the end' if ended else 'more'}", status == 200 and ended and not rest


@fault("N4 resets", "100,000 × RST and FIN at every point of the exchange: no descriptor left, no state")
def resets():
    count, at_once = scaled(100_000, 3000), 8
    paths = ["/", "/wait/200", "/big/3000000", "/page", "/fail", "/no", "/stream/100"]

    def part(rng):
        for number in range(count // at_once):
            connection = server.connect()
            body = b"x" * 1000
            request = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" % rng.choice([b"/echo", b"/count"]) + body \
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
    with Server() as server:
        server.get("/")
        before = server.descriptors()
        threads = [threading.Thread(target=part, args=(random.Random(seed),)) for seed in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(1)
        grown = server.descriptors() - before
        first = server.resident()
        hello = server.get("/")[1]
        return (f"{count} connections, {grown:+d} descriptors a second after, {first >> 10} MiB resident",
                grown <= 2 and hello == b"hello" and first < 100 << 10)


@fault("N2 slow readers of a stream", "50 readers of 100 MiB that a script writes: ≤ 512 KiB each; those that stop are cut")
def slow_stream_readers():
    with Server(limits={"write_stall": "5s"}) as server:
        server.get("/")
        before = server.own_memory()
        connections = []
        for _ in range(50):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(b"GET /stream/6400 HTTP/1.1\r\nHost: a\r\n\r\n")
            connections.append(connection)
        most = 0
        for _ in range(20):
            most = max(most, server.own_memory() - before)
            time.sleep(0.1)
        deadline = time.time() + 30
        while server.descriptors() > 40 and time.time() < deadline:
            time.sleep(0.2)
        left = server.descriptors()
        hello = server.get("/")[1]
        return (f"{most / 50:.0f} KiB each; all cut after {time.time() - deadline + 32:.0f} s",
                most / 50 <= 512 and left <= 40 and hello == b"hello" and "limit write_stall" in server.said())


@fault("§3.3 names", "a form of 512 fields with names that a client chose to collide: < 5 ms; of 100,000: 413")
def names():
    with Server() as server:
        def post(count, name):
            body = b"&".join(name(number) for number in range(count))
            connection = server.connect()
            begun = time.time()
            connection.sendall(b"POST /fields HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            status = answer(connection)[0]
            return time.time() - begun, status
        post(1, lambda number: b"a=1")
        # Multiples of a power of two would share a slot if they became integers; long strings are hashed in part by some.
        kinds = [lambda n: b"%d=1" % (n << 20), lambda n: b"a[%d]=1" % (n << 20),
                 lambda n: b"x" * 60 + b"%05d" % n + b"x" * 60 + b"=1"]
        worst = max(min(post(512, kind)[0] for _ in range(5)) for kind in kinds)
        many = [post(100_000, kind) for kind in kinds[:2]]
        refused = [status for _, status in many]
        return (f"{worst * 1000:.1f} ms; 100,000: {refused[0]}, {refused[1]} in {max(took for took, _ in many) * 1000:.0f} ms",
                worst < 0.005 and refused == [413, 413])
