# SPDX-License-Identifier: MIT
"""A new process in place of the old one, and a new certificate in place of the old one, under load."""

import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from fault import fault, scaled
from server import BINARY, HERE, answer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n"


class Load:
    """Clients that do nothing 30 % of their time: half of them with a connection for each request."""

    def __init__(self, connect, clients=4):
        self.connect, self.served, self.lost, self.stopping = connect, collections.Counter(), [], threading.Event()
        kinds = [self.fresh, self.keep]
        self.threads = [threading.Thread(target=kinds[number % 2]) for number in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def rounds(self, ask):
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                ask()
                self.served[threading.current_thread()] += 1
            except OSError as error:
                self.lost.append(f"{type(error).__name__} {error}")
            time.sleep((time.monotonic() - begun) * 0.43)

    def fresh(self):
        def ask():
            with self.connect() as connection:
                connection.sendall(REQUEST % b"Connection: close\r\n")
                if answer(connection)[1] != b"hello":
                    raise OSError("another answer")
        self.rounds(ask)

    def keep(self):
        kept = []

        def ask():
            if not kept:
                kept.append(self.connect())
            try:
                kept[0].sendall(REQUEST % b"")
                _, body, _, head = answer(kept[0])
            except OSError:
                kept.pop().close()
                raise
            if b"connection: close" in head.lower():
                kept.pop().close()
            if body != b"hello":
                raise OSError("another answer")
        self.rounds(ask)
        for connection in kept:
            connection.close()

    def report(self):
        lost = f" ({', '.join(sorted(set(self.lost)))})" if self.lost else ""
        return f"{sum(self.served.values())} served, {len(self.lost)} refused or lost{lost}"


def start(flags, log, descriptor=None):
    """A luahttpd that serves; it gets the descriptor as systemd hands one over."""
    command = [BINARY, str(HERE / "app.lua"), "--prod", "--no-access-log", "--workers", "1", "--log-level", "info", *flags]
    if descriptor is not None:
        command = ["sh", "-c", f'exec 3<&{descriptor}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh", *command]
    begun = os.path.getsize(log.name)
    process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=[descriptor] if descriptor is not None else [])
    while "serves" not in said(log, begun):
        if process.poll() is not None:
            raise OSError(said(log, begun))
        time.sleep(0.01)
    return process


def said(log, begun=0):
    return pathlib.Path(log.name).read_text(errors="replace")[begun:]


def restarts(start_one, connect):
    codes, count = [], scaled(20, 4)
    server = start_one()
    try:
        with Load(connect) as load:
            for _ in range(count):
                time.sleep(0.3)
                following = start_one()
                server.send_signal(signal.SIGTERM)
                codes.append(server.wait(20))
                server = following
            time.sleep(0.3)
    finally:
        server.terminate()
        server.wait(20)
    return f"{count} restarts, {load.report()}", not load.lost and not any(codes)


@fault("R14 restarts, socket handed over", "20 restarts with the socket that systemd keeps, at 70 % load: 0 refused, 0 lost")
def handed_over():
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening, tempfile.NamedTemporaryFile() as log:
        address = listening.getsockname()
        return restarts(lambda: start([], log, listening.fileno()), lambda: socket.create_connection(address, 10))


@fault("R14 restarts, port shared", "20 restarts with --reuse-port, at 70 % load: 0 refused, 0 lost")
def shared_port():
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as probe:
        address = probe.getsockname()
    with tempfile.NamedTemporaryFile() as log:
        return restarts(lambda: start(["--port", str(address[1]), "--reuse-port"], log),
                        lambda: socket.create_connection(address, 10))


def certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3",
         "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)


def use(folder, name):
    for kind in ("key", "pem"):
        shutil.copy(f"{folder}/{name}.{kind}", f"{folder}/new")
        os.rename(f"{folder}/new", f"{folder}/used.{kind}")


def resident(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


@fault("certificates", "1,000 reloads with another certificate each, under load: none fails, memory flat")
def certificates():
    count, port = scaled(1000, 50), 0
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as log:
        for name in "AB":
            certificate(folder, name)
        use(folder, "A")
        context = ssl.create_default_context(cafile=f"{folder}/A.pem")
        context.load_verify_locations(f"{folder}/B.pem")
        server = start(["--port", "0", "--tls-cert", f"{folder}/used.pem", "--tls-key", f"{folder}/used.key"], log)
        port = int(re.search(r"https://[\w.]+:(\d+)/", said(log))[1])
        seen = collections.Counter()

        def connect():
            plain = socket.create_connection(("127.0.0.1", port), 10)
            encrypted = context.wrap_socket(plain, server_hostname="localhost")
            seen[dict(part[0] for part in encrypted.getpeercert()["subject"])["commonName"]] += 1
            return encrypted
        try:
            early = 0
            with Load(connect) as load:
                for number in range(count):
                    use(folder, "BA"[number % 2])
                    server.send_signal(signal.SIGHUP)
                    deadline = time.time() + 20
                    while said(log).count(" reloaded in ") <= number and time.time() < deadline:
                        time.sleep(0.002)
                    early = early or (resident(server) if number >= count // 20 else 0)
            reloads, grown = said(log).count(" reloaded in "), resident(server) - early
        finally:
            server.terminate()
            server.wait(20)
        return (f"{reloads} reloads, {load.report()}; seen A {seen['A']}, B {seen['B']}, {grown:+d} KiB",
                reloads == count and not load.lost and seen["A"] > 0 and seen["B"] > 0 and grown <= 4096)
