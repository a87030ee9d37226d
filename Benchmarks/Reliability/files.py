#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of several sizes from luahttpd and from nginx with open_file_cache, in turn on the same core.

    python3 Benchmarks/Reliability/files.py [--pairs 5] [--seconds 2]

Prints requests per second and CPU µs per request, medians, and the ratio to nginx. Needs wrk and nginx."""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from server import Server

SIZES = [100, 1000, 10_000, 100_000, 1_000_000]

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000; etag on;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s; open_file_cache_min_uses 1;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; default_type application/octet-stream;
  types {{ text/plain txt; }}
  server {{ listen 127.0.0.1:{port}; location /files/ {{ alias {files}/; }} }}
}}
"""


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(pid, port, size, seconds):
    """Requests per second and CPU µs per request."""
    before = cpu(pid)
    text = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/files/{size}.txt"],
        capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", text)[1])
    assert "Non-2xx" not in text, text
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), (cpu(pid) - before) / requests * 1e6


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=2)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = pathlib.Path(folder, "files")
        files.mkdir()
        os.chmod(folder, 0o755)
        for size in SIZES:
            path = files / f"{size}.txt"
            path.write_bytes(b"x" * size)
            os.utime(path, (time.time() - 100,) * 2)
        port = 18700 + os.getpid() % 1000
        config = pathlib.Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, port=port, files=files))
        nginx = subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", str(config)])
        try:
            with Server(files=files, flags=["--workers", "1"], prefix=["taskset", "-c", "0"],
                        limits={"requests": 100000000}) as server:
                time.sleep(0.5)
                print("| bytes | luahttpd /s | nginx /s | ratio | CPU µs, luahttpd / nginx |\n|---|---|---|---|---|")
                for size in SIZES:
                    ours, theirs = [], []
                    for pair in range(options.pairs + 1):
                        ours.append(load(server.process.pid, server.port, size, options.seconds))
                        theirs.append(load(nginx.pid, port, size, options.seconds))
                    ours, theirs = ours[1:], theirs[1:]  # the first warms up
                    ratios = sorted(a[0] / b[0] for a, b in zip(ours, theirs))
                    rate, time_of = (statistics.median(x) for x in zip(*ours))
                    nginx_rate, nginx_time = (statistics.median(x) for x in zip(*theirs))
                    print(f"| {size} | {rate:.0f} | {nginx_rate:.0f} | {statistics.median(ratios):.2f}"
                          f" [{ratios[0]:.2f}–{ratios[-1]:.2f}] | {time_of:.1f} / {nginx_time:.1f} |", flush=True)
        finally:
            nginx.terminate()
            nginx.wait(10)


if __name__ == "__main__":
    main()
