#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs luahttpd and its peers in turn over loopback and prints ratios.

Server on one core, load on the other; A B A B, so that what else the machine does hits both. The median ratio and
its spread say how fast we are; absolute figures of a loaded machine say little. CPU per request is the truer
figure where the load generator is the bottleneck.
"""

import argparse
import pathlib
import shlex
import statistics
import subprocess
import sys

import load
import servers

# name, path, what wrk does besides (or h2load, where it says how), the ratio to reach (requests/s), peers
TESTS = [
    ("hello", "/", {}, 1.1, ("nginx", "hummingbird", "bare")),
    ("json", "/json", {}, 1.1, ("nginx",)),
    ("params", "/users/42?verbose=1", {"headers": ("X-Client: wrk",)}, 1.1, ("nginx",)),
    ("fortunes", "/fortunes", {}, 2.0, ("nginx", "hummingbird")),
    ("rows", "/rows", {}, 4.0, ("nginx", "hummingbird")),
    ("page", "/page", {}, None, ("nginx",)),
    ("form", "/form", {"script": "post.lua"}, None, ("nginx",)),
    ("small file", "/static/small.css", {}, 1.3, ("nginx",)),
    ("large file", "/static/large.txt", {}, 1.0, ("nginx",)),
    ("pipelined", "/", {"script": "pipeline.lua"}, 8.0, ("nginx",)),
    ("connect", "/", {"headers": ("Connection: close",)}, None, ("nginx",)),
    ("gzip", "/text", {"headers": ("Accept-Encoding: gzip",), "connections": 16}, None, ("nginx",)),
    ("tls", "/", {"h2load": ("--h1", "-c64"), "encrypted": True}, 0.8, ("nginx",)),
    ("h2", "/", {"h2load": ("-c16", "-m16"), "encrypted": True}, 0.7, ("nginx",)),
    ("h2 single", "/", {"h2load": ("-c64", "-m1"), "encrypted": True}, None, ("nginx",)),
]
# Latency is also compared where both get the same load, of which this is the part of what the slower can do.
STEADY, STEADY_LOAD = ("hello", "fortunes"), 0.7


def files():
    """The files that are served: made here, so that no data lies in the repository."""
    public = servers.HERE / "app/public"
    public.mkdir(exist_ok=True)
    (public / "small.css").write_text(".a { margin: 0 auto; color: #234 }\n" * 60)
    (public / "large.txt").write_text("0123456789abcdef" * 6400)


def same_answers(ours, peer, path, extra):
    """A ratio means nothing if the answers differ."""
    if extra.get("script") == "post.lua":
        return
    command = ["curl", "-s", "-H", "X-Client: wrk"]
    bodies = [subprocess.run(command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True).stdout
              for server in (ours, peer)]
    if path == "/json":
        import json
        bodies = [json.loads(body) for body in bodies]
    # Mustache escapes quotes with other entities: same page, other bytes.
    if bodies[0] != bodies[1] and not (peer.name == "hummingbird" and len(bodies[0]) - len(bodies[1]) < 400):
        raise SystemExit(f"{path}: {ours.name} and {peer.name} answer differently")


def measure(server, path, seconds, extra):
    cpu = server.cpu()
    generator = load.h2load if "h2load" in extra else load.wrk
    requests, rate, p50, p99 = generator(server, path, seconds, **extra)
    return rate, (server.cpu() - cpu) / max(requests, 1) * 1e6, p50 * 1e3, p99 * 1e3


def compare(ours, peer, test, pairs, seconds):
    name, path, extra, goal, _ = test
    same_answers(ours, peer, path, extra)
    rows = []
    for _ in range(pairs + 1):
        rows.append((measure(ours, path, seconds, extra), measure(peer, path, seconds, extra)))
    rows = rows[1:]  # the first pair warms up
    ratios = [a[0] / b[0] for a, b in rows]
    cpu = [a[1] / b[1] for a, b in rows]
    middle = lambda values: statistics.median(values)
    print(f"| {name} | {peer.name} | {middle(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}] "
          f"| {middle(cpu):.2f} [{min(cpu):.2f}–{max(cpu):.2f}] "
          f"| {middle([a[1] for a, _ in rows]):.1f} / {middle([b[1] for _, b in rows]):.1f} "
          f"| {middle([a[3] for a, _ in rows]):.2f} / {middle([b[3] for _, b in rows]):.2f} "
          f"| {f'≥ {goal}' if goal and peer.name == 'nginx' else '–'} |", flush=True)


def compare_steadily(ours, peer, test, pairs, seconds):
    name, path, extra, _, _ = test
    rate = STEADY_LOAD * min(load.wrk(server, path, seconds, **extra)[1] for server in (ours, peer))
    rows = [(load.steady(ours, path, rate, seconds), load.steady(peer, path, rate, seconds)) for _ in range(pairs + 1)]
    rows = rows[1:]
    ratios = [a[2] / b[2] for a, b in rows]
    figure = lambda server, index: statistics.median(row[server][index] for row in rows) * 1e6
    print(f"| {name} | {peer.name} | {statistics.median(a[0] for a, _ in rows):.0f} "
          f"| {figure(0, 1):.0f} / {figure(1, 1):.0f} | {figure(0, 2):.0f} / {figure(1, 2):.0f} "
          f"| {statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}] |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path, help="luahttpd, a release build")
    parser.add_argument("--against", type=pathlib.Path, help="another luahttpd binary instead of the peers")
    parser.add_argument("--plus", metavar="FLAGS", help="with these flags against without them, instead of the peers: "
                        "\"--access-log-file /dev/shm/log\", \"--metrics 127.0.0.1:0\"")
    parser.add_argument("--hummingbird", type=pathlib.Path, help="the Swift baseline, a release build")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", action="append", help="names of tests")
    parser.add_argument("--idle", type=int, default=10000, help="idle connections to open (0: none)")
    options = parser.parse_args()
    files()
    wanted = [test for test in TESTS if not options.only or test[0] in options.only]
    # A certificate costs memory: only those that need one have it.
    encrypted = servers.certificate() if any("encrypted" in test[2] for test in wanted) else None
    flags = shlex.split(options.plus or "")
    ours = servers.luahttpd(options.binary, "with them" if flags else "luahttpd", flags, encrypted)
    if options.against or flags:
        peers = [servers.luahttpd(options.against or options.binary, "before" if options.against else "without", (), encrypted)]
    else:
        peers = [servers.nginx(encrypted), servers.bare()]
        if options.hummingbird:
            peers.append(servers.hummingbird(options.hummingbird))
    running = [ours, *peers]
    try:
        for server in running:
            resident, private = server.memory()
            print(f"{server.name}: start to first answer {server.first_answer * 1e3:.0f} ms, "
                  f"resident {resident / 1024:.1f} MB, private {private / 1024:.1f} MB")
        print("\n| test | against | requests/s, median ratio [spread] | CPU per request, ratio [spread] "
              "| CPU µs, ours / theirs | p99 ms, ours / theirs | goal |\n|---|---|---|---|---|---|---|", flush=True)
        for test in wanted:
            for peer in peers:
                if options.against or flags or peer.name in test[4]:
                    compare(ours, peer, test, options.pairs, options.seconds)
        print("\n| at equal load | against | requests/s | p50 µs, ours / theirs | p99 µs, ours / theirs "
              "| p99, ratio [spread] |\n|---|---|---|---|---|---|", flush=True)
        for test in TESTS:
            for peer in peers:
                if test[0] in (options.only or STEADY) and test[0] in STEADY and peer.name in ("nginx", "before"):
                    compare_steadily(ours, peer, test, options.pairs, options.seconds)
        print()
        for server in running if options.idle else []:
            if server.name == "bare":
                continue
            count, each = load.idle_connections(server, options.idle)
            print(f"{server.name}: {count} idle connections, {each:.1f} kB resident each")
    finally:
        for server in running:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
