#!/usr/bin/env python3
"""A stage of N services with a queue, a log route and a schedule each: generate_aws.py N"""
import sys
n=int(sys.argv[1])
print('''project big { edition = 2026, timezone = "Asia/Tokyo" }
stage prod {
  platform = ecs
  region = "eu-west-1"
  account = "111122223333"
  ecs {
    cluster = "big"
    subnets = ["subnet-0a1b2c3d"]
    security_groups = ["sg-0a1b2c3d"]
    vpc = "vpc-0a1b2c3d"
    listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/50dc6c495c0c9188/f2f7dc8efc522ab2"
  }
}''')
for i in range(n):
    print(f'''queue q{i} {{
  visibility = 2m
  dead_letter {{ after = 5 }}
}}
log l{i} {{
  format = json
  to cloudwatch {{ group = "/big/l{i}", retention = 30d }}
}}
service s{i} {{
  count = 2..10
  consumes = queue.q{i}
  container app {{
    image = "registry.example.com/app{i}"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
    log = log.l{i}
    drain = 60s
  }}
  scale queue {{ queue = queue.q{i}, per_task = 10 }}
}}
schedule c{i} {{
  cron = "{i%60} {i%24} * * *"
  overlap = forbid
  container app {{
    image = "registry.example.com/app{i}"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
    log = log.l{i}
  }}
}}''')
