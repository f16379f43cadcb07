#!/usr/bin/env python3
"""The law of form helm: what the chart renders with a stage's values is, object for object, what form kubernetes writes for the stage.

For every example and test program with Kubernetes stages. Besides: the schema takes the values of every stage and refuses a name that is not
there; without a stage nothing is rendered; the templates do not change with the image's tag."""
import glob, json, os, re, shutil, subprocess, sys, tempfile
import jsonschema, yaml
import gotemplate

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
berth = os.environ.get("BERTH", os.path.join(root, "build/berth"))
passed = failed = 0


def check(what, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"failed: {what} {why}")


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def compile_to(out, program, forms="helm,kubernetes", more=()):
    text = read(os.path.join(program, "main.berth") if os.path.isdir(program) else program)
    sets = [x for name in re.findall(r"^param (\w*tag): string$", text, re.M) for x in ("--set", f"{name}=v1")]
    return subprocess.run([berth, "compile", "--all-stages", "--emit", forms, "-o", out, *sets, *more, program], capture_output=True, text=True)


def key(d):
    return d["apiVersion"], d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]


def objects_of_form(folder):
    docs = [yaml.safe_load(read(f)) for f in glob.glob(f"{folder}/kubernetes/*.yaml") if not f.endswith("/kustomization.yaml")]
    return {key(d): d for d in docs}


def plain(d):
    """Without what Helm is told; None for what only Helm has."""
    notes = d["metadata"].get("annotations", {})
    if notes.get("helm.sh/hook") == "test":
        return None
    rest = {k: v for k, v in notes.items() if not k.startswith("helm.sh/")}
    meta = {k: v for k, v in d["metadata"].items() if k != "annotations"} | ({"annotations": rest} if rest else {})
    return {**d, "metadata": meta}


def objects_of_chart(templates, values):
    docs = {}
    for path, text in gotemplate.render(templates, values).items():
        for d in yaml.safe_load_all(text) if path.endswith(".yaml") else []:
            if d and plain(d):
                docs[key(d)] = plain(d)
    return docs


def same(want, got, where):
    for k in sorted(set(want) | set(got), key=str):
        check(f"{where}: {k[1]}/{k[3]}", want.get(k) == got.get(k), f"\n  form kubernetes: {json.dumps(want.get(k))}\n  chart:           {json.dumps(got.get(k))}")


def law(program):
    with tempfile.TemporaryDirectory() as out:
        name = os.path.basename(program)
        made = compile_to(out, program)
        if made.returncode:
            check(name, False, made.stderr)
            return
        chart = next(iter(glob.glob(f"{out}/helm/*/Chart.yaml")), None)
        if chart is None:
            check(f"{name}: a chart", False)
            return
        folder = os.path.dirname(chart)
        templates = {p[len(folder) + 1:]: read(p) for p in glob.glob(f"{folder}/templates/**", recursive=True) if os.path.isfile(p)}
        common, schema = yaml.safe_load(read(f"{folder}/values.yaml")), json.load(open(f"{folder}/values.schema.json"))
        validator = jsonschema.Draft7Validator(schema)
        stages = [re.search(r"values-(.*)\.yaml", p).group(1) for p in glob.glob(f"{folder}/values-*.yaml")]
        for stage in sorted(stages):
            values = gotemplate.merge(common, yaml.safe_load(read(f"{folder}/values-{stage}.yaml")))
            check(f"{name} {stage}: the schema takes the values", validator.is_valid(values), [e.message for e in validator.iter_errors(values)])
            check(f"{name} {stage}: the schema refuses a typo", not validator.is_valid({**values, "paramz": {}}))
            same(objects_of_form(f"{out}/{stage}"), objects_of_chart(templates, values), f"{name} {stage}")
        if any("namespace" in t and not p.startswith("templates/tests") and p.endswith(".yaml") for p, t in templates.items()):
            try:
                gotemplate.render(templates, common)
                check(f"{name}: nothing without a stage", False)
            except gotemplate.Failed as e:
                check(f"{name}: nothing without a stage", "which stage" in str(e), e)
        check(f"{name}: written twice the same", "0 written" in compile_to(out, program).stderr)


def tags(program):
    """Another tag changes values only."""
    with tempfile.TemporaryDirectory() as out:
        compile_to(out, program)
        names = re.findall(r"^param (\w*tag): string", read(os.path.join(program, "main.berth")), re.M)
        more = [x for n in names for x in ("--set", f"{n}=v2")]
        before = {p: read(p) for p in glob.glob(f"{out}/helm/**", recursive=True) if os.path.isfile(p)}
        compile_to(out, program, more=more)
        for p, text in before.items():
            if "/templates/" in p or p.endswith("schema.json"):
                check(f"{program}: {os.path.basename(p)} does not hold the tag", read(p) == text)


def secrets(program):
    """With a stage's decrypted values the Secret holds them; with half of them nothing is rendered."""
    with tempfile.TemporaryDirectory() as out:
        compile_to(out, program)
        folder = os.path.dirname(glob.glob(f"{out}/helm/*/Chart.yaml")[0])
        templates = {p[len(folder) + 1:]: read(p) for p in glob.glob(f"{folder}/templates/**", recursive=True) if os.path.isfile(p)}
        values = gotemplate.merge(yaml.safe_load(read(f"{folder}/values.yaml")), yaml.safe_load(read(f"{folder}/values-prod.yaml")))
        given = {"database_url": "postgres://ü:\"p\"@h/d", "secret_key_base": "0" * 128}
        made = [d for d in objects_of_chart(templates, values | given).values() if d["kind"] == "Secret"]
        import base64
        check("the Secret", len(made) == 1 and {k: base64.b64decode(v).decode() for k, v in made[0]["data"].items()} == given, made)
        check("its name", made and made[0]["metadata"]["name"] == "build-secrets-prod")
        try:
            objects_of_chart(templates, values | {"database_url": "x"})
            check("half of the secrets", False)
        except gotemplate.Failed as e:
            check("half of the secrets", "secret_key_base" in str(e), e)


def kept(program, accept):
    """The chart of an example, kept for people to read."""
    with tempfile.TemporaryDirectory() as out:
        compile_to(out, program, "helm")
        mine, here = f"{out}/helm", os.path.join(os.path.dirname(os.path.abspath(__file__)), os.path.basename(program))
        if accept:
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(mine, here)
        diff = subprocess.run(["diff", "-r", here, mine], capture_output=True, text=True)
        check(f"{os.path.basename(program)}: the chart differs from the one kept (--accept takes it)", diff.returncode == 0, diff.stdout[:3000])


programs = [p for p in sorted(glob.glob(f"{root}/tests/forms/*.berth")) if re.search(r"^# forms: .*kubernetes", read(p), re.M)]
examples = [os.path.dirname(p) for p in sorted(glob.glob(f"{root}/examples/*/main.berth")) if "platform = kubernetes" in read(p)]
for program in programs + examples + sorted(glob.glob(f"{root}/tests/charts/*.berth")):
    law(program)
tags(f"{root}/examples/rails-on-eks")
secrets(f"{root}/examples/rails-on-eks")
kept(f"{root}/examples/rails-on-eks", "--accept" in sys.argv)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
