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

    def __init__(self, name, port, command, cwd=HERE, encrypted_port=None):
        self.name, self.port, self.encrypted_port = name, port, encrypted_port
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


def certificate():
    """A folder with cert.pem and cert.key."""
    folder = tempfile.mkdtemp(prefix="luahttpd-bench-")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3",
         "-keyout", f"{folder}/cert.key", "-out", f"{folder}/cert.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return folder


def luahttpd(binary, name="luahttpd", options=(), encrypted=None):
    port, encrypted_port = free_port(), free_port()
    command = [str(pathlib.Path(binary).resolve()), "app.lua", "--listen", f"http://127.0.0.1:{port}", "--workers", "1",
               "--prod", *options]
    if encrypted:
        command += ["--listen", f"https://127.0.0.1:{encrypted_port}", "--tls-cert", f"{encrypted}/cert.pem",
                    "--tls-key", f"{encrypted}/cert.key"]
    if not any(option.startswith("--access-log") for option in options):
        command.append("--no-access-log")
    return Server(name, port, command, HERE / "app", encrypted_port)


ENCRYPTED = """listen 127.0.0.1:{port} ssl http2 backlog=4096;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/cert.key;
    ssl_protocols TLSv1.3;"""


def nginx(encrypted=None):
    port, scratch, encrypted_port = free_port(), tempfile.mkdtemp(prefix="luahttpd-bench-"), free_port()
    text = (HERE / "nginx/nginx.conf.in").read_text()
    tls = ENCRYPTED.format(port=encrypted_port, folder=encrypted) if encrypted else ""
    for key, value in {"port": port, "scratch": scratch, "here": HERE, "modules": "/usr/lib/nginx/modules",
                       "encrypted": tls}.items():
        text = text.replace(f"@{key}@", str(value))
    configuration = pathlib.Path(scratch) / "nginx.conf"
    configuration.write_text(text)
    os.chmod(scratch, 0o755)
    return Server("nginx", port, [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(configuration)],
                  encrypted_port=encrypted_port)


def bare():
    """A loop over epoll without HTTP: the limit of this machine."""
    port, binary = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="luahttpd-bench-")) / "bare"
    subprocess.run(["cc", "-O2", "-o", binary, HERE / "bare/bare.c"], check=True)
    return Server("bare", port, [str(binary), str(port)])


def hummingbird(binary):
    port = free_port()
    return Server("hummingbird", port, [str(pathlib.Path(binary).resolve()), str(port)])
