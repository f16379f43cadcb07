#!/usr/bin/env python3
"""Every row of the vocabulary says what it is, and its example is a program.

Each setting's example is put into the smallest block that can hold it and
checked: it must parse and be a known setting. Each kind's example likewise.
"""
import os, re, subprocess, sys, tempfile

berth = os.environ.get("BERTH", "build/berth")
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def unescape(s):
    return s.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def rows(name, macro):
    for line in open(os.path.join(root, "include/berth/schema", name), encoding="utf-8"):
        m = re.match(macro + r"\((\w+), (.*)\)$", line.strip())
        if m:
            yield m.group(1), m.group(2)


def field(text, name):
    m = re.search(r"\." + name + r' = "((?:[^"\\]|\\.)*)"', text)
    return unescape(m.group(1)) if m else None


kinds = {}
for ident, rest in rows("kinds.def", "KIND"):
    kinds[ident] = dict(name=field(rest, "name"), variant=field(rest, "variant"), parents=field(rest, "in").split(), label="LABEL_REQUIRED" in rest,
                        doc=field(rest, "doc"), example=field(rest, "example"))
attrs = []
for kind, rest in rows("attrs.def", "ATTR"):
    attrs.append((kind, rest.split(",")[0], field(rest, "doc"), field(rest, "example")))


def wrap(kind, body):
    """Put lines into a block of the kind, and that into its parents up to the top."""
    k = kinds[kind]
    head = (k["name"] if k["name"] != "*" else "sample") + (" " + k["variant"] if k["variant"] else " sample" if k["label"] else "")
    if kind == "exempt":
        head = "exempt policy.sample"
    if kind == "patch":
        head = "patch aws.ecs.Service"
    if kind == "each":
        head = "each service"
    text = head + " {\n" + "\n".join("  " + l for l in body.split("\n")) + "\n}"
    return text if "top" in k["parents"] else wrap(k["parents"][-1] if kind != "project_tags" else "stage", text)


def check(text):
    frame = ""
    if not text.startswith("project "):
        frame += "project app { edition = 2026 }\n"
    if not text.startswith("stage "):
        frame += 'stage prod { platform = ecs }\n'
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "main.berth")
        open(path, "w").write(frame + text + "\n")
        r = subprocess.run([berth, "check", "--format", "json", "--max-errors", "0", path], capture_output=True, text=True)
        return re.findall(r'"code":\s*"(E\d{4})".*?"message":\s*"((?:[^"\\]|\\.)*)"', r.stdout, flags=re.S), r


# what an example alone may miss: names it refers to, settings beside it
FINE = {"E0107", "E0110", "E0113", "E0122", "E0123", "E0124", "E0127", "E0130", "E0134", "E0142", "E0144", "E0150", "E0154", "E0157", "E0159", "E0161", "E0162",
        "E0163", "E0164", "E0165", "E0181", "E0183", "E0156", "E0169", "E0167", "E0133", "E0151", "E0121", "E0155", "E0140", "E0158", "E0170", "E0180"}
passed = failed = 0


def judge(what, doc, example, text):
    global passed, failed
    problems = []
    if not doc or not doc.endswith("."):
        problems.append("no sentence")
    if not example:
        problems.append("no example")
    else:
        codes, r = check(text)
        bad = [c for c in codes if c[0] not in FINE]
        if bad or r.returncode not in (0, 1):
            problems.append(f"{bad} exit {r.returncode}\n{text}\n{r.stderr[:400]}")
    if problems:
        failed += 1
        print(what, *problems)
    else:
        passed += 1


for kind, name, doc, example in attrs:
    judge(f"{kind}.{name}", doc, example, wrap(kind, example) if example else "")
for ident, k in kinds.items():
    parents = k["parents"]
    text = k["example"] if "top" in parents else wrap(parents[-1] if ident != "project_tags" else "stage", k["example"])
    judge(ident, k["doc"], k["example"], text)

# ---- each setting that a platform is said to honour is read by its lowering ----

STAGE = {
    "ecs": """stage prod {
  platform = ecs
  region = "eu-west-1"
  account = "111122223333"
  ecs {
    cluster = "shop"
    subnets = ["subnet-0a1b2c3d"]
    security_groups = ["sg-0a1b2c3d"]
    vpc = "vpc-0a1b2c3d"
    namespace = "ns-2rrlkx7ouyxnlvqj"
    listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/50dc6c495c0c9188/f2f7dc8efc522ab2"
  }
}
""",
    "kubernetes": """stage prod {
  platform = kubernetes
  region = "eu-west-1"
  account = "111122223333"
  kubernetes {
    namespace = "shop"
    ingress = alb
    metrics = keda
    rollouts = argo
    oidc_provider = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
  }
}
""",
}
MAIN = 'container main {\n  image = "nginx"\n  tag = "1"\n  cpu = 0.25vcpu\n  memory = 512MiB\n  port = 8080\n}'
# what stands beside a setting so that it means something
BESIDE = {
    "container": ['image = "nginx"', 'tag = "1"', "cpu = 0.25vcpu", "memory = 512MiB", "port = 8080"], "port": ["number = 9090"],
    "health": ['http = "/up"'], "startup": ['http = "/up"'], "schedule": ['cron = "30 3 * * *"', MAIN], "service": ["count = 2..4", MAIN],
    "http": ['host = "a.example.com"'], "scale_cpu": ["target = 60%"], "scale_memory": ["target = 60%"],
    "scale_cloudwatch": ['namespace = "A"', 'metric = "B"', "target = 30"], "up": ["by = 2", "every = 1m"], "down": ["by = 2", "every = 1m"],
    "statement": ['actions = ["s3:GetObject"]', 'on = "arn:aws:s3:::b/*"'], "to_firehose": ['stream = "s"'], "to_cloudwatch": ['group = "/g"'],
    "to_http": ['host = "h"'], "to_loki": ['host = "h"'], "labels": [], "to_s3": ['bucket = "b"'], "to_kafka": ['brokers = "k:9092"', 'topic = "t"'],
    "to_opensearch": ['host = "h"', 'index = "i"'], "to_datadog": ['api_key = secretsmanager("k")'], "multiline": ['start = "^x"'],
    "mount": ['path = "/m"'], "volume": ['efs = "fs-12345678"'], "queue": [], "dead_letter": ["after = 3"], "job": [MAIN],
    "scale_requests": ["target = 900/m"], "scale_queue": ["per_task = 5", "queue = queue.jobs"], "scale_schedule": ['cron = "0 12 * * *"', "count = 2..3"],
    "deploy_canary": ["weights = [10%]"], "security": ["user = 10001"], "scale_prometheus": ['query = "q"', "target = 30", 'server = "http://prometheus:9090"'], "discovery": [],
    "scale_datadog": ['metric = "m"', "target = 30"], "analysis": ['query = "q"', 'server = "http://prometheus:9090"', "max = 1"], "hook": ["stage = post_test_traffic_shift", 'lambda = "arn:aws:lambda:eu-west-1:111122223333:function:smoke"'],
    "log": ['to cloudwatch {\n  group = "/y"\n  retention = 30d\n}'],
}
INSTEAD = {"health": {"command", "grpc"}, "startup": {"command", "grpc"}, "schedule": {"every", "at"}, "volume": {"size"}, "http": {"target_group"}, "scale_queue": {"latency", "each"}}  # of the first line beside it
QUEUES = """queue jobs { visibility = 2m }
queue failed { visibility = 2m }
queue dead { retention = 14d }
"""
AROUND = QUEUES + """service mailer {
  container mailer {
    image = "nginx"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
  }
}
"""
NOT_HERE = {"project", "stage", "ecs", "kubernetes", "schedules", "import", "policy", "exempt", "test", "component", "manifest", "role", "patch", "each"}
ALONE = {("ecs", "service", "grace"), ("kubernetes", "container", "log"), *(("kubernetes", k, "platform") for k in ("service", "job", "schedule")),
         *(("kubernetes", "scale_schedule", a) for a in ("cron", "timezone", "count"))}  # mean something with a balancer, in a stage of both platforms, as two that take turns


def indent(text):
    return "\n".join("  " + l for l in text.split("\n"))


def beside(kind, line):
    key = line.split("=")[0].strip()
    lines = [l for l in BESIDE.get(kind, []) if l.split("=")[0].strip() != key]
    lines = lines[1:] if key in INSTEAD.get(kind, ()) else lines
    if kind == "scale_queue" and key in ("latency", "each"):
        lines.append("each = 1s" if key == "latency" else "latency = 30s")
    if kind == "volume" and key == "keep":
        lines = ["size = 5GiB"]
    if kind == "schedule" and key in ("run", "command"):
        lines = lines[:1] + (["run = service.mailer"] if key == "command" else [])
    return lines


def nest(kind, line):
    k = kinds[kind]
    head = (k["name"] if k["name"] != "*" else "sample") + (" " + k["variant"] if k["variant"] else " sample" if k["label"] else "")
    text = head + " {\n" + indent("\n".join(beside(kind, line) + [line])) + "\n}"
    parent = "service" if kind == "container" else "scale_cpu" if kind in ("up", "down") else k["parents"][0]
    if parent == "top":
        return text
    if kind == "redis":
        text += "\nengine = redis"
    if kind == "mount":
        return "service sample {\n" + indent("container sample {\n" + indent("\n".join(BESIDE["container"]) + "\n" + text) + "\n}\nvolume sample { size = 5GiB }") + "\n}"
    if kind in ("deploy_blue_green", "deploy_canary", "deploy_linear", "scale_requests"):
        text += '\nhttp { host = "a.example.com" }'
    return nest(parent, text) if kind != "container" else "service sample {\n" + indent(text) + "\n}"


for target, column in (("ecs", 0), ("kubernetes", 1)):
    for kind, rest in rows("attrs.def", "ATTR"):
        name = rest.split(",")[0]
        fid = re.search(r"\.fid = \{(\w+), (\w+)\}", rest)
        if not fid or fid.group(column + 1) not in ("FID_EXACT", "FID_EMULATED") or kind in NOT_HERE or (target, kind, name) in ALONE:
            continue
        around = AROUND
        if kind == "container" and name in ("sidecar", "init", "after"):
            line_text = nest(kind, field(rest, "example"))[:-1] + indent(MAIN.replace("8080", "8081")) + "\n" + indent(MAIN.replace("main", "proxy").replace("8080", "8082")) + "\n}"
        else:
            line_text = nest(kind, field(rest, "example"))
        program = around + 'project app { edition = 2026, timezone = "UTC" }\n' + STAGE[target] + 'log app {\n  to cloudwatch { group = "/x", retention = 30d }\n}\n' + line_text + "\n"
        if target == "ecs":
            program = program.replace("[5%, 25%, 50%]", "[10%]")
        if kind == "http" and name == "timeout":
            program = program.replace("ingress = alb", "ingress = nginx")
        if kind == "scale_datadog":
            program = program.replace("metrics = keda", "metrics = wpa")
        if kind == "container" and name == "after" and target == "kubernetes":
            program = program.replace("container proxy {", "container proxy {\n    sidecar = true")
        program = program.replace("ap-northeast-1:111122223333:", "eu-west-1:111122223333:")
        if kind == "capabilities" and target == "kubernetes":
            program = program.replace("SYS_PTRACE", "NET_BIND_SERVICE")
        with tempfile.TemporaryDirectory() as d:
            open(os.path.join(d, "main.berth"), "w").write(program)
            r = subprocess.run([berth, "compile", "--stdout", "--stage", "prod", d], capture_output=True, text=True)
        wrong = re.findall(r"error\[(E\d+)\]: (.*)", r.stderr)
        if r.returncode not in (0, 1) or wrong:
            failed += 1
            print(f"{target} {kind}.{name}: {wrong[:2]}\n{program}")
        else:
            passed += 1

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
