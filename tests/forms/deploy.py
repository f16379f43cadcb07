#!/usr/bin/env python3
"""deploy.sh with a client that answers from a table: what it does when a job fails, when a deployment goes back,
with the wrong account, without a value that CI owns, with --dry-run and --prune; and in which order."""
import os, re, stat, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
berth = os.environ.get("BERTH", os.path.join(root, "build/berth"))

PROGRAM = """project shop { edition = 2026, timezone = "UTC" }
stage prod {
  platform = ecs
  region = "eu-west-1"
  account = "111122223333"
  ecs { cluster = "shop", subnets = ["subnet-0a1b2c3d"] }
}
container app {
  image = "registry/shop"
  tag = external
  cpu = 0.25vcpu
  memory = 512MiB
}
service web {
  container app from container.app {}
}
job migrate {
  run = before_deploy
  container app from container.app { command = ["migrate"] }
}
job warm {
  run = after_deploy
  container app from container.app { command = ["warm"] }
}
schedule nightly {
  cron = "30 3 * * *"
  container app from container.app { command = ["nightly"] }
}
"""

# CodeDeploy deploys it
SHIFTED = open(os.path.join(root, "tests/forms/codedeploy.berth")).read()

CLIENT = r"""#!/usr/bin/env python3
import os, sys
args = sys.argv[1:]
open(os.environ["LOG"], "a").write(" ".join(args) + "\n")
what, query = " ".join(args[:2]), args[args.index("--query") + 1] if "--query" in args else ""
name = args[args.index("--task-definition") + 1] if "--task-definition" in args else ""
revision = "arn:aws:ecs:eu-west-1:111122223333:task-definition/"
if what == "sts get-caller-identity":
    print(os.environ.get("WHOSE", "111122223333"))
elif what == "ecs describe-task-definition":
    print("None" if "tags" in query else revision + name + ":7")
elif what == "ecs describe-services" and "taskSets" in query:
    print(revision + "shop-web:" + os.environ.get("SERVING", "7"))
elif what == "deploy list-deployments":
    # one that is under way ends when it has been asked for twice
    seen = open(os.environ["LOG"]).read().count("deploy list-deployments")
    print("d-OLD" if os.environ.get("UNDER_WAY") and seen < 3 else "None")
elif what == "deploy get-deployment":
    print(os.environ.get("BAKING", "False") if "[" not in query else os.environ.get("SHIFT", "InProgress\tTrue"))
elif what == "deploy create-deployment":
    print('{\n    "deploymentId": "d-NEW"\n}')
elif what == "elbv2 describe-target-groups":
    print("HTTP1\tvpc-0a1b2c3d" if "Protocol" in query else "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1")
elif what == "elbv2 describe-rules":
    print("arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/x")
elif what == "elbv2 describe-tags":
    print("shop")
elif what == "servicediscovery list-services":
    print("arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-1")
elif what == "ecs describe-services":
    print("None" if "status" in query and "length" not in query else "1\tCOMPLETED\t%sshop-web:%s\t1\t1" % (revision, os.environ.get("REVISION", "7")))
elif what == "stepfunctions list-executions":
    print("None")
elif what == "stepfunctions start-execution":
    print('{\n    "executionArn": "arn:aws:states:eu-west-1:111122223333:execution:x:1"\n}')
elif what == "stepfunctions describe-execution":
    print(os.environ.get("JOB", "SUCCEEDED"))
elif what == "scheduler get-schedule-group":
    sys.exit("An error occurred (ResourceNotFoundException) when calling the GetScheduleGroup operation: none")
elif what == "scheduler list-schedules":
    print("shop-nightly\tshop-forgotten")
elif what == "events list-rules":
    print("")
elif what == "iam create-role" and os.environ.get("ROLES"):
    sys.exit("An error occurred (EntityAlreadyExists) when calling the CreateRole operation: it is there")
elif what == "iam put-role-policy" and os.environ.get("DENIED"):
    sys.exit("An error occurred (AccessDenied) when calling the PutRolePolicy operation: not allowed")
else:
    print("{}")
"""

passed = failed = 0


def expect(what, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {why}")


with tempfile.TemporaryDirectory() as d:
    os.mkdir(d + "/bin")
    open(d + "/main.berth", "w").write(PROGRAM)
    open(d + "/bin/aws", "w").write(CLIENT)
    os.chmod(d + "/bin/aws", 0o755)
    subprocess.run([berth, "compile", "-o", d + "/out", d + "/main.berth"], check=True, capture_output=True)
    script = d + "/out/prod/api/deploy.sh"
    expect("it may be executed", os.stat(script).st_mode & stat.S_IXUSR)

    def run(*options, tag="v1", **more):
        log = d + "/log"
        open(log, "w").close()
        env = dict(os.environ, PATH=d + "/bin:" + os.environ["PATH"], LOG=log, BERTH_PAUSE="0", **more)
        env.pop("SHOP_TAG", None)
        if tag:
            env["SHOP_TAG"] = tag
        r = subprocess.run([script, *options], capture_output=True, text=True, env=env, timeout=60)
        return r, open(log).read().splitlines()

    r, calls = run()
    first = {c: i for i, c in reversed(list(enumerate(" ".join(x.split()[:2]) for x in calls)))}
    starts = [i for i, c in enumerate(calls) if c.startswith("stepfunctions start-execution")]
    expect("all of it", r.returncode == 0, r.stderr + r.stdout)
    expect("the job before, the service, the job after", len(starts) == 2 and starts[0] < first["ecs create-service"] < starts[1], calls)
    expect("the jobs by name", "shop-migrate" in calls[starts[0]] and "shop-warm" in calls[starts[1]])
    expect("a forgotten schedule is named, not removed", "shop-forgotten is no longer declared" in r.stdout and not any("delete-schedule" in c for c in calls))
    r, calls = run("--prune")
    expect("--prune removes it, and no other", [c for c in calls if "delete-schedule" in c] == ["scheduler delete-schedule --group-name shop --name shop-forgotten"], calls)
    r, calls = run(JOB="FAILED")
    expect("a job that fails stops the deployment", r.returncode == 1 and "ended as FAILED" in r.stderr and "ecs create-service" not in " ".join(calls), r.stderr)
    r, calls = run(REVISION="6")
    expect("a deployment that went back is a failure", r.returncode == 1 and "went back" in r.stderr, r.stderr)
    r, calls = run(WHOSE="999999999999")
    expect("another account is refused before anything is made", r.returncode == 1 and len(calls) == 1, (r.stderr, calls))
    r, calls = run(tag=None)
    expect("a value that CI owns and has not given", r.returncode != 0 and "SHOP_TAG" in r.stderr and not any("create" in c for c in calls), r.stderr)
    r, calls = run("--dry-run")
    expect("--dry-run calls nothing and says the commands", r.returncode == 0 and calls == [] and "aws ecs create-service" in r.stdout, (calls, r.stdout[-200:]))
    r, calls = run("--skip-jobs")
    expect("--skip-jobs", r.returncode == 0 and not any("start-execution" in c for c in calls), r.stderr)
    r, calls = run(ROLES="1")
    expect("what is there is updated", r.returncode == 0 and any(c.startswith("iam update-assume-role-policy") for c in calls), r.stderr)
    r, calls = run(DENIED="1")
    expect("a refusal is said in the client's words", r.returncode == 1 and "AccessDenied" in r.stderr and "shop-" in r.stderr, r.stderr)
    r, calls = run("--nonsense")
    expect("an unknown option shows the usage", r.returncode == 64 and "usage: deploy.sh" in r.stdout, r.stdout)

    open(d + "/main.berth", "w").write(SHIFTED)
    subprocess.run([berth, "compile", "--emit", "api", "-o", d + "/out", d + "/main.berth"], check=True, capture_output=True)

    def shifts(calls):
        return [c for c in calls if c.startswith("deploy create-deployment --")]

    r, calls = run()
    expect("CodeDeploy: nothing to deploy when the copies that serve have the revision", r.returncode == 0 and not shifts(calls) and "kept aws.codedeploy.Deployment/shop-web" in r.stdout, r.stderr + r.stdout)
    r, calls = run(SERVING="6")
    expect("CodeDeploy: a new revision is one deployment, until the traffic has moved", r.returncode == 0 and len(shifts(calls)) == 1 and "service shop-web: steady" in r.stdout, r.stderr + r.stdout)
    r, calls = run(SERVING="6", SHIFT="Failed\tFalse")
    expect("CodeDeploy: a deployment that fails", r.returncode == 1 and "d-NEW failed and went back" in r.stderr, r.stderr + r.stdout)
    r, calls = run(SERVING="6", UNDER_WAY="1")
    expect("CodeDeploy: one that is under way ends first", r.returncode == 0 and len(shifts(calls)) == 1 and not any("continue-deployment" in c for c in calls), r.stderr + r.stdout)
    r, calls = run(SERVING="6", UNDER_WAY="1", BAKING="True")
    expect("CodeDeploy: old copies that only bake are not waited for", r.returncode == 0 and any("continue-deployment --deployment-id d-OLD" in c for c in calls), r.stderr + r.stdout)
    r, calls = run("--dry-run")
    expect("CodeDeploy: --dry-run", r.returncode == 0 and calls == [] and "aws deploy create-deployment" in r.stdout, r.stderr + r.stdout)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
