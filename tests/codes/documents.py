#!/usr/bin/env python3
"""What the documents say is so: links lead somewhere, programs in them parse and are formatted, every command
and option is in its help, the manual page and the completions; JSON output follows its schema."""
import glob, hashlib, json, os, re, subprocess, sys, tempfile

import jsonschema

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
berth = os.environ.get("BERTH", os.path.join(root, "build/berth"))
passed = failed = 0


def judge(what, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(what, why)


def run(*args, **more):
    return subprocess.run([berth, *args], capture_output=True, text=True, cwd=root, **more)


def schema(name):
    return json.load(open(os.path.join(root, "tests/schemas", name)))


def conforms(what, document, name):
    problems = list(jsonschema.Draft7Validator(schema(name)).iter_errors(document))
    judge(what, not problems, "; ".join(p.message for p in problems[:3]))


# ---- texts ----

texts = [t for t in glob.glob("**/*.md", root_dir=root, recursive=True) if not t.startswith("build/")]
for text in texts:
    words = open(os.path.join(root, text), encoding="utf-8").read()
    for link in re.findall(r"\]\(([^)#:]+)\)", words):
        judge(f"{text}: link {link}", os.path.exists(os.path.join(root, os.path.dirname(text), link)), "leads nowhere")
    for i, program in enumerate(re.findall(r"^```berth\n(.*?)^```", words, re.S | re.M)):
        r = run("fmt", "-", input=program)
        judge(f"{text}: program {i + 1}", r.returncode == 0, r.stderr)
for folder in ["", "compiler", "include/berth", "include/berth/platform", "grammar", "stdlib", "tests", "examples", *glob.glob("compiler/*/", root_dir=root), *glob.glob("examples/*/", root_dir=root)]:
    judge(f"{folder}: README.md", os.path.exists(os.path.join(root, folder, "README.md")), "is missing")

# ---- what one program means on two platforms ----

with tempfile.TemporaryDirectory() as out:
    said = run("compile", "--all-stages", "-o", out, "examples/hello").stderr
    shown = re.search(r"^both platforms.*", "\n".join(l.rstrip() for l in said.splitlines()), re.S | re.M).group()
    judge("examples/hello/README.md: fidelity", f"```text\n{shown}\n```" in open(os.path.join(root, "examples/hello/README.md")).read(), "differs from what compile says")
table = run("explain", "--fidelity").stdout
words = set(re.findall(r"^ATTR\((\w+), (\w+),", open(os.path.join(root, "include/berth/schema/attrs.def")).read(), re.M))
judge("explain --fidelity: every setting", len(re.findall(r"^  \S.*?\.\S+ +(?:exact|emulated|refused|not yet built)", table, re.M)) >= len(words), f"{len(words)} settings")
forms = re.findall(r'^FORM\(\w+, "(\w+)"', open(os.path.join(root, "include/berth/platform/forms.def")).read(), re.M)
judge("compile --emit: completion", all(re.search(rf"\b{f}\b", completion) for f in forms for completion in [run("completion", "bash").stdout]), str(forms))

# ---- the tables of the command line ----


def rows(name, macro):
    for m in re.finditer(macro + r'\(([^\n]*)', open(os.path.join(root, "include/berth/cli", name)).read()):
        yield re.findall(r'"((?:[^"\\]|\\.)*)"', m.group(1))


man = run("man").stdout.replace("\\-", "-")
completions = {s: run("completion", s).stdout for s in ("bash", "zsh", "fish")}
commands = [r[0] for r in rows("commands.def", "COMMAND") if r]
judge("commands.def", len(commands) >= 12, f"only {commands}")
for c in commands:
    judge(f"help {c}", run("help", c).returncode == 0 and run(c, "--help").stdout == run("help", c).stdout)
    judge(f"man {c}", re.search(rf"\b{c}\b", man), "is not in the manual page")
    for s, t in completions.items():
        judge(f"{s} {c}", re.search(rf"\b{c}\b", t), "is not completed")
options = sorted({o for c in commands for o in re.findall(r"(--[a-z][a-z-]+)", run("help", c).stdout)})
judge("options", len(options) > 10, str(options))
for o in options:
    judge(f"man {o}", o in man, "is not in the manual page")
    for s, t in completions.items():
        judge(f"{s} {o}", o in t or f"-l {o[2:]}" in t, "is not completed")

# ---- JSON ----

for main in sorted(glob.glob("examples/*/main.berth", root_dir=root)) + sorted(glob.glob("tests/syntax/*.berth", root_dir=root)):
    conforms(f"check --format json {main}", json.loads(run("check", "--format", "json", main).stdout), "diagnostics.schema.json")
with tempfile.TemporaryDirectory() as out:
    for name in ("rails-on-fargate", "hello"):
        r = run("compile", "--all-stages", "--set", "tag=v1", "-o", os.path.join(out, name), os.path.join("examples", name))
        judge(f"compile {name}", r.returncode == 0, r.stderr)
    for manifest in sorted(glob.glob(out + "/*/*/berth.json")):
        document = json.load(open(manifest))
        conforms(manifest, document, "berth.schema.json")
        folder = os.path.dirname(manifest)
        listed = {f["path"]: f["sha256"] for x in document["resources"] for f in x["files"]} | {f["path"]: f["sha256"] for f in document.get("extra_files", [])}
        found = {os.path.relpath(os.path.join(d, f), folder) for d, _, files in os.walk(folder) for f in files} - {"berth.json"}
        judge(f"{manifest}: files", set(listed) == found, f"{set(listed) ^ found}")
        for path, digest in listed.items():
            judge(f"{manifest}: {path}", hashlib.sha256(open(os.path.join(folder, path), "rb").read()).hexdigest() == digest)
        addresses = [x["address"] for x in document["resources"]]
        judge(f"{manifest}: addresses", len(addresses) == len(set(addresses)))
        seen = set()
        for x in document["resources"]:
            judge(f"{manifest}: order of {x['address']}", set(x["depends_on"]) <= seen, f"comes before {set(x['depends_on']) - seen}")
            seen.add(x["address"])

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
