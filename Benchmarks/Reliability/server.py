# SPDX-License-Identifier: MIT
"""A luahttpd under test: started on a free port, watched through /proc, ended by its own pid."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.environ.get("LUAHTTPD_BINARY") or str(HERE.parent.parent / ".build/release/luahttpd")


class Server:
    """with Server(limits={…}) as server: …"""

    def __init__(self, limits=None, files=".", flags=(), app=None, prefix=(), environment=None,
                 access_log=None):
        self.access_log = access_log
        self.limits, self.files, self.flags = limits or {}, str(files), list(flags)
        self.app, self.prefix, self.environment = str(app or HERE / "app.lua"), list(prefix), environment or {}

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        environment = dict(os.environ, FILES=self.files, LIMITS=",".join(f"{k}={v}" for k, v in self.limits.items()))
        environment.update(self.environment)
        command = self.prefix + [BINARY, self.app, "--prod", "--port", "0"] + self.flags
        command += ["--access-log"] if self.access_log else ["--no-access-log"]
        self.process = subprocess.Popen(
            command, stdout=self.access_log or subprocess.DEVNULL, stderr=self.log, env=environment)
        deadline = time.time() + 60
        while not (found := re.search(r"http://[\d.]+:(\d+)/", self.said())):
            if self.process.poll() is not None or time.time() > deadline:
                raise SystemExit(f"did not start: {self.said()}")
            time.sleep(0.01)
        self.port = int(found[1])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.log.close()

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def connect(self, timeout=30.0):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def get(self, path="/", timeout=30.0):
        """(status, body) on a connection of its own."""
        with self.connect(timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while part := connection.recv(1 << 16):
                data += part
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head[9:12] or 0), body

    def resident(self):
        """kB"""
        return self._status("VmRSS")

    def own_memory(self):
        """kB that are not pages of a file."""
        return self._status("RssAnon")

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        """Seconds of all threads so far."""
        return cpu_seconds(pathlib.Path(f"/proc/{self.process.pid}/stat"))

    def cpu_of_loops(self):
        """Seconds of the event loops."""
        threads = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(cpu_seconds(thread / "stat") for thread in threads if (thread / "comm").read_text().startswith("NIO-ELT"))

    def is_alive(self):
        return self.process.poll() is None


def cpu_seconds(file):
    fields = file.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answer(connection, buffer=b""):
    """One answer with a Content-Length or in chunks, and what came after it."""
    while b"\r\n\r\n" not in buffer:
        part = connection.recv(1 << 16)
        if not part:
            raise ConnectionError("closed inside a head")
        buffer += part
    head, _, rest = buffer.partition(b"\r\n\r\n")
    status = int(head[9:12])
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        body, rest = chunks(connection, rest)
        return status, body, rest, head
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    rest = more(connection, rest, length)
    return status, rest[:length], rest[length:], head


def more(connection, buffer, length):
    """At least so many bytes."""
    while len(buffer) < length:
        part = connection.recv(1 << 16)
        if not part:
            raise ConnectionError("closed inside a body")
        buffer += part
    return buffer


def chunks(connection, buffer):
    """The content of a chunked body, and what came after it."""
    body = b""
    while True:
        while b"\r\n" not in buffer:
            buffer = more(connection, buffer, len(buffer) + 1)
        line, _, buffer = buffer.partition(b"\r\n")
        size = int(line, 16)
        buffer = more(connection, buffer, size + 2)
        body += buffer[:size]
        if buffer[size:size + 2] != b"\r\n":
            raise ConnectionError("a chunk without its end")
        buffer = buffer[size + 2:]
        if size == 0:
            return body, buffer


def wrk(server, seconds=4, connections=32, path="/"):
    """Requests per second, and the 99th percentile in milliseconds."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}{path}"],
        capture_output=True, text=True, check=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def paced(server, rate, seconds, connections=32):
    """The 99th percentile in milliseconds at so many requests per second."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(
            ["h2load", "--h1", "-t1", f"-c{connections}", f"--rps={rate / connections:.2f}", f"-D{seconds}",
             f"--log-file={log.name}", f"http://127.0.0.1:{server.port}/"], capture_output=True, check=True)
        # Begin, status, microseconds.
        times = sorted(int(line.split()[2]) for line in open(log.name, encoding="ascii"))
    return times[len(times) * 99 // 100] / 1000
