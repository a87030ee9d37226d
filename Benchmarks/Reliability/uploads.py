# SPDX-License-Identifier: MIT
"""Uploads: large, slow to read, hostile, and onto a full disk."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from fault import fault, scaled
from server import HERE, Server, answer

FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
END = b"\r\n--b--\r\n"


@contextlib.contextmanager
def uploading(folder, **options):
    """A server whose uploads and files are in `folder`."""
    folder = pathlib.Path(folder)
    (folder / "spool").mkdir(exist_ok=True)
    shutil.copy(HERE / "uploads.lua", folder / "app.lua")
    with Server(app=folder / "app.lua", **options) as server:
        yield server


def post(server, path, length, pieces, kind="multipart/form-data; boundary=b"):
    """The answer; what is sent after it is lost, as with any client."""
    connection = server.connect(120)
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode())
    with contextlib.suppress(OSError):
        for piece in pieces:
            connection.sendall(piece)
    status, body, _, _ = answer(connection)
    connection.close()
    return status, body


@fault("uploads", "2 GB as form, stream and file: ≤ 32 MB more memory, the content arrives unchanged, no file stays")
def large():
    megabytes = scaled(2048, 64)
    with tempfile.TemporaryDirectory() as folder, uploading(folder) as server:
        server.get("/")
        noise = bytearray(os.urandom(1 << 20))
        measured, good = [], True
        for path in ["/form", "/stream", "/save"]:
            before, most = server.own_memory(), 0
            digest = hashlib.sha256()

            def pieces():
                nonlocal most
                if path == "/form":
                    yield FORM
                for number in range(megabytes):
                    noise[:8] = number.to_bytes(8, "little")
                    digest.update(noise)
                    yield noise
                    most = max(most, server.own_memory())
                if path == "/form":
                    yield END
            length = (megabytes << 20) + (len(FORM) + len(END) if path == "/form" else 0)
            begun = time.time()
            status, body = post(server, path, length, pieces())
            took = time.time() - begun
            same = body == b"%d" % (megabytes << 20)
            if path != "/stream":
                saved = pathlib.Path(folder, "saved.bin")
                with open(saved, "rb") as file:
                    same = same and hashlib.file_digest(file, "sha256").digest() == digest.digest()
                saved.unlink()
            same = same and not any(pathlib.Path(folder, "spool").iterdir())
            grown = most - before
            good = good and status == 200 and same and grown <= 32 << 10
            content = "same" if same else "other"
            measured.append(f"{path[1:]}: {grown / 1024:+.1f} MB, {megabytes / took:.0f} MB/s, {content} content")
        return "; ".join(measured), good


@fault("§3.3 multipart", "8 MiB of \\r, of --, of beginnings of the boundary: < 0.5 s each; 100,000 parts, an endless head: 413")
def multipart():
    size = 8 << 20
    with tempfile.TemporaryDirectory() as folder, uploading(folder) as server:
        post(server, "/form", len(FORM) + len(END) + 4, [FORM, b"warm", END])
        worst, good = 0, True
        for pattern in [b"\r", b"--", b"\r\n", b"\r\n-", b"\r\n--", b"\r\r\n--", b"\r\n--\r\n--", b"\n"]:
            content = (pattern * (size // len(pattern) + 1))[:size]
            begun = time.time()
            status, body = post(server, "/form", len(FORM) + size + len(END), [FORM, content, END])
            worst = max(worst, time.time() - begun)
            good = good and (status, body) == (200, b"%d" % size)
        parts = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 100_000
        begun = time.time()
        refused = [post(server, "/form", len(parts), [parts])[0]]
        refused.append(post(server, "/form", size, [b"--b\r\nX: ", b"x" * size])[0])
        refused.append(post(server, "/form", size, [b"--b\r\n" + b"X: y\r\n" * 100_000])[0])
        took = time.time() - begun
        return (f"{worst * 1000:.0f} ms at most; {', '.join(map(str, refused))} in {took * 1000:.0f} ms in all",
                good and worst < 0.5 and refused == [413, 413, 413] and took < 2)


@fault("R11 disk full", "a disk of 1 MiB: 507, nothing stays, small uploads and other requests go on, with a log on it too")
def disk_full():
    with tempfile.TemporaryDirectory() as folder:
        disk = pathlib.Path(folder, "disk")
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
            return "not run: mounting a file system is not allowed here", True
        try:
            with uploading(disk) as server:
                content = os.urandom(2 << 20)
                statuses = []
                for _ in range(20):
                    statuses.append(post(server, "/form", len(FORM) + len(content) + len(END), [FORM, content, END])[0])
                    statuses.append(post(server, "/save", len(content), [content], "video/x")[0])
                left = sorted(each.name for each in disk.iterdir()) + [each.name for each in (disk / "spool").iterdir()]
                small = post(server, "/form", len(FORM) + 200_000 + len(END), [FORM, b"x" * 200_000, END])
                (disk / "saved.bin").unlink()
                hello = server.get("/")[1]
            logged = full_log(disk)
            return (f"{statuses.count(507)} of 40 × 507, then a small one {small[0]}; with the log on it {logged}",
                    statuses.count(507) == 40 and left == ["app.lua", "spool"] and small == (200, b"200000")
                    and hello == b"hello" and logged == "1000 of 1000 answered")
        finally:
            subprocess.run(["umount", str(disk)], check=False)


def full_log(disk):
    """Access log and error log go to the full disk."""
    with open(disk / "access.log", "wb") as log, uploading(disk, access_log=log) as server:
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(bytes(4 << 20))
        with server.connect() as connection:
            buffer, good = b"", 0
            for _ in range(1000):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                status, _, buffer, _ = answer(connection, buffer)
                good += status == 200
        time.sleep(1.5)  # it is written once a second
        return f"{good} of 1000 answered" if server.is_alive() else "the server has ended"
