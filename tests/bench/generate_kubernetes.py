#!/usr/bin/env python3
"""The workload W(N), as a program and as a Helm chart: generate_kubernetes.py N FOLDER

N services, each a Deployment, Service, ServiceAccount, HorizontalPodAutoscaler and PodDisruptionBudget with ten variables, a command, a port and a
health path, and N/2 CronJobs. FOLDER/w.berth is the program; FOLDER/chart ranges over values of the same content, as a person would write it."""
import json, os, sys

n, folder = int(sys.argv[1]), sys.argv[2]
os.makedirs(f"{folder}/chart/templates", exist_ok=True)
env = [(f"SETTING_{k}", f"value of setting {k}") for k in range(8)] + [("RAILS_ENV", "production")]
with open(f"{folder}/w.berth", "w") as f:
    f.write('project w { edition = 2026, timezone = "UTC" }\nstage prod {\n  platform = kubernetes\n  kubernetes { namespace = "w" }\n}\n')
    f.write('container base {\n  image = "registry.example.com/w"\n  tag = "1.2.3"\n  cpu = 0.25vcpu\n  memory = 512MiB\n  env {\n' + "".join(f'    {k} = "{v}"\n' for k, v in env) + "  }\n}\n")
    for i in range(n):
        f.write(f'service svc-{i} {{\n  count = 2..10\n  container app from container.base {{\n    command = ["bin/server", "-p", "{i % 60000 + 1024}"]\n    port = {i % 60000 + 1024}\n'
                f'    health {{ http = "/health/{i}" }}\n    env {{ NAME = "svc-{i}" }}\n  }}\n  scale cpu {{ target = 60% }}\n}}\n')
    for i in range(n // 2):
        f.write(f'schedule job-{i} {{\n  cron = "{i % 60} {i % 24} * * *"\n  overlap = forbid\n  container app from container.base {{\n    command = ["bin/job", "{i}"]\n    env {{ NAME = "job-{i}" }}\n  }}\n}}\n')
with open(f"{folder}/chart/Chart.yaml", "w") as f:
    f.write("apiVersion: v2\nname: w\nversion: 0.1.0\n")
with open(f"{folder}/chart/values.yaml", "w") as f:  # JSON is YAML
    json.dump({"env": dict(env), "image": "registry.example.com/w:1.2.3",
               "services": [{"name": f"svc-{i}", "port": i % 60000 + 1024, "health": f"/health/{i}", "command": ["bin/server", "-p", str(i % 60000 + 1024)]} for i in range(n)],
               "jobs": [{"name": f"job-{i}", "schedule": f"{i % 60} {i % 24} * * *", "command": ["bin/job", str(i)]} for i in range(n // 2)]}, f)
META = "metadata:\n  name: {{ .name }}\n  namespace: w\n  labels:\n    app.kubernetes.io/name: {{ .name }}\n"
POD = """{indent}containers:
{indent}- name: app
{indent}  image: {{{{ $.Values.image }}}}
{indent}  args: {{{{ toJson .command }}}}
{indent}  env:
{indent}  - name: NAME
{indent}    value: {{{{ .name }}}}
{indent}  {{{{- range $key, $value := $.Values.env }}}}
{indent}  - name: {{{{ $key }}}}
{indent}    value: {{{{ $value | quote }}}}
{indent}  {{{{- end }}}}
{indent}  resources:
{indent}    requests:
{indent}      cpu: 250m
{indent}      memory: 512Mi
{indent}    limits:
{indent}      cpu: 250m
{indent}      memory: 512Mi
"""
with open(f"{folder}/chart/templates/services.yaml", "w") as f:
    f.write("{{- range .Values.services }}\n---\napiVersion: apps/v1\nkind: Deployment\n" + META + """spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .name }}
    spec:
      serviceAccountName: {{ .name }}
""" + POD.format(indent="      ") + """        ports:
        - name: http
          containerPort: {{ .port }}
        readinessProbe:
          httpGet:
            path: {{ .health }}
            port: http
---
apiVersion: v1
kind: Service
""" + META + """spec:
  selector:
    app.kubernetes.io/name: {{ .name }}
  ports:
  - name: http
    port: {{ .port }}
    targetPort: http
---
apiVersion: v1
kind: ServiceAccount
""" + META + """---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
""" + META + """spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: 2
  maxReplicas: 10
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 60
---
apiVersion: policy/v1
kind: PodDisruptionBudget
""" + META + """spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
{{- end }}
""")
with open(f"{folder}/chart/templates/jobs.yaml", "w") as f:
    f.write("{{- range .Values.jobs }}\n---\napiVersion: batch/v1\nkind: CronJob\n" + META + """spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
""" + POD.format(indent="          ") + "{{- end }}\n")
