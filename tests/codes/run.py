#!/usr/bin/env python3
"""The two programs of every diagnostic code: the bad one raises it, the good one does not.

A program without `project` or `stage` gets one in front; programs of the
syntax codes (E00..) are whole files. The rows are read from the .def files.
"""
import os, re, subprocess, sys, tempfile

berth = os.environ.get("BERTH", "build/berth")
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))


def rows():
    for name in ("diag_syntax.def", "diag_codes.def"):
        path = os.path.join(root, "include/berth", name)
        text = re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S)
        for m in re.finditer(r"DIAG\((E\d{4}),(.*?)\)\s*(?=DIAG\(|\Z)", text, flags=re.S):
            yield m.group(1), parse_strings(m.group(2))


def parse_strings(text):
    """The C string arguments of one row, adjacent literals joined."""
    out, i = [], 0
    current = None
    while i < len(text):
        c = text[i]
        if c == '"':
            j, s = i + 1, ""
            while text[j] != '"':
                if text[j] == "\\":
                    nxt = text[j + 1]
                    if nxt == "x":
                        s += chr(int(text[j + 2:j + 4], 16)); j += 4; continue
                    if nxt in "01234567":
                        k = j + 1
                        while k < j + 4 and text[k] in "01234567":
                            k += 1
                        s += chr(int(text[j + 1:k], 8)); j = k; continue
                    s += {"n": "\n", "t": "\t", "r": "\r"}.get(nxt, nxt); j += 2
                else:
                    s += text[j]; j += 1
            current = (current or "") + s
            i = j + 1
        elif c == ",":
            if current is not None:
                out.append(current)
                current = None
            i += 1
        else:
            i += 1
    if current is not None:
        out.append(current)
    return out  # slug, summary, explanation, bad, good


def frame(program):
    head = ""
    if not re.search(r"^project ", program, flags=re.M):
        head += "project app { edition = 2026 }\n\n"
    if not re.search(r"^stage ", program, flags=re.M):
        head += 'stage prod { platform = ecs, region = "eu-west-1", account = "111122223333" }\n\n'
    return head + program


def run(program, raw):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "main.berth")
        with open(path, "wb") as f:
            f.write((program if raw else frame(program)).encode("utf-8", "surrogateescape"))
        r = subprocess.run([berth, "check", "--format", "json", "--max-errors", "0", path], capture_output=True)
        return r.returncode, r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace")


def codes_of(out):
    return re.findall(r'"code":\s*"(E\d{4})"', out)


passed = failed = 0
seen = set()
for code, s in rows():
    problems = []
    if code in seen:
        problems.append("the number is used twice")
    seen.add(code)
    if len(s) != 5 or not all(s[i] for i in (0, 1, 2, 4)):
        problems.append(f"the row is not complete: {len(s)} strings")
    else:
        slug, summary, explain, bad, good = s
        raw = code.startswith("E00")
        if bad:
            rc, out, err = run(bad, raw)
            if code not in codes_of(out):
                problems.append(f"the bad program does not raise it: exit {rc}, {codes_of(out)}\n{err}")
            rc, out, err = run(good, raw)
            if code in codes_of(out):
                problems.append(f"the good program raises it\n{out}")
            others = [c for c in codes_of(out) if not c.startswith("E0127")]
            if others:
                problems.append(f"the good program is not clean: {others}\n{out}")
        else:
            where = re.search(r"tests/[\w/]+", good)
            if "resources are validated" not in good and not (where and os.path.exists(os.path.join(root, where.group(0)))):
                problems.append(f"no program, and the tests it names do not exist: {good}")
    if problems:
        failed += 1
        print(code, *problems, sep="\n  ")
    else:
        passed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
