#!/usr/bin/env python3
"""Turn API models and resource schemas into shape tables.

    generate.py --aws DIR --k8s DIR [--check]

DIR of AWS holds a JSON file for each service in botocore's notation ("operations",
"shapes"); `cfn/replacement.json` beside them lists properties whose change replaces a
resource. DIR of Kubernetes holds native/<Kind>.json with "root" and "definitions"
(OpenAPI), and immutable.json. Only shapes that a row of kinds.def names, and what
they reach, are kept. The tables are committed: a build needs neither network nor
Python.
"""
import argparse, json, os, re, sys

here = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser()
ap.add_argument("--aws", required=True)
ap.add_argument("--k8s", required=True)
ap.add_argument("--check", action="store_true")
args = ap.parse_args()

nodes, index = [], {}          # node: tuple; (key of the source shape) -> number
members, enums, sources = [], [], set()
NONE = -1


def q(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


def simple_pattern(p):
    """A POSIX ERE of the model's pattern, or None when there is none."""
    if not p or len(p) > 300:
        return None
    p = re.sub(r"\(\?[:]", "(", p)
    if re.search(r"\(\?|\\p|\\[bBGAzZ]|\[[^\]]*\\u|\\u", p):
        return None
    out, i, in_class = "", 0, False
    while i < len(p):
        c = p[i]
        if c == "\\" and i + 1 < len(p):
            n = p[i + 1]
            table = {"w": "a-zA-Z0-9_", "d": "0-9", "s": " \t\n\r"}
            if n in table:
                out += table[n] if in_class else "[" + table[n] + "]"
            elif n == "S" and not in_class:
                out += "[^ \t\n\r]"
            elif n in "SWD":
                return None
            elif in_class:
                if n in "]^-\\":
                    return None
                out += n
            else:
                out += "\\" + n if n in ".[]()*+?{}|^$\\/" and n != "/" else n
            i += 2
            continue
        if c == "[" and not in_class:
            in_class = True
        elif c == "]" and in_class:
            in_class = False
        elif not in_class and c in "*+?}" and i + 1 < len(p) and p[i + 1] == "?":
            return None
        out += c
        i += 1
    if re.search(r"[^\x20-\x7e\t\n\r]", out) or "[]" in out or "\n" in out or "\t" in out or "\r" in out:
        return None
    out = out if out.startswith("^") else "^(" + out + ")"
    out = out if out.endswith("$") else out + "$"
    big = [int(x) for x in re.findall(r"\{(?:\d+,)?(\d+)\}", out)]
    return None if any(b > 255 for b in big) else out


def add(key, build):
    if key in index:
        return index[key]
    index[key] = len(nodes)
    nodes.append(None)
    nodes[index[key]] = build()
    return index[key]


def node(kind, lo=None, hi=None, pattern=None, item=NONE, mem=(0, 0), enum=(0, 0), keys=None, open_=0):
    return (kind, lo, hi, pattern, item, mem, enum, keys, open_)


def put_enum(values):
    at = len(enums)
    enums.extend(values)
    return (at, len(values))


# ---- AWS ----
aws = {}


def model(service):
    if service not in aws:
        path = os.path.join(args.aws, service + ".json")
        aws[service] = json.load(open(path))
        sources.add(str(aws[service].get("_source", {}).get("package", service) if isinstance(aws[service].get("_source"), dict) else aws[service].get("_source", "")))
    return aws[service]


def aws_shape(service, name):
    def build():
        s = model(service)["shapes"][name]
        t = s["type"]
        lo, hi, pat = s.get("min"), s.get("max"), simple_pattern(s.get("pattern"))
        if t == "structure":
            rows = [(m, aws_shape(service, r["shape"]), m in s.get("required", [])) for m, r in s["members"].items()]
            at = len(members)
            members.extend(rows)
            return node("STRUCT", mem=(at, len(rows)))
        if t == "list":
            return node("LIST", lo, hi, item=aws_shape(service, s["member"]["shape"]))
        if t == "map":
            return node("MAP", lo, hi, item=aws_shape(service, s["value"]["shape"]))
        if t in ("integer", "long"):
            return node("INT", lo, hi)
        if t in ("double", "float"):
            return node("NUMBER", lo, hi)
        if t == "boolean":
            return node("BOOL")
        if t in ("string", "timestamp", "blob"):
            return node("STRING", lo, hi, pat, enum=put_enum(s["enum"]) if s.get("enum") else (0, 0))
        sys.exit(f"{service}.{name}: type {t}")
    return add(("aws", service, name), build)


# ---- Kubernetes ----
k8s = {}


def k8s_node(kind, schema, path):
    defs = k8s[kind]["definitions"]
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        keys = schema.get("x-kubernetes-list-map-keys")
        return add(("k8s", kind, name), lambda: k8s_build(kind, defs[name], path))
    return add(("k8s", kind, json.dumps(schema, sort_keys=True)), lambda: k8s_build(kind, schema, path))


def k8s_build(kind, s, path):
    if s.get("x-kubernetes-int-or-string") or s.get("format") == "int-or-string":
        return node("INT_OR_STRING")
    t = s.get("type")
    if "properties" in s:
        rows = [(m, k8s_node(kind, v, path + [m]), m in s.get("required", [])) for m, v in s["properties"].items()]
        at = len(members)
        members.extend(rows)
        return node("STRUCT", mem=(at, len(rows)))
    if t == "array":
        keys = s.get("x-kubernetes-list-map-keys")
        return node("LIST", s.get("minItems"), s.get("maxItems"), item=k8s_node(kind, s["items"], path), keys=",".join(keys) if keys else ("" if s.get("x-kubernetes-list-type") == "set" else None))
    if t == "object" and isinstance(s.get("additionalProperties"), dict):
        return node("MAP", item=k8s_node(kind, s["additionalProperties"], path))
    if t == "integer":
        return node("INT", s.get("minimum"), s.get("maximum"))
    if t == "number":
        return node("NUMBER", s.get("minimum"), s.get("maximum"))
    if t == "boolean":
        return node("BOOL")
    if t == "string":
        return node("STRING", s.get("minLength"), s.get("maxLength"), simple_pattern(s.get("pattern")), enum=put_enum(s["enum"]) if s.get("enum") else (0, 0))
    return node("ANY")


# ---- kinds.def ----
roots, replaces = [], []
replacement = json.load(open(os.path.join(args.aws, "cfn/replacement.json")))
rows = replacement if isinstance(replacement, list) else replacement.get("types", replacement.get("rows", []))
by_type = {}
for r in (rows if isinstance(rows, list) else [dict(v, typeName=k) for k, v in rows.items()]):
    by_type[r.get("typeName") or r.get("type")] = r
immutable = json.load(open(os.path.join(args.k8s, "immutable.json")))
for line in open(os.path.join(here, "kinds.def")):
    m = re.match(r"RESOURCE\((\w+), (.*)\)$", line.strip())
    if not m:
        continue
    ident, rest = m.groups()
    shape = re.search(r'\.shape = "([^"]+)"', rest)
    if not shape:
        continue  # documents of any shape
    shape = shape.group(1)
    if "RP_AWS" in rest:
        service, name = shape.rsplit(".", 1)
        roots.append((ident, shape, aws_shape(service, name)))
        cfn = re.search(r'\.cloudformation = "([^"]+)"', rest)
        if cfn and cfn.group(1) in by_type:
            for p in by_type[cfn.group(1)].get("createOnlyProperties", []):
                replaces.append((ident, p.replace("/properties/", "").replace("/", ".")))
    else:
        folder = "native" if os.path.exists(os.path.join(args.k8s, "native", shape + ".json")) else "crd"
        k8s[shape] = json.load(open(os.path.join(args.k8s, folder, shape + ".json")))
        source = k8s[shape].get("source", {})
        sources.add(f"{source.get('repo', 'kubernetes') if folder == 'crd' else 'kubernetes'} {source.get('ref', '')}")
        roots.append((ident, shape, k8s_node(shape, {"$ref": "#/definitions/" + k8s[shape]["root"]}, [])))
        entry = immutable.get("kinds", immutable).get(shape, {})
        fields = entry.get("immutable", entry.get("fields", [])) if isinstance(entry, dict) else entry
        for f in fields:
            replaces.append((ident, f if isinstance(f, str) else f.get("path", "")))

# equal nodes are one
order, same, renumber = [], {}, {}
changed = True
canon = list(range(len(nodes)))
while changed:
    changed, seen = False, {}
    for i, n in enumerate(nodes):
        kind, lo, hi, pat, item, mem, enum, keys, open_ = n
        key = (kind, lo, hi, pat, canon[item] if item >= 0 else -1,
               tuple((m, canon[c], r) for m, c, r in members[mem[0]:mem[0] + mem[1]]), tuple(enums[enum[0]:enum[0] + enum[1]]), keys)
        first = seen.setdefault(key, i)
        if canon[i] != canon[first]:
            canon[i] = canon[first]
            changed = True
live = sorted(set(canon))
number = {c: i for i, c in enumerate(live)}
out_members, out_enums, out_nodes, known = [], [], [], {}
for c in live:
    kind, lo, hi, pat, item, mem, enum, keys, open_ = nodes[c]
    m_at, e_at = len(out_members), len(out_enums)
    out_members += [(m, number[canon[x]], r) for m, x, r in members[mem[0]:mem[0] + mem[1]]]
    out_enums += enums[enum[0]:enum[0] + enum[1]]
    out_nodes.append((kind, lo, hi, pat, number[canon[item]] if item >= 0 else -1, m_at, mem[1], e_at, enum[1], keys))


def lines(cells, width=180):
    line, out = "", []
    for c in cells:
        if len(line) + len(c) + 1 > width:
            out.append(line)
            line = ""
        line += c
    if line:
        out.append(line)
    return "\n".join(out)


def limit(v, missing):
    return missing if v is None else str(int(v)) if -9e18 < v < 9e18 else missing


text = "/*\n * Shapes of what platforms take. Made by generate.py from\n"
text += "".join(f" * {s}\n" for s in sorted(sources)) + " */\n/* clang-format off */\n"
text += "static const char *const shape_enums[] = {\n" + lines([q(e) + "," for e in out_enums]) + "\n0};\n"
text += "static const struct shape_member shape_members[] = {\n" + lines(["{%s,%d,%d}," % (q(m), n, r) for m, n, r in out_members]) + "\n{0,0,0}};\n"
text += "static const struct shape_node shape_nodes[] = {\n"
for kind, lo, hi, pat, item, m_at, m_n, e_at, e_n, keys in out_nodes:
    text += "{SHAPE_%s,%s,%s,%s,%d,%d,%d,%d,%d,%s},\n" % (kind, limit(lo, "NO_LOW"), limit(hi, "NO_HIGH"), q(pat) if pat else "0", item, m_at, m_n, e_at, e_n, q(keys) if keys is not None else "0")
text += "};\nstatic const struct shape_root shape_roots[] = {\n"
for ident, shape, n in roots:
    text += "{RK_%s,%d},\n" % (ident, number[canon[n]])
text += "};\nstatic const struct shape_replace shape_replaced[] = {\n"
for ident, p in replaces:
    if p:
        text += "{RK_%s,%s},\n" % (ident, q(p))
text += "};\n"
path = os.path.join(here, "shapes.def")
if args.check:
    sys.exit(open(path).read() != text and "shapes.def is not what the models say: run generate.py")
open(path, "w").write(text)
print(f"{len(out_nodes)} nodes, {len(out_members)} members, {len(text)} bytes")
