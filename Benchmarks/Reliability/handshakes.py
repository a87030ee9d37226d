# SPDX-License-Identifier: MIT
"""Handshakes that are old, slow, wrong or none. Needs openssl."""

import re
import socket
import ssl
import subprocess
import tempfile
import time

from fault import fault, scaled
from restarts import REQUEST, certificate, said, start
from server import answer


@fault("N8 handshakes", "old versions, names unknown, renegotiation, garbage: a clean end; slow: closed after 5 s; plain HTTP: 400; others served")
def handshakes():
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as log:
        certificate(folder, "A")
        context = ssl.create_default_context(cafile=f"{folder}/A.pem")
        server = start(["--port", "0", "--tls-cert", f"{folder}/A.pem", "--tls-key", f"{folder}/A.key"], log)
        port = int(re.search(r"https://[\w.]+:(\d+)/", said(log))[1])

        def connect():
            return socket.create_connection(("127.0.0.1", port), 20)

        def is_served():
            with context.wrap_socket(connect(), server_hostname="localhost") as connection:
                connection.sendall(REQUEST % b"Connection: close\r\n")
                return answer(connection)[1] == b"hello"

        def openssl(*options, typed=b"Q\n"):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options],
                                  input=typed, capture_output=True, timeout=20)
            return (done.stdout + done.stderr).decode(errors="replace")

        def after(data):
            """What comes for it."""
            with connect() as connection:
                connection.sendall(data)
                try:
                    return connection.recv(4096)
                except ConnectionResetError:
                    return b""
        try:
            slow, begun = [connect() for _ in range(scaled(500, 50))], time.time()
            for connection in slow:
                connection.sendall(b"\x16\x03\x01\x02\x00\x01")
            found = {
                "TLS 1.0": "no protocols" in (text := openssl("-tls1", "-cipher", "ALL:@SECLEVEL=0")) or "alert" in text,
                "TLS 1.1": "alert" in openssl("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
                "unknown name": "CN = A" in openssl("-servername", "other.test").replace("CN=A", "CN = A"),
                "renegotiation": "Secure Renegotiation IS supported" in (text := openssl("-tls1_2", typed=b"R\n")) and "error" in text.lower(),
                "garbage": after(b"\x16garbage" * 100)[:1] in (b"", b"\x15"),
                "other bytes": after(b"\0" * 100) == b"",
                "plain HTTP": after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 400"),
                "others": is_served(),
            }
            ended = 0
            for connection in slow:
                try:
                    ended += connection.recv(100)[:1] in (b"", b"\x15")
                except OSError:
                    ended += 1
            took = time.time() - begun
            found["after it"] = is_served()
        finally:
            server.terminate()
            server.wait(20)
        wrong = [name for name, is_right in found.items() if not is_right]
        return (f"{ended} of {len(slow)} slow ones closed after {took:.1f} s; {len(found) - len(wrong)} of {len(found)} others as they must be"
                + "".join(f", not {name}" for name in wrong), not wrong and ended == len(slow) and 4.5 <= took <= 7)
