"""The part of Helm's template language that charts of berth use: written from its documentation, sharing nothing with the compiler.

What it does not know is an error, so that a chart cannot come to use more than a person can read."""
import base64, json, re


class Failed(Exception):
    """What `required` and unknown words raise."""


def lex(text):
    """Text and actions; {{- and -}} take the white space beside them."""
    out, at = [], 0
    for m in re.finditer(r'\{\{(-\s)?((?:"(?:\\.|[^"\\])*"|/\*.*?\*/|[^"}]|\}(?!\}))*?)(\s-)?\}\}', text, re.S):
        before = text[at:m.start()]
        if out and out[-1][0] == "trim":
            out.pop()
            before = before.lstrip()
        out.append(("text", before.rstrip() if m.group(1) else before))
        out.append(("action", m.group(2).strip()))
        if m.group(3):
            out.append(("trim", ""))
        at = m.end()
    rest = text[at:]
    if out and out[-1][0] == "trim":
        out.pop()
        rest = rest.lstrip()
    return out + [("text", rest)]


def parse(tokens, defines):
    """A tree of text, actions and conditions; `define` goes to the table."""
    def block(i):
        nodes = []
        while i < len(tokens):
            kind, text = tokens[i]
            i += 1
            if kind == "text":
                nodes.append(("text", text))
            elif text.startswith("/*"):
                continue
            elif text == "end":
                return nodes, i
            elif text.startswith("if "):
                body, i = block(i)
                nodes.append(("if", text[3:], body))
            elif text.startswith("define "):
                body, i = block(i)
                defines[json.loads(text[7:])] = body
            else:
                nodes.append(("action", text))
        return nodes, i
    return block(0)[0]


WORD = re.compile(r'\s*("(?:\\.|[^"\\])*"|\(|\)|\||:=|\$?[A-Za-z_][A-Za-z0-9_]*|\.[A-Za-z0-9_.]*|-?[0-9]+)')


def quote(v):
    return '""' if v is None else '"' + re.sub(r'[\x7f-\x9f\u2028\u2029\ufeff]', lambda m: "\\u%04x" % ord(m.group()), json.dumps(str(v), ensure_ascii=False)[1:-1]) + '"'


def kind_of(v):
    return {type(None): "invalid", bool: "bool", str: "string", list: "slice", dict: "map"}.get(type(v), "float64")


def show(v):
    return "" if v is None else "true" if v is True else "false" if v is False else str(v)


class Renderer:
    def __init__(self, values, release):
        self.defines, self.root = {}, {"Values": values, "Release": release, "Chart": {}}

    def call(self, name, args):
        a = args
        match name:
            case "quote": return quote(a[0])
            case "int64": return int(a[0] or 0)
            case "toJson": return json.dumps(a[0])
            case "nindent": return "\n" + "\n".join(" " * a[0] + line if line else "" for line in a[1].split("\n"))
            case "b64enc": return base64.b64encode(a[0].encode()).decode()
            case "dict": return dict(zip(a[::2], a[1::2]))
            case "or": return next((x for x in a if x), a[-1])
            case "not": return not a[0]
            case "ne": return a[0] != a[1]
            case "default": return a[1] if a[1] else a[0]
            case "kindIs": return kind_of(a[1]) == a[0]
            case "index":
                for key in a[1:]:
                    a[0] = a[0][key]
                return a[0]
            case "required":
                if a[1] is None or a[1] == "":
                    raise Failed(a[0])
                return a[1]
            case "include": return self.run(self.defines[a[0]], a[1]).strip("\n")
        raise Failed(f"unknown function {name}")

    def evaluate(self, text, dot):
        words, at = [], 0
        while text[at:].strip():
            m = WORD.match(text, at)
            if not m:
                raise Failed(f"cannot read {text[at:]!r}")
            words.append(m.group(1))
            at = m.end()
        if len(words) > 2 and words[1] == ":=":
            self.pipeline(words[2:], dot)
            return None
        value, rest = self.pipeline(words, dot)
        if rest:
            raise Failed(f"left over: {rest}")
        return value

    def pipeline(self, words, dot):
        value, words = self.command(words, dot, None)
        while words and words[0] == "|":
            value, words = self.command(words[1:], dot, [value])
        return value, words

    def command(self, words, dot, piped):
        first, args = words[0], []
        name = first if re.match(r"[A-Za-z]", first) else None
        if name:
            words = words[1:]
        while words and words[0] not in ("|", ")"):
            value, words = self.operand(words, dot)
            args.append(value)
        args += piped or []
        if name:
            return self.call(name, args), words
        if len(args) != 1:
            raise Failed(f"{first} is no function")
        return args[0], words

    def operand(self, words, dot):
        w = words[0]
        if w == "(":
            value, rest = self.pipeline(words[1:], dot)
            if not rest or rest[0] != ")":
                raise Failed("no )")
            return value, rest[1:]
        if w[0] == '"':
            return json.loads(w), words[1:]
        if w[0] == ".":
            value = dot
            for part in w[1:].split("."):
                if part:
                    if not isinstance(value, dict):
                        raise Failed(f"nil pointer at {w}")
                    value = value.get(part)
            return value, words[1:]
        if re.match(r"-?[0-9]", w):
            return int(w), words[1:]
        raise Failed(f"unknown operand {w}")

    def run(self, nodes, dot):
        out = []
        for node in nodes:
            if node[0] == "text":
                out.append(node[1])
            elif node[0] == "if":
                if self.evaluate(node[1], dot):
                    out.append(self.run(node[2], dot))
            else:
                out.append(show(self.evaluate(node[1], dot)))
        return "".join(out)


def merge(base, over):
    """Values over values, as Helm reads them."""
    out = dict(base)
    for k, v in over.items():
        out[k] = merge(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out


def render(templates, values, release=None):
    """{path: text} of {path: template}."""
    r = Renderer(values, release or {"Name": "x", "Namespace": "default"})
    trees = {path: parse(lex(text), r.defines) for path, text in sorted(templates.items())}
    return {path: r.run(tree, r.root) for path, tree in trees.items() if not path.endswith(".tpl")}
