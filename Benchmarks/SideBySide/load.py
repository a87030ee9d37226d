# SPDX-License-Identifier: MIT
"""The load: wrk or h2load on the other core, and what they report."""

import math
import re
import resource
import socket
import subprocess
import tempfile

from servers import HERE, LOAD_CORE

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def wrk(server, path, seconds, connections=64, script=None, headers=()):
    """(requests, requests per second, p50, p99); latencies in seconds. SystemExit for answers that are not 2xx."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(HERE / script)]
    text = subprocess.run(
        command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text and "connect 0, read 0, write 0" not in text:
        raise SystemExit(f"{server.name}{path}: {text}")
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return requests, rate, _latency(text, 50), _latency(text, 99)


def h2load(server, path, seconds, h2load, encrypted=False):
    """The same by h2load, for TLS and HTTP/2; it knows no percentiles. AES-128-GCM, whatever the server likes best."""
    url = f"https://127.0.0.1:{server.encrypted_port}{path}" if encrypted else f"http://127.0.0.1:{server.port}{path}"
    text = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "h2load", "-t1", f"-D{seconds}", "--tls13-ciphers=TLS_AES_128_GCM_SHA256",
         *h2load, url], capture_output=True, text=True, check=True).stdout
    done, failed, errors = map(int, re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", text).groups())
    if failed or errors or not done:
        raise SystemExit(f"{server.name}{path}: {text}")
    return done, float(re.search(r"finished in .*?, ([\d.]+) req/s", text)[1]), math.nan, math.nan


def _latency(text, percent):
    number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def steady(server, path, rate, seconds, connections=64):
    """(requests per second, p50, p99) of requests that come at a given rate; latencies in seconds."""
    with tempfile.NamedTemporaryFile("r") as log:
        command = ["taskset", "-c", LOAD_CORE, "h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}",
                   f"--rps={rate / connections:.1f}", f"--log-file={log.name}"]
        subprocess.run(command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True, check=True)
        answers = [line.split() for line in log]
    if any(status != "200" for _, status, _ in answers):
        raise SystemExit(f"{server.name}{path}: answers that are not 200")
    times = sorted(int(microseconds) for _, _, microseconds in answers)
    return len(times) / seconds, times[len(times) // 2] / 1e6, times[len(times) * 99 // 100] / 1e6


def idle_connections(server, count):
    """Resident kB that one idle keep-alive connection costs, after it was answered once."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    count = min(count, limit - 200)
    before = server.memory()[0]
    connections = []
    for index in range(count):
        # One address has some 28,000 ports: far more than needed here.
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(4096)
        connections.append(connection)
    after = server.memory()[0]
    for connection in connections:
        connection.close()
    return count, (after - before) / count
