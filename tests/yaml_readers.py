#!/usr/bin/env python3
"""Read JSON lines {"yaml": text, "value": what it must mean} from stdin and
check that independent YAML readers read the same value: PyYAML, and ruamel.yaml
or Ruby's Psych, whichever is there. A reader that is missing is skipped with a
reason. Exit status 1 when a reader disagrees or when no reader is there.
"""
import json
import shutil
import subprocess
import sys

RUBY = """
require 'json'; require 'yaml'
STDIN.each_line do |line|
  begin
    puts JSON.generate({'read' => YAML.safe_load(JSON.parse(line)['yaml'])})
  rescue => e
    puts JSON.generate({'error' => e.message})
  end
end
"""


def same(a, b):
    """Equal, where True is not 1 but 60.0 is 60."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    number = (int, float)
    return a == b and (type(a) is type(b) or isinstance(a, number) and isinstance(b, number))


def plain(value):
    """ruamel.yaml gives its own dict and list classes."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def each(load):
    def run(rows):
        for row in rows:
            try:
                yield {"read": plain(load(row["yaml"]))}
            except Exception as error:
                yield {"error": str(error)}
    return run


def pyyaml():
    try:
        import yaml
    except ImportError:
        return None, "the module yaml is not installed"
    return each(lambda text: yaml.load(text, Loader=yaml.SafeLoader)), None


def ruamel():
    try:
        from ruamel.yaml import YAML
    except ImportError:
        return None, "the module ruamel.yaml is not installed"
    return each(lambda text: YAML(typ="safe", pure=True).load(text)), None


def ruby():
    if not shutil.which("ruby"):
        return None, "ruby is not installed"

    def run(rows):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        out = subprocess.run(["ruby", "-e", RUBY], input=text, capture_output=True, text=True, check=True)
        return map(json.loads, out.stdout.splitlines())
    return run, None


def check(name, run, rows):
    bad = 0
    for row, got in zip(rows, list(run(rows)), strict=True):
        if "error" in got or not same(got["read"], row["value"]):
            bad += 1
            print(f"{name}: wanted {row['value']!r}, got {got!r}, from:\n{row['yaml']}")
    return bad


def main():
    rows = [json.loads(line) for line in sys.stdin if line.strip()]
    bad = ran = 0
    for name, reader in (("PyYAML", pyyaml), ("ruamel.yaml", ruamel), ("Psych", ruby)):
        run, reason = reader()
        if not run:
            print(f"skip {name}: {reason}")
            continue
        ran += 1
        bad += check(name, run, rows)
    if ran == 0:
        print("no reader is there")
        return 1
    print(f"{bad} readings differ" if bad else f"ok {len(rows)} documents, {ran} readers")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
