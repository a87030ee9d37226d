# SPDX-License-Identifier: MIT
"""The servers that are measured: how each is started on one core, and what the kernel says it used."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server. `pid` is the process that answers."""

    def __init__(self, name, port, command, cwd=HERE):
        self.name, self.port = name, port
        self.log = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command], cwd=cwd, stdout=self.log, stderr=self.log)
        self.first_answer = self._wait_for_answer() - self.started
        self.pid = self._worker() or self.process.pid

    def _wait_for_answer(self):
        while time.monotonic() - self.started < 30:
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if connection.recv(1):
                        return time.monotonic()
            except OSError:
                time.sleep(0.001)
        self.log.seek(0)
        raise SystemExit(f"{self.name} does not start:\n{self.log.read().decode(errors='replace')}")

    def _worker(self):
        """nginx answers in a child."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = path.read_text().split()
        return int(children[0]) if children else None

    def cpu(self):
        """CPU seconds used so far, user and system."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """(resident, private and written) kB."""
        found = {}
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split(":")
            found[name] = int(value.split()[0])
        return found["Rss"], found["Private_Dirty"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def luahttpd(binary, name="luahttpd", options=()):
    port = free_port()
    return Server(name, port, [str(pathlib.Path(binary).resolve()), "app.lua", "--port", str(port), "--workers", "1",
                               "--prod", "--no-access-log", *options], HERE / "app")


def nginx():
    port, scratch = free_port(), tempfile.mkdtemp(prefix="luahttpd-bench-")
    text = (HERE / "nginx/nginx.conf.in").read_text()
    for key, value in {"port": port, "scratch": scratch, "here": HERE, "modules": "/usr/lib/nginx/modules"}.items():
        text = text.replace(f"@{key}@", str(value))
    configuration = pathlib.Path(scratch) / "nginx.conf"
    configuration.write_text(text)
    os.chmod(scratch, 0o755)
    return Server("nginx", port, [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(configuration)])


def bare():
    """A loop over epoll without HTTP: the limit of this machine."""
    port, binary = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="luahttpd-bench-")) / "bare"
    subprocess.run(["cc", "-O2", "-o", binary, HERE / "bare/bare.c"], check=True)
    return Server("bare", port, [str(binary), str(port)])


def hummingbird(binary):
    port = free_port()
    return Server("hummingbird", port, [str(pathlib.Path(binary).resolve()), str(port)])
