#!/usr/bin/env python3
"""A real Kubernetes API server on the loopback address judges every manifest: apiserver.py KUBE-APISERVER FILE…

etcd and kube-apiserver run for the time of the test, with a certificate and a token of their own. Each document is
posted as it stands with dryRun=All and fieldValidation=Strict; a refusal or a warning counts as a failure. Custom
resources are left out and counted: their definitions are not part of the server.
"""
import http.client, json, os, shutil, socket, ssl, subprocess, sys, tempfile, time
import yaml

server, files = sys.argv[1], sys.argv[2:]
TOKEN = "conformance"


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


tmp = tempfile.mkdtemp()
port, client, peer = free_ports(3)
path = lambda name: os.path.join(tmp, name)
quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
subprocess.run(["openssl", "genrsa", "-out", path("sa.key"), "2048"], check=True, **quiet)
subprocess.run(["openssl", "rsa", "-in", path("sa.key"), "-pubout", "-out", path("sa.pub")], check=True, **quiet)
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("tls.key"), "-out", path("tls.crt"), "-days", "2", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1"], check=True, **quiet)
with open(path("tokens.csv"), "w") as f:
    f.write(f"{TOKEN},admin,admin,system:masters\n")
log = open(path("log"), "w")
running = [subprocess.Popen(["etcd", "--data-dir", path("etcd"), "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls", f"http://127.0.0.1:{client}",
                             "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
                             f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync"], stdout=log, stderr=log),
           subprocess.Popen([server, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--etcd-servers=http://127.0.0.1:{client}",
                             "--tls-cert-file=" + path("tls.crt"), "--tls-private-key-file=" + path("tls.key"), "--cert-dir=" + tmp,
                             "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + path("sa.pub"),
                             "--service-account-signing-key-file=" + path("sa.key"), "--token-auth-file=" + path("tokens.csv"), "--authorization-mode=AlwaysAllow",
                             "--anonymous-auth=false", "--service-cluster-ip-range=10.0.0.0/16", "--endpoint-reconciler-type=none",
                             "--disable-admission-plugins=ServiceAccount,NamespaceLifecycle"], stdout=log, stderr=log)]
context = ssl.create_default_context(cafile=path("tls.crt"))


def call(method, target, body=None):
    c = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    c.request(method, target, body, {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/yaml", "Accept": "application/json"})
    r = c.getresponse()
    return r.status, r.read(), r.headers.get_all("Warning") or []


objects = left = bad = 0
try:
    for _ in range(300):
        try:
            if call("GET", "/readyz")[0] == 200:
                break
        except OSError:
            pass
        if running[1].poll() is not None:
            sys.exit("kube-apiserver ended: " + open(path("log")).read()[-800:])
        time.sleep(0.2)
    kinds = {}
    for name in files:
        text = open(name, encoding="utf-8").read()
        o = yaml.safe_load(text)
        group = ("/api/" if "/" not in o["apiVersion"] else "/apis/") + o["apiVersion"]
        if group not in kinds:
            status, answer, _ = call("GET", group)
            kinds[group] = {r["kind"]: r for r in json.loads(answer)["resources"] if "/" not in r["name"]} if status == 200 else {}
        r = kinds[group].get(o["kind"])
        if r is None:
            left += 1
            continue
        where = f"{group}/namespaces/{o['metadata']['namespace']}" if r["namespaced"] else group
        status, answer, warnings = call("POST", f"{where}/{r['name']}?dryRun=All&fieldValidation=Strict", text.encode())
        objects += 1
        if status >= 300 or warnings:
            bad += 1
            print(f"{name}: {json.loads(answer).get('message', status) if status >= 300 else warnings}")
    print(f"  {objects} objects, {bad} refused or warned about, {left} custom ones left out")
finally:
    for p in reversed(running):
        p.terminate()
        p.wait()
    shutil.rmtree(tmp)
sys.exit(bad > 0 or objects == 0)
