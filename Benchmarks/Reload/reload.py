#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Figures of hot reload, by hand: python3 Benchmarks/Reload/reload.py [--binary .build/release/luahttpd] [--short] [PART…]

Parts: latency (save to first new answer), load (reloads under load), broken (saves that must change nothing),
leftovers (files that must not count), idle (a server that watches and does nothing). Ends with 1 if one misses its aim.
"""
import argparse, http.client, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

ROUTES, TEMPLATES = 30, 40


class Site:
    """An app of 30 routes and 40 templates, served."""

    def __init__(self, binary, arguments):
        self.dir = tempfile.mkdtemp(prefix="luahttpd-reload-")
        os.makedirs(self.dir + "/templates/parts")
        os.makedirs(self.dir + "/public")
        for number in range(TEMPLATES - 2):
            self.write(f"templates/parts/p{number}.html",
                       "{% extends 'base.html' %}{% block body %}<ul>{% for x in list %}<li class=\"{{ loop.index }}\">"
                       "{{ x.name | upper }}: {{ x.value | default('none') }}</li>{% else %}<li>empty</li>{% endfor %}</ul>"
                       "{% if user %}{{ user.name }}{% endif %}{% endblock %}" * 1)
        self.write("templates/base.html", "<!doctype html><title>{{ title }}</title>{% block body %}{% endblock %}")
        self.save(0)
        self.errors = open(self.dir + "/errors", "wb+")
        self.process = subprocess.Popen(
            [os.path.abspath(binary), "app.lua", "--port", "0", "--no-access-log", "--workers", "2"] + arguments, cwd=self.dir,
            stdout=subprocess.DEVNULL, stderr=self.errors)
        self.port = int(self.wait_for(r"http://127\.0\.0\.1:(\d+)/").group(1))

    def script(self, marker):
        lines = ['local app = require "luahttpd"', 'local words = require "words"',
                 'app:static("/assets", "public")',
                 f'app:get("/", function(req) return {{ route = "{marker}", module = words.marker }}, "page.html" end)']
        for number in range(ROUTES - 1):
            lines.append(f'app:get("/r{number}/:id<int>", function(req) return {{ title = "r{number}", list = '
                         f'{{ {{ name = "a", value = req.params.id }} }} }}, "parts/p{number}.html" end)')
        return "\n".join(lines) + "\n"

    def page(self, marker): return f"{marker} {{{{ route }}}} {{{{ module }}}}"

    def write(self, name, text, rename=False):
        path = f"{self.dir}/{name}"
        with open(path + ".tmp" if rename else path, "w") as file: file.write(text)
        if rename: os.rename(path + ".tmp", path)

    def save(self, marker):
        self.write("words.lua", f'return {{ marker = "{marker}" }}\n')
        self.write("templates/page.html", self.page(marker))
        self.write("app.lua", self.script(marker))

    def log(self): return open(self.dir + "/errors", errors="replace").read()

    def wait_for(self, pattern, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            found = re.search(pattern, self.log())
            if found: return found
            time.sleep(0.002)
        raise SystemExit(f"no {pattern!r} in the log:\n{self.log()}")

    def count(self, text): return self.log().count(text)

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        shutil.rmtree(self.dir)


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path="/"):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()


class Load:
    """Keep-alive and fresh connections, until it is stopped; every answer is checked."""

    def __init__(self, site, keep_alive=3, fresh=2):
        self.site, self.stopped = site, False
        self.answers, self.failures, self.mixed, self.seen = 0, [], [], set()
        self.threads = [threading.Thread(target=self.run, args=(number < keep_alive,)) for number in range(keep_alive + fresh)]
        for thread in self.threads: thread.start()

    def run(self, keeps):
        client = None
        while not self.stopped:
            try:
                if client is None or not keeps: client = Client(self.site.port)
                status, body = client.get()
                if not keeps: client.connection.close()
                self.answers += 1
                markers = body.split()
                if status != 200 or len(markers) != 3: self.failures.append(f"{status} {body[:200]}")
                elif len(set(markers)) > 1: self.mixed.append(body)
                else: self.seen.add(markers[0])
            except Exception as error:
                self.failures.append(repr(error))
                client = None

    def stop(self):
        self.stopped = True
        for thread in self.threads: thread.join()


def percentile(values, part): return sorted(values)[min(len(values) - 1, int(len(values) * part))]


missed = []


def aim(name, value, limit, unit=""):
    good = value <= limit
    if not good: missed.append(name)
    print(f"  {'ok  ' if good else 'MISS'} {name}: {value:.1f}{unit} (aim {limit}{unit})", flush=True)


def latency(binary, short):
    """Save to the first answer of the new version: asked at once (development), and by asking again and again (watching)."""
    rounds = 20 if short else 200
    for mode in (["--dev"], ["--prod", "--watch"]):
        site = Site(binary, mode)
        client = Client(site.port)
        client.get()
        for what in ("script", "template"):
            times = []
            for number in range(1, rounds + 1):
                marker, place = f"{what[0]}{number}", 1 if what == "script" else 0
                name, text = ("app.lua", site.script(marker)) if what == "script" else ("templates/page.html", site.page(marker))
                time.sleep(0.02)
                site.write(name, text, rename=number % 2 == 0)
                saved = time.perf_counter()
                while client.get()[1].split()[place] != marker:
                    if mode == ["--dev"]: missed.append("stale"); break
                    time.sleep(0.0005)
                times.append((time.perf_counter() - saved) * 1000)
            limits = (50, 150) if what == "script" else (20, 150)
            aim(f"{' '.join(mode)} {what} p50", percentile(times, 0.5), limits[0], " ms")
            aim(f"{' '.join(mode)} {what} p99", percentile(times, 0.99), limits[1], " ms")
        site.close()


def load(binary, short):
    """Reloads by SIGHUP, the three files saved before each; then by watching."""
    rounds = 30 if short else 1000
    site = Site(binary, ["--prod"])
    load = Load(site)
    before = 0
    for number in range(1, rounds + 1):
        site.save(number)
        site.process.send_signal(signal.SIGHUP)
        end = time.time() + 60
        while str(number) not in load.seen and not load.failures and time.time() < end: time.sleep(0.001)
        if number == max(10, rounds // 10):
            before = site.rss()
    after = site.rss()
    load.stop()
    print(f"  {load.answers} answers, {len(load.seen)} versions seen, RSS {before} KiB after a tenth, {after} KiB at the end")
    aim("SIGHUP failed", len(load.failures), 0)
    aim("SIGHUP mixed", len(load.mixed), 0)
    aim("versions not seen", rounds - len(load.seen - {"0"}), 0)
    aim("RSS grows", abs(after - before) * 100 / before, 10, " %")
    for text in load.failures[:3]: print("   ", text)
    site.close()

    site = Site(binary, ["--dev"])
    load = Load(site)
    end = time.time() + (3 if short else 30)
    number = 0
    while time.time() < end:
        number += 1
        site.write("words.lua", f'return {{ marker = "{number}" }}\n', rename=number % 2 == 0)
        time.sleep(0.025)
    load.stop()
    print(f"  {load.answers} answers, {number} saves of a module, {site.count('reloaded in')} reloads")
    aim("watching failed", len(load.failures), 0)
    for text in load.failures[:3]: print("   ", text)
    site.close()


BROKEN = [
    ("app.lua", "local x = = 1", r"app\.lua:1: unexpected symbol"),
    ("app.lua", "\nerror 'at load'", r"app\.lua:2: at load"),
    ("app.lua", "", r"app\.lua:1: the main script is empty"),
    ("app.lua", None, r"cannot read app\.lua"),
    ("app.lua", "local app = require 'luahttpd'\napp:get('/', function() return 'ha", r"app\.lua:2: unfinished string"),
    ("words.lua", "return {", r"words\.lua:1: unexpected symbol"),
    ("templates/page.html", "{% for %}", r"page\.html:1:"),
    ("templates/base.html", "{% extends 'base.html' %}", r"'base\.html' extends itself"),
    ("app.lua", "local app = require 'luahttpd'\napp:on('check', function() error 'unwell' end)", r"app\.lua:2: unwell"),
    ("app.lua", "while true do end", r"app\.lua:1: "),
]


def broken(binary, short):
    """Saves that do not load, under load: every answer comes from the version before."""
    for name, text, message in BROKEN[:-1] if short else BROKEN:
        site = Site(binary, ["--dev"])
        load = Load(site, 2, 1)
        time.sleep(0.2)
        with open(f"{site.dir}/{name}") as file: good = file.read()
        start = time.time()
        if text is None: os.remove(f"{site.dir}/{name}")
        else: site.write(name, text)
        site.wait_for(message)
        took = time.time() - start
        time.sleep(0.3)
        during = set(load.seen)
        site.write(name, good)
        site.save(1)
        end = time.time() + 60
        while "1" not in load.seen and time.time() < end: time.sleep(0.005)
        load.stop()
        print(f"  {name}: {load.answers} answers, said after {took * 1000:.0f} ms")
        aim(f"{message} failed", len(load.failures) + len(load.mixed) + len(during - {"0"}), 0)
        aim(f"{message} not mended", 0 if "1" in load.seen else 1, 0)
        site.close()


def leftovers(binary, short):
    site = Site(binary, ["--dev"])
    client = Client(site.port)
    for folder in ("", "templates/", "public/"):
        for name in ("4913", ".app.lua.swp", "app.lua~", "#app.lua#", ".#app.lua", "app.db-wal", "app.db-shm",
                     "app.db-journal", "app.lua.tmp", "x.html___jb_tmp___", "x.html___jb_old___", ".git/index"):
            os.makedirs(os.path.dirname(f"{site.dir}/{folder}{name}"), exist_ok=True)
            site.write(folder + name, "junk")
            client.get()
    for name in ("app.lua", "words.lua", "templates/page.html"):
        os.utime(f"{site.dir}/{name}")
        client.get()
        with open(f"{site.dir}/{name}") as file: same = file.read()
        site.write(name, same, rename=True)
        client.get()
    time.sleep(0.5)
    aim("reloads by leftovers", site.count("reloaded") + site.count("does not load"), 0)
    site.close()


def idle(binary, short):
    site = Site(binary, ["--dev"])
    client = Client(site.port)
    client.get()
    client.connection.close()
    time.sleep(2 if short else 12)  # threads that began with the server end
    seconds = 2 if short else 10

    def used():
        threads = {}
        for thread in os.listdir(f"/proc/{site.process.pid}/task"):
            with open(f"/proc/{site.process.pid}/task/{thread}/status") as file:
                switches = int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", file.read()).group(1))
            with open(f"/proc/{site.process.pid}/task/{thread}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            threads[thread] = (switches, int(fields[11]) + int(fields[12]))
        return threads

    before = used()
    time.sleep(seconds)
    after = used()
    both = [(before[thread], after[thread]) for thread in after if thread in before]
    # libdispatch, which the runtime of Swift's async code stands on, looks at its threads once a second.
    aim(f"wake-ups in {seconds} s", sum(b[0] - a[0] for a, b in both), seconds + 1)
    aim("CPU", sum(b[1] - a[1] for a, b in both) * 10, 0, " ms")
    site.close()


parts = {"latency": latency, "load": load, "broken": broken, "leftovers": leftovers, "idle": idle}
parser = argparse.ArgumentParser()
parser.add_argument("--binary", default=".build/release/luahttpd")
parser.add_argument("--short", action="store_true")
parser.add_argument("parts", nargs="*")
arguments = parser.parse_args()
for name in arguments.parts or parts:
    print(name, flush=True)
    parts[name](arguments.binary, arguments.short)
sys.exit(1 if missed else 0)
