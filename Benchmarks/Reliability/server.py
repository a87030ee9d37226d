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

    def __init__(self, limits=None, files=".", flags=(), app=None, prefix=(), environment=None):
        self.limits, self.files, self.flags = limits or {}, str(files), list(flags)
        self.app, self.prefix, self.environment = str(app or HERE / "app.lua"), list(prefix), environment or {}

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        environment = dict(os.environ, FILES=self.files, LIMITS=",".join(f"{k}={v}" for k, v in self.limits.items()))
        environment.update(self.environment)
        command = self.prefix + [BINARY, self.app, "--prod", "--port", "0", "--no-access-log"] + self.flags
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log, env=environment)
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

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        """Seconds of all threads so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_alive(self):
        return self.process.poll() is None


def answer(connection, buffer=b""):
    """One answer with a Content-Length, and what came after it."""
    while b"\r\n\r\n" not in buffer:
        part = connection.recv(1 << 16)
        if not part:
            raise ConnectionError("closed inside a head")
        buffer += part
    head, _, rest = buffer.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(rest) < length:
        part = connection.recv(1 << 16)
        if not part:
            raise ConnectionError("closed inside a body")
        rest += part
    return int(head[9:12]), rest[:length], rest[length:], head


def wrk(server, seconds=4, connections=32, path="/"):
    """Requests per second, and the 99th percentile in milliseconds."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}{path}"],
        capture_output=True, text=True, check=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]
