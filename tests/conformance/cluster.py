#!/usr/bin/env python3
"""A real Kubernetes API server on the loopback address takes what berth writes: cluster.py CACHE BERTH PROGRAM…

CACHE holds kube-apiserver, kubectl, helm and the definitions of custom resources (tools.sh). etcd and the server run for the time of the test,
with a certificate and a token of their own; admission is as a cluster has it, Pod Security included. For each program and each of its Kubernetes stages:

- form kubernetes: kubectl applies it on the server's side with strict validation, dry; then in truth; a second time changes no object;
- form helm: lint --strict; template gives the objects of form kubernetes; install, with hooks, and upgrade; the objects in the cluster are the chart's.

Jobs are ended by this script, as no kubelet runs them. Kinds without a definition are left out and counted.
"""
import http.client, json, os, re, shutil, socket, ssl, subprocess, sys, tempfile, threading, time
import yaml

cache, berth, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
TOKEN = "conformance"
tmp = tempfile.mkdtemp()
path = lambda name: os.path.join(tmp, name)
judged = failed = 0
unknown = set()


def judge(what, good, why=""):
    global judged, failed
    judged, failed = judged + 1, failed + (not good)
    if not good:
        print(f"  {what}: {str(why).strip()[-1500:]}")
    return good


# ---- the server ----

def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


port, client, peer = free_ports(3)


def start():
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "genrsa", "-out", path("sa.key"), "2048"], check=True, **quiet)
    subprocess.run(["openssl", "rsa", "-in", path("sa.key"), "-pubout", "-out", path("sa.pub")], check=True, **quiet)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("tls.key"), "-out", path("tls.crt"), "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, **quiet)
    with open(path("tokens.csv"), "w") as f:
        f.write(f"{TOKEN},admin,admin,system:masters\n")
    log = open(path("log"), "w")
    etcd = subprocess.Popen(["etcd", "--data-dir", path("etcd"), "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls", f"http://127.0.0.1:{client}",
                             "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
                             f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync"], stdout=log, stderr=log)
    server = subprocess.Popen([f"{cache}/kube-apiserver", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--etcd-servers=http://127.0.0.1:{client}",
                               "--tls-cert-file=" + path("tls.crt"), "--tls-private-key-file=" + path("tls.key"), "--cert-dir=" + tmp,
                               "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + path("sa.pub"),
                               "--service-account-signing-key-file=" + path("sa.key"), "--token-auth-file=" + path("tokens.csv"), "--authorization-mode=AlwaysAllow",
                               "--anonymous-auth=false", "--service-cluster-ip-range=10.0.0.0/16", "--endpoint-reconciler-type=none",
                               "--disable-admission-plugins=ServiceAccount"], stdout=log, stderr=log)
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
              "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": path("tls.crt")}}], "users": [{"name": "u", "user": {"token": TOKEN}}]}
    with open(path("kubeconfig"), "w") as f:
        json.dump(config, f)
    for _ in range(300):
        try:
            if call("GET", "/readyz")[0] == 200:
                return [etcd, server]
        except OSError:
            pass
        if server.poll() is not None:
            sys.exit("kube-apiserver ended: " + open(path("log")).read()[-800:])
        time.sleep(0.2)
    sys.exit("kube-apiserver is not ready after a minute")


def call(method, target, body=None, kind="application/json"):
    c = http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(cafile=path("tls.crt")), timeout=60)
    c.request(method, target, json.dumps(body) if body is not None else None, {"Authorization": "Bearer " + TOKEN, "Content-Type": kind, "Accept": "application/json"})
    r = c.getresponse()
    answer = r.read()
    return r.status, json.loads(answer) if answer[:1] == b"{" else {}


def run(*args, **more):
    env = os.environ | {"KUBECONFIG": path("kubeconfig"), "HELM_CACHE_HOME": path("helm"), "HELM_CONFIG_HOME": path("helm"), "HELM_DATA_HOME": path("helm")}
    return subprocess.run(args, capture_output=True, text=True, env=env, **more)


def define():
    made = run(f"{cache}/kubectl", "apply", "--server-side", "-f", f"{cache}/crds")
    if made.returncode:
        sys.exit("definitions: " + made.stderr)
    run(f"{cache}/kubectl", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


kinds = {}


def kind_of(o):
    group = ("/api/" if "/" not in o["apiVersion"] else "/apis/") + o["apiVersion"]
    if group not in kinds:
        status, answer = call("GET", group)
        kinds[group] = {r["kind"]: r for r in answer["resources"] if "/" not in r["name"]} if status == 200 else {}
    return group, kinds[group].get(o["kind"])


def address(o):
    group, r = kind_of(o)
    where = f"{group}/namespaces/{o['metadata']['namespace']}" if r["namespaced"] else group
    return f"{where}/{r['name']}/{o['metadata']['name']}"


def end_jobs(stop):
    """Every Job succeeds at once, as a kubelet would say it."""
    while not stop.wait(0.2):
        try:
            for job in call("GET", "/apis/batch/v1/jobs")[1].get("items", []):
                if job["status"].get("conditions"):
                    continue
                now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                done = [{"type": t, "status": "True", "lastTransitionTime": now, "lastProbeTime": now} for t in ("SuccessCriteriaMet", "Complete")]
                status = {"status": {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": done, "uncountedTerminatedPods": {}}}
                call("PATCH", f"/apis/batch/v1/namespaces/{job['metadata']['namespace']}/jobs/{job['metadata']['name']}/status", status, "application/merge-patch+json")
        except (OSError, KeyError):
            pass


# ---- what is judged ----

def plain(o):
    notes = {k: v for k, v in o["metadata"].get("annotations", {}).items() if not k.startswith("helm.sh/")}
    meta = {k: v for k, v in o["metadata"].items() if k != "annotations"} | ({"annotations": notes} if notes else {})
    return {**o, "metadata": meta}


def known(objects):
    for o in objects:
        if kind_of(o)[1] is None:
            unknown.add(o["kind"])
    return [o for o in objects if kind_of(o)[1]]


def stored(objects):
    """What the server holds, without its own number of the write: it stores claims anew though nothing differs."""
    found = {address(o): call("GET", address(o))[1] for o in objects}
    for o in found.values():
        o.get("metadata", {}).pop("resourceVersion", None)
    return found


def remove(objects):
    for o in objects:
        call("DELETE", address(o), {"propagationPolicy": "Background", "gracePeriodSeconds": 0})
        call("PATCH", address(o), {"metadata": {"finalizers": None}}, "application/merge-patch+json")  # no controller takes them off here


def manifests(where, folder):
    """Form kubernetes, by kubectl."""
    texts = [open(os.path.join(folder, f), encoding="utf-8", newline="").read() for f in sorted(os.listdir(folder)) if f.endswith(".yaml") and f != "kustomization.yaml"]
    texts = [t for t in texts if known([yaml.safe_load(t)])]
    objects, stream = [yaml.safe_load(t) for t in texts], "---\n".join(texts)
    apply = (f"{cache}/kubectl", "apply", "--server-side", "--field-manager=berth", "--validate=strict", "-f", "-")
    for what, more in (("dry run", ("--dry-run=server",)), ("apply", ()), ("apply again", ())):
        before = stored(objects) if what == "apply again" else None
        r = run(*apply, *more, input=stream)
        judge(f"{where}: {what}", r.returncode == 0 and "arning" not in r.stderr, r.stderr)
        if before:
            changed = [a for a, v in stored(objects).items() if before[a] != v and "/jobs/" not in a]
            judge(f"{where}: a second apply changes nothing", not changed, changed)
    remove(objects)
    return objects


def chart(where, folder, stage, objects):
    """Form helm, by helm."""
    values = ["-f", f"{folder}/values-{stage}.yaml"]
    r = run(f"{cache}/helm", "lint", "--strict", folder, *values)
    judge(f"{where}: helm lint", r.returncode == 0, r.stdout + r.stderr)
    r = run(f"{cache}/helm", "template", "x", folder, *values)
    if not judge(f"{where}: helm template", r.returncode == 0, r.stderr):
        return
    rendered = known([o for o in yaml.safe_load_all(r.stdout) if o and o["metadata"].get("annotations", {}).get("helm.sh/hook") != "test"])
    key = lambda o: (o["kind"], o["metadata"]["name"])
    judge(f"{where}: helm template gives the manifests", {key(o): plain(o) for o in rendered} == {key(o): o for o in objects})
    ns = yaml.safe_load(open(f"{folder}/values-{stage}.yaml")).get("namespace") or yaml.safe_load(open(f"{folder}/values.yaml"))["namespace"]
    if len(rendered) != len(list(o for o in yaml.safe_load_all(r.stdout) if o)) - r.stdout.count("helm.sh/hook: test"):
        return  # a kind that this server does not know: nothing can be installed
    for what in ("install", "upgrade"):
        r = run(f"{cache}/helm", what, "x", folder, *values, "-n", ns, "--timeout", "60s")
        if not judge(f"{where}: helm {what}", r.returncode == 0, r.stderr + r.stdout):
            break
        if what == "install":
            there = [o for o in objects if o["kind"] != "Job" and call("GET", address(o))[0] != 200]
            judge(f"{where}: all objects are in the cluster", not there, [key(o) for o in there])
    run(f"{cache}/helm", "uninstall", "x", "-n", ns)
    remove(objects)


def one(program, n):
    out = path(f"out-{n}")
    text = open(os.path.join(program, "main.berth") if os.path.isdir(program) else program, encoding="utf-8").read()
    sets = [x for name in re.findall(r"^param (\w*tag): string$", text, re.M) for x in ("--set", f"{name}=v1")]
    name = os.path.basename(program)
    r = run(berth, "compile", "--all-stages", "--emit", "kubernetes,helm", "-o", out, *sets, program)
    if not judge(f"{name}: compile", r.returncode == 0, r.stderr):
        return
    folder = next((os.path.join(out, "helm", d) for d in os.listdir(f"{out}/helm") if os.path.isdir(os.path.join(out, "helm", d))), None)
    for stage in sorted(os.listdir(out)):
        if not os.path.isdir(f"{out}/{stage}/kubernetes"):
            continue
        where = f"{name} {stage}"
        namespaces = set(re.findall(r"^  namespace: (\S+)$", "".join(open(os.path.join(f"{out}/{stage}/kubernetes", f), encoding="utf-8").read()
                                                                    for f in os.listdir(f"{out}/{stage}/kubernetes")), re.M))
        for ns in namespaces:
            call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns.strip('"'), "labels": {"pod-security.kubernetes.io/warn": "restricted"}}})
        chart(where, folder, stage, manifests(where, f"{out}/{stage}/kubernetes"))


running, stop = start(), threading.Event()
try:
    define()
    threading.Thread(target=end_jobs, args=(stop,), daemon=True).start()
    for i, program in enumerate(programs):
        one(program, i)
    print(f"  {judged} judgements, {failed} against berth; kinds this server has no definition of: {', '.join(sorted(unknown)) or 'none'}")
finally:
    stop.set()
    for p in reversed(running):
        p.terminate()
        p.wait()
    shutil.rmtree(tmp)
sys.exit(failed > 0 or judged == 0)
