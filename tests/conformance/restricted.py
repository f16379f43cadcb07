#!/usr/bin/env python3
"""The restricted Pod Security Standard, policy 1.36, over the pods in manifests: restricted.py FILE…

Written from the standard's own list of controls, not from what berth writes.
"""
import sys, yaml

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
bad = pods = 0


def say(f, what):
    global bad
    bad += 1
    print(f"  {f}: {what}")


def pod(f, spec):
    global pods
    pods += 1
    sc = spec.get("securityContext") or {}
    for k in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(k):
            say(f, k)
    for v in spec.get("volumes", []):
        kinds = set(v) - {"name"}
        if not kinds <= VOLUMES:
            say(f, f"volume {v['name']} is {kinds - VOLUMES}")
    for c in spec.get("containers", []) + spec.get("initContainers", []):
        k = c.get("securityContext") or {}
        name = c["name"]
        if k.get("allowPrivilegeEscalation") is not False:
            say(f, f"{name}: allowPrivilegeEscalation is not false")
        if k.get("privileged"):
            say(f, f"{name}: privileged")
        caps = k.get("capabilities") or {}
        if "ALL" not in caps.get("drop", []):
            say(f, f"{name}: capabilities are not dropped")
        if set(caps.get("add", [])) - {"NET_BIND_SERVICE"}:
            say(f, f"{name}: capabilities are added")
        if k.get("runAsNonRoot", sc.get("runAsNonRoot")) is not True:
            say(f, f"{name}: runAsNonRoot is not true")
        if k.get("runAsUser", sc.get("runAsUser")) == 0:
            say(f, f"{name}: runs as root")
        profile = (k.get("seccompProfile") or sc.get("seccompProfile") or {}).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            say(f, f"{name}: seccomp profile {profile}")
        for p in c.get("ports", []):
            if p.get("hostPort"):
                say(f, f"{name}: hostPort")
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            for handler in ("httpGet", "tcpSocket"):
                if ((c.get(probe) or {}).get(handler) or {}).get("host"):
                    say(f, f"{name}: {probe} names a host")


for f in sys.argv[1:]:
    for d in yaml.safe_load_all(open(f)):
        if d["kind"] in ("Deployment", "StatefulSet", "Job"):
            pod(f, d["spec"]["template"]["spec"])
        elif d["kind"] == "CronJob":
            pod(f, d["spec"]["jobTemplate"]["spec"]["template"]["spec"])
print(f"  {pods} pods, {bad} findings")
sys.exit(bad > 0 or pods == 0)
