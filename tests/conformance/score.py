#!/usr/bin/env python3
"""kube-score finds nothing that is not explained: score.py KUBE-SCORE EXPLAINED FOLDER…, each a stage's manifests."""
import glob, json, re, subprocess, sys

tool, explained, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
rules = [line.rstrip("\n").split("\t") for line in open(explained, encoding="utf-8") if line[0] != "#"]
used, found, bad = set(), 0, 0
for folder in folders:
    r = subprocess.run([tool, "score", "--output-format", "json", *sorted(glob.glob(f"{folder}/[0-9]*.yaml"))], capture_output=True, text=True)
    for o in json.loads(r.stdout):
        for c in o["checks"]:
            for finding in (c["comments"] or []) if c["grade"] < 10 and not c["skipped"] else []:
                text = f"{finding['summary']} {finding['description']}"
                rule = next((i for i, (check, words, _) in enumerate(rules) if check == c["check"]["id"] and re.search(words, text)), None)
                found += 1
                used.add(rule)
                if rule is None:
                    bad += 1
                    print(f"  {folder}: {o['object_name']}: {c['check']['id']}: {text}")
for i, rule in enumerate(rules):
    if i not in used:
        bad += 1
        print(f"  nothing is explained by: {rule[0]} {rule[1]}")
print(f"  {len(folders)} stages, {found} findings, all explained" if not bad else f"  {found} findings, {bad} to look at")
sys.exit(bad > 0)
