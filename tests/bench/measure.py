#!/usr/bin/env python3
"""Median wall time and peak memory of whole commands: measure.py BERTH DIR HELM"""
import os, resource, shutil, statistics, subprocess, sys, time

berth, folder, helm = sys.argv[1:4]


memory = {}


def run(*cmd):
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execv(cmd[0], cmd)
    _, status, usage = os.wait4(pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def measure(name, times, *cmd):
    got = [run(*cmd) for _ in range(times)]
    seconds = statistics.median(g[0] for g in got)
    mib = max(g[1] for g in got)
    codes = {g[2] for g in got}
    print(f"{name:40} {seconds * 1000:10.1f} ms  {mib:8.1f} MiB  exit {codes}")
    memory[name] = mib
    return seconds


measure("check examples/hello", 41, berth, "check", "examples/hello")
measure("compile examples/rails-on-fargate --stdout", 21, berth, "compile", "--all-stages", "--set", "tag=v1", "--stdout", "examples/rails-on-fargate")
times = {}
for n in (1000, 10000, 100000):
    path = os.path.join(folder, f"{n}.berth")
    lines = sum(1 for _ in open(path))
    times[n] = measure(f"check {n} declarations, {lines} lines", 11 if n < 100000 else 5, berth, "check", path)
for a, b in ((1000, 10000), (10000, 100000)):
    print(f"growth {a} to {b}: {times[b] / times[a] / 10:.2f} of linear")
for n in (100, 1000):
    for form in ("api", "terraform"):
        times[form, n] = measure(f"compile --emit {form} --stdout, {n} services", 5, berth, "compile", "--emit", form, "--stdout", os.path.join(folder, f"aws{n}.berth"))
for form in ("api", "terraform"):
    print(f"growth 100 to 1000, {form}: {times[form, 1000] / times[form, 100] / 10:.2f} of linear")

# W(N) of Kubernetes: berth, the same bytes from memory, helm
for n in (1000, 10000, 20000):
    times["w", n] = measure(f"compile --emit kubernetes --stdout, W({n})", 5 if n == 1000 else 3, berth, "compile", "--emit", "kubernetes", "--stdout", f"{folder}/w{n}/w.berth")
for a, b in ((1000, 10000), (10000, 20000)):
    print(f"growth {a} to {b}: {times['w', b] / times['w', a] / (b / a):.2f} of linear")
if os.access(helm, os.X_OK):
    peer = measure("helm template, W(1000)", 5, helm, "template", f"{folder}/w1000/chart")
    print(f"helm takes {peer / times['w', 1000]:.1f} times as long and {memory['helm template, W(1000)'] / memory['compile --emit kubernetes --stdout, W(1000)']:.2f} times the memory")


def write_same(source, target):
    """The floor: the files of `source`, from memory, with one sync at the end."""
    files = [(os.path.relpath(os.path.join(d, f), source), open(os.path.join(d, f), "rb").read()) for d, _, fs in os.walk(source) for f in fs]
    start = time.perf_counter()
    for path, text in files:
        path = os.path.join(target, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb", buffering=0) as f:
            f.write(text)
    os.sync()
    return time.perf_counter() - start


ratios = []
for i in range(5):
    mine, _, _ = run(berth, "compile", "--emit", "kubernetes", "-o", f"{folder}/mine{i}", f"{folder}/w1000/w.berth")
    floor = write_same(f"{folder}/mine{i}", f"{folder}/same{i}")
    ratios.append((mine / floor, mine, floor))
    shutil.rmtree(f"{folder}/mine{i}")
    shutil.rmtree(f"{folder}/same{i}")
ratio, mine, floor = sorted(ratios)[2]
print(f"compile -o, W(1000): {mine:.2f} s; the same files from memory: {floor:.2f} s; {ratio:.1f} times as long (median of 5 pairs)")
