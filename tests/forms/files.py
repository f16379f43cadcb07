#!/usr/bin/env python3
"""The container that writes `files`, run here: its script fills the volumes from an image's folders and the files."""
import json, os, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
berth = os.environ.get("BERTH", os.path.join(root, "build/berth"))
out = subprocess.run([berth, "compile", "--emit", "api", "--stdout", os.path.join(root, "tests/forms/files.berth")], capture_output=True, text=True, check=True).stdout
definition = next(json.loads(json.loads(line)["content"]) for line in out.splitlines() if "register-task-definition" in line)
writer, container = definition["containerDefinitions"]
passed = failed = 0


def check(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"failed: {what}")


with tempfile.TemporaryDirectory() as tmp:
    for folder, files in {"etc/nginx/conf.d": {"default.conf": "old"}, "etc/nginx": {"nginx.conf": "main"}, "opt/app/a b": {"kept": "k"}}.items():
        os.makedirs(os.path.join(tmp, folder), exist_ok=True)
        for name, text in files.items():
            open(os.path.join(tmp, folder, name), "w").write(text)
    os.symlink(os.path.join(tmp, "outside"), os.path.join(tmp, "opt/app/a b/c.txt"))
    open(os.path.join(tmp, "outside"), "w").write("not touched")
    os.chmod(os.path.join(tmp, "etc/nginx/conf.d"), 0o750)
    for m in writer["mountPoints"]:
        os.makedirs(tmp + m["containerPath"])
    script = writer["command"][0].replace("/berth/", f"{tmp}/berth/")
    for m in container["mountPoints"]:
        script = script.replace(f"'{m['containerPath']}'", f"'{tmp}{m['containerPath']}'")
    environment = {v["name"]: v["value"] for v in writer["environment"]}
    run = subprocess.run(["/bin/sh", "-c", script], env={**environment, "PATH": os.environ["PATH"]}, capture_output=True, text=True)
    check(f"the script ends well: {run.stderr}", run.returncode == 0)
    place = {m["sourceVolume"]: tmp + m["containerPath"] for m in writer["mountPoints"]}

    def text(path):
        mount = max((m for m in container["mountPoints"] if path.startswith(m["containerPath"] + "/")), key=lambda m: len(m["containerPath"]))
        return open(place[mount["sourceVolume"]] + path[len(mount["containerPath"]):]).read()

    expected = {
        "/etc/nginx/conf.d/app.conf": 'server {\n listen 8080;\n set $x "it\'s";\n}\n',
        "/etc/nginx/mime's.types": "types {}\n",
        "/opt/app/a b/c.txt": "C",
        "/opt/app/a b/d/e.txt": "E",
        "/tmp/f.txt": "%s\\n",
        "/etc/nginx/conf.d/default.conf": "old",
        "/etc/nginx/nginx.conf": "main",
        "/opt/app/a b/kept": "k",
    }
    for path, wanted in expected.items():
        check(path, text(path) == wanted)
    check("a link is replaced, not followed", open(os.path.join(tmp, "outside")).read() == "not touched")
    check("the folder keeps its mode", os.stat(place["files-nginx"] + "/conf.d").st_mode & 0o777 == 0o750)
    # the same again: a task that starts anew has empty volumes, a retried container has not
    check("a second run ends well", subprocess.run(["/bin/sh", "-c", script], env={**environment, "PATH": os.environ["PATH"]}).returncode == 0)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
