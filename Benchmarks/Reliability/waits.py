# SPDX-License-Identifier: MIT
"""Handlers that wait in each way there is, and handlers that misbehave in each way there is. Needs cc."""

import asyncio
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

from fault import fault, scaled
from server import HERE, Server, answer, wrk

APP = HERE / "waits/app.lua"


def serve(workers=1, **options):
    return Server(app=options.pop("app", APP), flags=["--workers", str(workers)], **options)


def rates(first, second, seconds):
    """Requests per second of two things, in turn, so that the machine's moods meet both: best of three each."""
    pairs = [(first(seconds), second(seconds)) for _ in range(3)]
    return max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)


def private(server):
    """Bytes of memory that only this process has."""
    text = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Private_Dirty"))


@fault("W1 sleepers", "10,000 requests in app.sleep at once on one worker: all answered, ≤ 4 KB each, hello beside them ≥ 80 %")
def sleepers():
    count, seconds = scaled(10_000, 500), scaled(30, 6)
    with serve() as server:
        async def ask(reader, writer, path):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            return head[9:12] == b"200" and len(await reader.readexactly(5)) == 5

        async def whole():
            opened = []
            for _ in range(0, count, 100):
                opened += await asyncio.gather(*[asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)])
            await asyncio.gather(*[ask(*each, "/") for each in opened])
            calm = await asyncio.to_thread(lambda: max(wrk(server, 2)[0] for _ in range(3)))
            before = private(server)
            waiting = [asyncio.ensure_future(ask(*each, f"/sleep/{seconds}.0")) for each in opened]
            await asyncio.sleep(scaled(8, 1))
            each = (private(server) - before) / count
            beside = await asyncio.to_thread(lambda: max(wrk(server, 2)[0] for _ in range(3)))
            answered = sum(await asyncio.gather(*waiting))
            for _, writer in opened:
                writer.close()
            return answered, each, beside / calm
        answered, each, share = asyncio.run(whole())
        return (f"{answered} of {count} answered, {each / 1024:.1f} KiB each, hello {share:.0%}",
                answered == count and each <= 4096 and share >= 0.8)


@fault("W2 a wait", "a handler that waits once (app.sleep(0)): ≤ 2 µs of CPU more than hello")
def one_wait():
    with serve() as server:
        def cost(path, seconds):
            before = server.cpu()
            rate, _ = wrk(server, seconds, 64, path)
            return (server.cpu() - before) / (rate * seconds) * 1e6
        wrk(server, 1, 64, "/yield")
        pairs = sorted((cost("/yield", 2) - cost("/", 2)) for _ in range(scaled(7, 3)))
        return f"{pairs[len(pairs) // 2]:.1f} µs more (median of {len(pairs)} pairs, {pairs[0]:.1f} to {pairs[-1]:.1f})", pairs[len(pairs) // 2] <= 2


@fault("W3 loops", "100 endless loops in a row: 503 each, hello beside them is answered, memory flat")
def loops():
    count = scaled(100, 10)
    with serve() as server:
        [server.get("/bad/loop") for _ in range(3)]
        before, statuses, delays = server.resident(), [], []
        for _ in range(count):
            bad, good = server.connect(), server.connect()
            bad.sendall(b"GET /bad/loop HTTP/1.1\r\nHost: a\r\n\r\n")
            begun = time.time()
            good.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answer(good)[1] == b"hello"
            delays.append(time.time() - begun)
            statuses.append(answer(bad)[0])
            bad.close(), good.close()
        grown = server.resident() - before
        return (f"{statuses.count(503)} of {count} × 503, hello at most {max(delays) * 1e3:.0f} ms late (budget 300 ms), {grown:+d} KiB",
                statuses.count(503) == count and max(delays) <= 0.5 and grown <= 1024)


KINDS = ["sleep", "await", "timeout", "popen", "execute", "fifo", "http", "topic", "coroutine", "body", "write",
         "events", "template"]


@fault("W5 client gone", "a reset during each kind of wait: everything released within 100 ms")
def gone():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=1000) as silent:
        shutil.copytree(APP.parent, folder, dirs_exist_ok=True)
        os.mkfifo(f"{folder}/fifo")
        slowest, kept = {}, []
        with serve(app=f"{folder}/app.lua", environment={"SILENT": f"http://127.0.0.1:{silent.getsockname()[1]}/"},
                   prefix=["env", "-C", folder]) as server:
            with server.connect() as watch:
                def held():
                    watch.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
                    return int(answer(watch)[1])
                for kind in KINDS:
                    count = scaled(50, 5)
                    clients = [server.connect() for _ in range(count)]
                    for client in clients:
                        method, length = ("POST", "Content-Length: 10\r\n") if kind == "body" else ("GET", "")
                        client.sendall(f"{method} /wait/{kind} HTTP/1.1\r\nHost: a\r\n{length}\r\n".encode())
                    deadline = time.time() + 10
                    while held() < count and time.time() < deadline:
                        time.sleep(0.01)
                    if held() < count:
                        kept.append(f"{kind}: {held()} of {count} began")
                    for client in clients:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        client.close()
                    begun = time.time()
                    while held() > 0 and time.time() - begun < 5:
                        time.sleep(0.002)
                    slowest[kind] = time.time() - begun
                    if held() > 0:
                        kept.append(f"{kind}: {held()} still held")
                        break
        worst = max(slowest, key=slowest.get)
        return (f"{len(slowest)} kinds, slowest {worst} {slowest[worst] * 1e3:.0f} ms" + "".join(f"; {each}" for each in kept),
                not kept and slowest[worst] <= 0.1)


BAD = ["loop", "pcall", "coroutine", "gc", "close", "sort", "load", "rep", "recursion", "concat", "hog"]


@fault("R7 misbehaviour", "loops in pcall, coroutine, __gc, __close, sort, load; bombs of memory: ended, the worker goes on")
def misbehaviour():
    outcomes, bad = [], []
    with serve() as server:
        for name in BAD:
            begun = time.time()
            status, _ = server.get(f"/bad/{name}")
            took = time.time() - begun
            outcomes.append(f"{name} {status} {took * 1e3:.0f} ms")
            if status not in (500, 503) or took > 1.5 or server.get("/")[1] != b"hello":
                bad.append(name)
    return ", ".join(outcomes), not bad


@fault("R18 slow names", "names that resolve slowly: hello beside them ≤ 1.5 × p99")
def slow_names():
    source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <netdb.h>
        #include <string.h>
        #include <unistd.h>
        int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
          if (name != NULL && strstr(name, "nowhere") != NULL) { sleep(3); return EAI_AGAIN; }
          int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
          return real(name, service, hints, found);
        }"""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "slow.c").write_text(source)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/slow.so", f"{folder}/slow.c", "-ldl"], check=True)
        with serve(environment={"LD_PRELOAD": f"{folder}/slow.so"}) as server:
            calm = sorted(wrk(server, 2)[1] for _ in range(3))[1]
            stop, answers = threading.Event(), []

            def ask():
                while not stop.is_set():
                    answers.append(server.get("/resolve")[1])
            threads = [threading.Thread(target=ask) for _ in range(20)]
            for thread in threads:
                thread.start()
            time.sleep(0.2)
            beside = sorted(wrk(server, 2)[1] for _ in range(3))[1]
            stop.set()
            for thread in threads:
                thread.join()
            reasons = {text.decode() for text in answers}
            return (f"p99 {calm:.2f} → {beside:.2f} ms; {len(answers)} answers: {', '.join(sorted(reasons))}",
                    beside <= 1.5 * calm + 0.3 and len(answers) >= 20)
