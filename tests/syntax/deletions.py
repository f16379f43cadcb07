#!/usr/bin/env python3
"""Deleting any single line or token of a valid program gives a handful of messages, the first near it;
misspelling the word of any setting gives one.

Every line of every example is deleted in turn, and every token (tokens are cut by a small scanner of this
file's own). `check` may say at most LIMIT messages; where they are of the syntax codes, the first must lie
within NEAR lines of the deletion. Then the last letters of every setting's word change places: one cause,
one message.
"""
import concurrent.futures as cf, glob, json, os, re, shutil, subprocess, sys, tempfile

LIMIT, NEAR = 4, 2
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
plain = os.path.join(root, "build/berth")
checked = os.environ.get("BERTH", plain)  # with sanitizers: slower, so for the lines and every tenth token
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[ \t]*\|[^\n]*|[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*|\d[\w.%]*(?:/[smhd])?|\.\.|[=!<>]=|[^\s\w]')

SETTING = re.compile(r"(?<![\w.])([a-z][a-z_]*?)([a-z])([a-z])(?= = )")


def cases(text):
    at = 0
    for i, line in enumerate(text.splitlines(keepends=True), 1):
        if line.strip() and not line.strip().startswith("#"):
            yield f"line {i}", i, text[:at] + text[at + len(line):]
        at += len(line)
    for m in TOKEN.finditer(text):
        if m.group().startswith("#") or m.group().lstrip().startswith("|"):
            continue
        yield f"token {m.group()[:30]!r}", text.count("\n", 0, m.start()) + 1, text[:m.start()] + text[m.end():]
    for m in SETTING.finditer(text):
        if m.group(1) and m.group(2) != m.group(3) and "#" not in text[text.rfind("\n", 0, m.start()) + 1:m.start()]:
            word = m.group(1) + m.group(3) + m.group(2)
            yield f"misspelt {m.group()}", text.count("\n", 0, m.start()) + 1, text[:m.start()] + word + text[m.end():]


def judge(berth, folder, number, limit, line, text):
    path = os.path.join(folder, f"t{number}.berth")
    with open(path, "w") as f:
        f.write(text)
    try:
        r = subprocess.run([berth, "check", "--format", "json", "--max-errors", "0", path], capture_output=True, text=True, timeout=20)
    finally:
        os.unlink(path)
    if r.returncode not in (0, 1):
        return f"exit {r.returncode} {r.stderr[:200]}"
    found = [d for d in json.loads(r.stdout)["diagnostics"] if d["severity"] == "error"]
    syntax = [d for d in found if d["code"] < "E0050"]
    if len(found) > limit:
        return f"{len(found)} messages: " + "; ".join(f"{d['line']} {d['code']} {d['message']}" for d in found[:6])
    if syntax and min(abs(d["line"] - line) for d in syntax[:1]) > NEAR:
        return f"the first message is at line {syntax[0]['line']}: {syntax[0]['message']}"
    return None


passed = failed = 0
step = int(os.environ.get("BERTH_DELETIONS_STEP", "1"))
with tempfile.TemporaryDirectory() as tmp, cf.ThreadPoolExecutor(4) as pool:
    jobs = []
    for main in sorted(glob.glob(os.path.join(root, "examples/*/main.berth"))):
        name = os.path.basename(os.path.dirname(main))
        folder = os.path.join(tmp, name)
        shutil.copytree(os.path.dirname(main), folder)
        os.unlink(os.path.join(folder, "main.berth"))
        for n, (what, line, text) in enumerate(cases(open(main).read())):
            if what.startswith("line") or n % step == 0:
                berth = checked if what.startswith("line") or n % 10 == 0 else plain
                limit = 1 if what.startswith("misspelt") else LIMIT
                jobs.append((name, what, line, pool.submit(judge, berth, folder, n, limit, line, text)))
    for name, what, line, job in jobs:
        problem = job.result()
        if problem:
            failed += 1
            print(f"{name}:{line}: {what}: {problem}")
        else:
            passed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
