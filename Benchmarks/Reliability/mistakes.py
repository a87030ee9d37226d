# SPDX-License-Identifier: MIT
"""Mistakes of authors: in scripts, handlers and templates."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

from fault import fault, scaled
from server import BINARY, HERE, Server, answer


@fault("R3 broken at start", "exit code 1 in < 1 s, file and line named, nothing listens")
def broken_start():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "app.lua")
        path.write_text("local app = require 'luahttpd'\napp:get('/', function( return 1 end)\n")
        begun = time.time()
        run = subprocess.run([BINARY, str(path), "--port", "0"], capture_output=True, text=True, timeout=30)
        took = time.time() - begun
        return (f"exit {run.returncode} in {took * 1000:.0f} ms: {run.stderr.splitlines()[0].rpartition('/')[2]}",
                run.returncode == 1 and took < 1 and "app.lua:2" in run.stderr)


class Misuse:
    """with Misuse() as server: the app of misuse.lua in a directory of its own."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        shutil.copy(HERE / "misuse.lua", self.folder.name)
        shutil.copytree(HERE / "templates", pathlib.Path(self.folder.name, "templates"))
        self.server = Server(app=pathlib.Path(self.folder.name, "misuse.lua"), flags=["--workers", "1"])
        return self.server.__enter__()

    def __exit__(self, *error):
        self.server.__exit__(*error)
        self.folder.cleanup()


def request(path, method="GET", version="1.1", fields=""):
    return f"{method} {path} HTTP/{version}\r\nHost: a\r\n{fields}\r\n".encode()


@fault("R8 handler errors", "each is one 500 (or 503), the connection goes on; 10,000 calls of the API with anything: no crash")
def handler_errors():
    with Misuse() as server:
        names = json.loads(server.get("/names")[1])
        wrong = []
        for name in names:
            with server.connect() as connection:
                # The next one on the same connection is answered as if nothing had been.
                connection.sendall(request("/wrong/" + name) + request("/"))
                status, _, buffer, _ = answer(connection)
                following, body, buffer, _ = answer(connection, buffer)
                expected = (404,) if name == "file" else (500, 503)
                if status not in expected or (following, body, buffer) != (200, b"hello", b""):
                    wrong.append(f"{name}: {status}")
        server.get("/keep")
        late = server.get("/after")[1]
        calls = 0
        buffer = b""
        connection = server.connect(60)
        for seed in range(scaled(200, 20)):
            if seed % 4 == 3:  # with a body that is a stream
                connection.sendall(request(f"/fuzz/{seed}", "POST", fields="Content-Length: 9\r\n") + b"one\r\ntwo\n")
            else:
                connection.sendall(request(f"/fuzz/{seed}"))
            status, body, buffer, head = answer(connection, buffer)
            calls += int(body) if status == 200 else 0
            if status != 200:
                wrong.append(f"fuzz {seed}: {status}")
            if b"connection: close" in head.lower():
                connection, buffer = server.connect(60), b""
        traces = server.said().count("stack traceback") + server.said().count("misuse.lua:")
        return (f"{len(names)} kinds, {calls} calls, {len(wrong)} wrong{': ' if wrong else ''}{', '.join(wrong[:5])}; a stream "
                f"that has ended says {late.decode()}", not wrong and late == b"false" and server.is_alive() and traces > 20)


@fault("R9 error after the start", "the answer is cut: no last chunk in 1.1, RST in 1.0, the next connection is fine")
def late_errors():
    with Misuse() as server:
        outcomes = []
        for path in ["/late/stream", "/late/page", "/late/task"]:
            for version in ["1.1", "1.0"]:
                with server.connect() as connection:
                    connection.sendall(request(path, version=version))
                    data, how = b"", "FIN"
                    try:
                        while part := connection.recv(1 << 16):
                            data += part
                    except ConnectionResetError:
                        how = "RST"
                    whole = data.startswith(b"HTTP/1.1 200") and not data.endswith(b"0\r\n\r\n")
                    outcomes.append((path, version, how, whole and len(data) > 50))
        good = all(cut and (version == "1.1" or how == "RST") for _, version, how, cut in outcomes)
        hello = server.get("/")[1]
        return ", ".join(f"{path[6:]} {version}: cut, {how}" for path, version, how, _ in outcomes), good and hello == b"hello"


@fault("R10 templates", "deleted, broken, in a circle, under load: the last good page or an error; right again ≤ 1 s after")
def templates():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "templates").mkdir()
        page = folder / "templates" / "page.html"
        (folder / "app.lua").write_text(
            "local app = require 'luahttpd'\napp:get('/', function() return { name = 'x' }, 'page.html' end)\n")
        page.write_text("version 0 {{ name }}\n")
        with Server(app=folder / "app.lua", flags=["--watch"]) as server:
            stop, counts, failures = threading.Event(), {}, []

            def load():
                buffer = b""
                with server.connect() as connection:
                    while not stop.is_set():
                        connection.sendall(request("/"))
                        try:
                            status, _, buffer, head = answer(connection, buffer)
                        except OSError as error:
                            return failures.append(str(error))
                        counts[status] = counts.get(status, 0) + 1
                        if b"connection: close" in head.lower():
                            connection, buffer = server.connect(), b""
            threads = [threading.Thread(target=load) for _ in range(4)]
            for thread in threads:
                thread.start()
            worst = 0
            for number, broken in enumerate([None, "{% if %}", "{% include 'page.html' %}", "{{ 1 +", ""] * scaled(4, 1), 1):
                page.unlink()
                if broken is not None:
                    page.write_text(broken)
                time.sleep(0.6)
                page.write_text(f"version {number} {{{{ name }}}}\n")
                begun = time.time()
                while server.get("/")[1] != b"version %d x" % number and time.time() - begun < 10:
                    time.sleep(0.01)
                worst = max(worst, time.time() - begun)
            stop.set()
            for thread in threads:
                thread.join()
            named = len(re.findall(r"page\.html", server.said()))
            return (f"{sum(counts.values())} answers: {', '.join(f'{n} × {s}' for s, n in sorted(counts.items()))}; right again "
                    f"after {worst:.2f} s at most", not failures and worst <= 1 and set(counts) <= {200, 500, 503} and named > 0)
