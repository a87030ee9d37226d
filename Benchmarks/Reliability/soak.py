#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mixed load with clients that misbehave, for as long as wanted: no well-formed request fails, memory and descriptors
stay flat.

    python3 Benchmarks/Reliability/soak.py [--minutes 20] [--svg docs/soak.svg] [--reload SECONDS]

Well-behaved clients check every byte of every answer, of streams, events and uploads too; others reset, half-close, send
garbage and stop reading, and files are replaced while they are served. With --reload the app is loaded again (SIGHUP)
now and then. Exit code 1 if a request failed or memory grew."""

import argparse
import os
import pathlib
import random
import signal
import socket
import sys
import tempfile
import threading
import time

from server import Server, answer

GARBAGE = [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100, b"GET /" + b"a" * 20000,
           b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"]


class Soak:
    def __init__(self, server, folder):
        self.server, self.folder = server, pathlib.Path(folder)
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.requests = self.strange = 0
        self.failures = []

    def fail(self, what):
        with self.lock:
            self.failures.append(what)

    def good(self, seed):
        """Keep-alive, pipelined and fresh connections; everything is checked."""
        rng = random.Random(seed)
        while not self.stop.is_set():
            sent = time.time()
            try:
                with self.server.connect(60) as connection:
                    buffer = b""
                    for _ in range(rng.randrange(1, 200)):
                        burst = [self.request(rng) for _ in range(rng.choice([1, 1, 1, 1, 5]))]
                        sent = time.time()
                        connection.sendall(b"".join(request for request, *_ in burst))
                        for request, status, check in burst:
                            got, body, buffer, _ = answer(connection, buffer)
                            if got != status or not check(body):
                                self.fail(f"{request[:60]}: {got}, {len(body)} bytes")
                        with self.lock:
                            self.requests += len(burst)
                        if self.stop.is_set():
                            return
                        time.sleep(rng.random() * 0.01)
            except (OSError, ConnectionError) as error:
                self.fail(f"{type(error).__name__}: {error}, {time.time() - sent:.1f} s after it was sent")

    def request(self, rng):
        kind = rng.randrange(12)
        if kind == 0:
            body = os.urandom(rng.randrange(60000))
            return (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body, 200, body.__eq__)
        if kind == 1:
            number = rng.randrange(10 ** 9)
            return b"GET /n/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number, 200, (b"%d" % number).__eq__
        if kind == 2:
            return b"GET /wait/%d HTTP/1.1\r\nHost: a\r\n\r\n" % rng.randrange(20), 200, b"waited".__eq__
        if kind == 3:
            size = rng.randrange(400_000)
            return b"GET /big/%d HTTP/1.1\r\nHost: a\r\n\r\n" % size, 200, lambda body: body == b"x" * size
        if kind == 4:
            # Whole in one version or the other, never a mixture.
            return (b"GET /files/%s HTTP/1.1\r\nHost: a\r\n\r\n" % rng.choice([b"small.txt", b"large.txt"]), 200,
                    lambda body: len(body) in (1000, 300_000) and body.count(body[:1]) == len(body))
        if kind == 5:
            return b"GET /page?name=%3Ci%3E HTTP/1.1\r\nHost: a\r\n\r\n", 200, lambda body: b"&lt;i&gt;" in body
        if kind == 7:
            pieces = rng.randrange(1, 60)
            return b"GET /stream/%d HTTP/1.1\r\nHost: a\r\n\r\n" % pieces, 200, (b"x" * (pieces << 14)).__eq__
        if kind == 8:
            return b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n", 200, b"data: 1\n\ndata: 2\n\ndata: 3\n\n".__eq__
        if kind == 9:
            # From memory, and from disk.
            content = os.urandom(rng.choice([10, 1000, 200_000]))
            body = (b'--soak\r\nContent-Disposition: form-data; name="name"\r\n\r\nn%d\r\n--soak\r\n'
                    b'Content-Disposition: form-data; name="f"; filename="f"\r\n\r\n%s\r\n--soak--\r\n' % (len(content), content))
            return (b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=soak\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body), 200, (b"n%d %d %d" % ((len(content),) * 3)).__eq__)
        if kind == 10:
            parts = [os.urandom(rng.randrange(1, 30000)) for _ in range(rng.randrange(1, 10))]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            return (b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n" % chunks, 200,
                    (b"%d" % sum(map(len, parts))).__eq__)
        if kind == 6:
            return b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n", 404, lambda body: b"404" in body
        return b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, b"hello".__eq__

    def bad(self, seed):
        rng = random.Random(seed)
        while not self.stop.is_set():
            try:
                connection = self.server.connect(5)
                whole, _, _ = self.request(rng)
                connection.sendall(rng.choice(GARBAGE) if rng.random() < 0.3 else whole[:rng.randrange(len(whole) + 1)])
                how = rng.randrange(4)
                if how == 0:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                elif how == 1:
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(rng.choice([1, 1 << 16]))
                elif how == 2:
                    time.sleep(rng.random())
                connection.close()
            except OSError:
                pass
            self.strange += 1
            time.sleep(rng.random() * 0.02)

    def files(self):
        for number in range(1 << 30):
            letter = b"ab"[number % 2:][:1]
            for name, size in [("small.txt", 1000), ("large.txt", 300_000)]:
                fresh = self.folder / (name + ".new")
                fresh.write_bytes(letter * size)
                os.replace(fresh, self.folder / name)
            if self.stop.wait(0.5):
                return


    def reload(self, seconds):
        while not self.stop.wait(seconds):
            self.server.process.send_signal(signal.SIGHUP)


def plot(samples, path, title):
    """Memory and descriptors over time, as an SVG that needs nothing."""
    width, height, left, top = 860, 300, 60, 40
    span = max(samples[-1][0], 1)
    rows = [("resident memory, MiB", "#0b62c4", [(t, r / 1024) for t, r, _ in samples]),
            ("open descriptors", "#c4580b", [(t, d) for t, _, d in samples])]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {2 * height}" font-family="sans-serif"'
             f' font-size="12"><rect width="100%" height="100%" fill="#fff"/><text x="{left}" y="22" font-size="15">'
             f'{title}</text>']
    for index, (label, colour, points) in enumerate(rows):
        y0, plot_height, plot_width = index * height + top, height - 80, width - left - 30
        most = max(value for _, value in points) * 1.15 or 1
        parts.append(f'<text x="{left}" y="{y0 + 8}" fill="{colour}">{label}</text>')
        for step in range(5):
            y = y0 + 20 + plot_height - plot_height * step / 4
            parts.append(f'<path d="M{left} {y:.1f}H{left + plot_width}" stroke="#e3e7ec"/>'
                         f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * step / 4:.0f}</text>')
        for minute in range(0, int(span // 60) + 1, max(1, int(span // 480))):
            x = left + plot_width * minute * 60 / span
            parts.append(f'<text x="{x:.1f}" y="{y0 + plot_height + 38}" text-anchor="middle">{minute} min</text>')
        line = " ".join(f"{left + plot_width * t / span:.1f},{y0 + 20 + plot_height - plot_height * v / most:.1f}"
                        for t, v in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{line}"/>')
    pathlib.Path(path).write_text("".join(parts) + "</svg>\n")


def mean(values):
    return sum(values) / len(values)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=20)
    arguments.add_argument("--svg")
    arguments.add_argument("--reload", type=float, metavar="SECONDS", help="load the app again so often")
    arguments.add_argument("--sanitized", action="store_true", help="a sanitizer's own memory grows: it is not judged")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, size in [("small.txt", 1000), ("large.txt", 300_000)]:
            pathlib.Path(folder, name).write_bytes(b"b" * size)
        with Server(files=folder) as server:
            soak = Soak(server, folder)
            threads = [threading.Thread(target=soak.good, args=(seed,)) for seed in range(12)]
            threads += [threading.Thread(target=soak.bad, args=(seed,)) for seed in range(4)]
            threads.append(threading.Thread(target=soak.files))
            if options.reload:
                threads.append(threading.Thread(target=soak.reload, args=(options.reload,)))
            for thread in threads:
                thread.start()
            begun, samples = time.time(), []
            while time.time() - begun < options.minutes * 60:
                samples.append((time.time() - begun, server.resident(), server.descriptors()))
                time.sleep(1)
            soak.stop.set()
            for thread in threads:
                thread.join()
            time.sleep(8)  # those that stopped sending are cut, lingering ones closed
            left = server.descriptors()
            if not server.is_alive():
                soak.fail("the server has ended")
            soak.failures += [line for line in server.said().splitlines() if "Sanitizer" in line]
            if soak.failures:
                print(server.said()[-20000:], file=sys.stderr)
    third = max(1, len(samples) // 3)
    second, last = (mean([r for _, r, _ in part]) for part in (samples[third:2 * third], samples[2 * third:]))
    print(f"{soak.requests} requests checked, {len(soak.failures)} failed; {soak.strange} strange connections; resident "
          f"{second / 1024:.1f} → {last / 1024:.1f} MiB (second and last third); {left} descriptors at the end")
    for failure in soak.failures[:10]:
        print("  " + failure)
    if options.svg:
        plot(samples, options.svg, f"luahttpd, {options.minutes:.0f} minutes of mixed load: {soak.requests:,} requests, "
             f"{len(soak.failures)} failed, {soak.strange:,} strange connections")
    grows = last > second * 1.05 + 1024 and not options.sanitized
    sys.exit(1 if soak.failures or grows else 0)


if __name__ == "__main__":
    main()
