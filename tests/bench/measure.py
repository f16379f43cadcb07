#!/usr/bin/env python3
"""Median wall time and peak memory of whole commands: measure.py BERTH DIR"""
import os, resource, statistics, subprocess, sys, time

berth, folder = sys.argv[1:3]


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
