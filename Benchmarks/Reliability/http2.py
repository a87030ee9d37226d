# SPDX-License-Identifier: MIT
"""Floods of HTTP/2. Each attacker is a process of its own, which connects again when it is cut off:
python3 http2.py PORT KIND SECONDS prints how many connections it was given."""

import re
import socket
import struct
import subprocess
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(data):
    """RFC 7541 §5.2, not compressed."""
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, length = len(data) - 127, b"\x7f"
    while rest >= 128:
        length, rest = length + bytes([rest & 127 | 128]), rest >> 7
    return length + bytes([rest]) + data


def request(path=b"/", method=b"\x82"):
    return method + b"\x86\x41" + text(b"localhost") + b"\x04" + text(path)


def pairs(second):
    """A request each, and what follows it on its stream."""
    stream = 1
    while True:
        yield b"".join(frame(HEADERS, END_STREAM | END_HEADERS, stream + 2 * k, request()) + second(stream + 2 * k)
                       for k in range(50))
        stream += 100


def again(first, repeated):
    yield first
    while True:
        yield repeated


def bombs():
    stream, entry = 1, b"\x40" + text(b"x") + text(b"a" * 4000)
    while True:
        yield frame(HEADERS, END_STREAM | END_HEADERS, stream, request() + entry + b"\xbe" * 12000)
        stream += 2


def refused():
    stream = 1
    while True:
        yield b"".join(frame(HEADERS, END_STREAM | END_HEADERS, stream + 2 * k, request(b"/wait/60000")) for k in range(50))
        stream += 100


OPEN = frame(HEADERS, END_HEADERS, 1, request(method=b"\x83"))
LARGE = frame(HEADERS, END_STREAM | END_HEADERS, 1, request(b"/big/100000"))
KINDS = {
    "rapid reset": lambda: pairs(lambda stream: frame(RST, 0, stream, struct.pack(">I", 8))),
    "resets that we send": lambda: pairs(lambda stream: frame(WINDOW, 0, stream, bytes(4))),
    "too many streams": refused,
    "CONTINUATION": lambda: again(
        frame(HEADERS, END_STREAM, 1, request()),
        frame(CONTINUATION, 0, 1, (b"\0" + text(b"a") + text(b"b" * 100)) * 50) * 20),
    "SETTINGS": lambda: again(b"", frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * 200),
    "PING": lambda: again(b"", frame(PING, 0, 0, b"12345678") * 200),
    "PRIORITY": lambda: again(b"", frame(PRIORITY, 0, 3, struct.pack(">IB", 1, 5)) * 200),
    "empty DATA": lambda: again(OPEN, frame(DATA, 0, 1) * 200),
    "WINDOW_UPDATE": lambda: again(b"", frame(WINDOW, 0, 0, struct.pack(">I", 1)) * 200),
    "tiny windows": lambda: again(
        frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)) + LARGE,
        frame(WINDOW, 0, 1, struct.pack(">I", 1)) * 200),
    "HPACK bombs": bombs,
}


def attack(port, kind, seconds):
    """(connections, those that the server ended), as fast as it goes."""
    end, connections, ended = time.time() + seconds, 0, 0
    while time.time() < end:
        connections += 1
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            try:
                connection.sendall(PREFACE + frame(SETTINGS))
                for piece in KINDS[kind]():
                    connection.settimeout(5)
                    connection.sendall(piece)
                    connection.setblocking(False)
                    try:
                        while part := connection.recv(1 << 16):
                            pass
                        if part == b"":
                            break
                    except BlockingIOError:
                        pass
                    if time.time() > end:
                        ended -= 1
                        break
            except OSError:
                pass
            ended += 1
    return connections, ended


def measure(kind, seconds, workers=1):
    from server import Server
    with Server(flags=["--workers", str(workers)]) as server:
        def others():
            said = subprocess.run(
                ["h2load", "-c8", "-m4", "-t1", f"-D{seconds}", "--rps=125", f"http://127.0.0.1:{server.port}/"],
                capture_output=True, text=True, check=True).stdout
            failed = re.search(r"(\d+) failed, (\d+) errored", said)
            return float(re.search(r"finished in .*?, ([\d.]+) req/s", said)[1]), int(failed[1]) + int(failed[2])
        calm, _ = others()
        before = server.resident()
        attacker = subprocess.Popen(
            [sys.executable, __file__, str(server.port), kind, str(seconds)], stdout=subprocess.PIPE, text=True)
        beside, failed = others()
        connections, ended = map(int, attacker.communicate(timeout=60)[0].split())
        share, grown = beside / calm, server.resident() - before
        return (f"{share:.0%} of {calm:.0f}/s, {failed} failed; {ended} of {connections} connections ended, {grown:+d} KiB",
                share >= 0.8 and failed == 0 and ended >= connections - 1 and ended > 0 and grown <= 4096)


def register():
    from fault import fault, scaled
    for kind in KINDS:
        fault(f"H2 {kind}", "connection ended, others keep ≥ 80 % of 1,000/s, none fails, memory flat")(
            lambda kind=kind: measure(kind, scaled(5, 2)))


if __name__ == "__main__":
    print(*attack(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
else:
    register()
