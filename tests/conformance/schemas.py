#!/usr/bin/env python3
"""Schemas for kubeconform, as files: schemas.py FOLDER OUT CRDS. FOLDER holds Kubernetes' own (of kubernetes-validate), CRDS definitions of custom resources.

kubeconform finds a file by kind, group and version; references are made absolute, and objects of custom resources refuse what they do not name."""
import glob, json, os, sys
import yaml

folder, out, crds = sys.argv[1:4]
os.makedirs(out, exist_ok=True)


def absolute(n):
    if isinstance(n, list):
        return [absolute(x) for x in n]
    if not isinstance(n, dict):
        return n
    return {k: v.replace("/api/", f"file://{out}/", 1) if k == "$ref" and isinstance(v, str) and not v.startswith("#") else absolute(v) for k, v in n.items()}


def strict(n, top=False):
    """OpenAPI to JSON schema: unknown members refused, as the server's strict validation does."""
    if isinstance(n, list):
        return [strict(x) for x in n]
    if not isinstance(n, dict):
        return n
    made = {k: {p: strict(x) for p, x in v.items()} if k == "properties" else strict(v) for k, v in n.items() if not k.startswith("x-kubernetes") and k not in ("format", "default", "nullable")}
    if n.get("x-kubernetes-int-or-string"):
        made.pop("anyOf", None)
        made["type"] = ["integer", "string"]
    elif n.get("type") == "object" and "properties" in n and not n.get("x-kubernetes-preserve-unknown-fields") and not top:
        made.setdefault("additionalProperties", False)
    return made


for f in glob.glob(f"{folder}/*.json"):
    with open(f) as source, open(os.path.join(out, os.path.basename(f)), "w") as target:
        json.dump(absolute(json.load(source)), target)
for f in glob.glob(f"{crds}/*.yaml"):
    for crd in yaml.safe_load_all(open(f)):
        for version in (crd or {}).get("spec", {}).get("versions", []):
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            name = f"{crd['spec']['names']['kind'].lower()}-{crd['spec']['group'].split('.')[0]}-{version['name']}.json"
            json.dump(schema, open(os.path.join(out, name), "w"))
