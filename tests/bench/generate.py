#!/usr/bin/env python3
"""Write a project of N declarations (about ten lines each) to standard output: generate.py N"""
import sys

n = int(sys.argv[1])
out = sys.stdout
out.write("""project bench { edition = 2026 }

param tag: string = "1"

stage prod { platform = ecs, region = "ap-northeast-1", account = "111122223333" }

log app {
  to cloudwatch { group = "/bench/app", retention = 30d }
}

container base {
  image = "registry.example.com/bench"
  tag = param.tag
  cpu = 0.25vcpu
  memory = 512MiB
  log = log.app
  env {
    RAILS_ENV = "production"
    STAGE = stage.name
  }
}
""")
for i in range(n):
    if i % 3 == 2:
        out.write(f"""
schedule job-{i} {{
  cron = "{i % 60} {i % 24} * * *"
  timezone = "Asia/Tokyo"
  container task from container.base {{
    command = ["bin/job", "{i}"]
    env {{ JOB = {i} }}
  }}
}}
""")
    else:
        out.write(f"""
service svc-{i} {{
  count = {i % 5 + 1}
  container app from container.base {{
    command = ["bin/server", "-p", "{i % 60000 + 1}"]
    port = {i % 60000 + 1}
    env {{ NAME = "svc-{i}", PEER = "svc-\\(stage.name)" }}
  }}
}}
""")
