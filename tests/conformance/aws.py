#!/usr/bin/env python3
"""Form `api` against moto, through the aws client, in order: aws.py BERTH.

The network, the load balancer and the cluster that the stage's outputs name
are made first, so that the outputs file holds identities that exist. Each
request of berth.json is then sent as it stands, with `${address.Attribute}`
filled in from the answers, as a deployment would.
"""
import functools, glob, json, os, re, shutil, socket, subprocess, sys, tempfile, time

berth = os.path.abspath(sys.argv[1])
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
bin_dir = os.path.dirname(sys.executable)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


port = free_port()
env = dict(os.environ, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
           AWS_DEFAULT_REGION="ap-northeast-1", MOTO_ACCOUNT_ID="123456789012", MOTO_IAM_LOAD_MANAGED_POLICIES="true", AWS_PAGER="")
server = subprocess.Popen([os.path.join(bin_dir, "moto_server"), "-H", "127.0.0.1", "-p", str(port)], env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def aws(*args):
    r = subprocess.run([os.path.join(bin_dir, "aws"), "--endpoint-url", f"http://127.0.0.1:{port}", *args, "--output", "json"], env=env, capture_output=True, text=True)
    if r.returncode != 0:
        raise RuntimeError(f"aws {' '.join(args)}\n{r.stderr.strip()}")
    return json.loads(r.stdout) if r.stdout.strip() else {}


def find(value, key):
    """The first member of that name, any depth, whatever the case of its first letter."""
    if isinstance(value, dict):
        for k, v in value.items():
            if k.lower() == key.lower() and isinstance(v, str):
                return v
        value = list(value.values())
    if isinstance(value, list):
        for v in value:
            hit = find(v, key)
            if hit:
                return hit
    return None


def attribute(answer, name):
    # ECS says taskDefinitionArn inside taskDefinition, ELB says RuleArn inside Rules
    if name == "TargetGroupFullName":
        return attribute(answer, "TargetGroupArn").rsplit(":", 1)[1]
    hit = find(answer, name)
    if hit is None:
        raise RuntimeError(f"the answer has no {name}: {json.dumps(answer)[:300]}")
    return hit


@functools.cache
def network():
    vpc = aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", f"10.0.{i}.0/24", "--availability-zone", f"ap-northeast-1{z}")["Subnet"]["SubnetId"]
               for i, z in ((1, "a"), (2, "c"))]
    group = aws("ec2", "create-security-group", "--group-name", "app", "--description", "app", "--vpc-id", vpc)["GroupId"]
    lb = aws("elbv2", "create-load-balancer", "--name", "shop", "--subnets", *subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    listener = aws("elbv2", "create-listener", "--load-balancer-arn", lb, "--protocol", "HTTP", "--port", "80", "--default-actions",
                   "Type=fixed-response,FixedResponseConfig={StatusCode=404}")["Listeners"][0]["ListenerArn"]
    aws("ecs", "create-cluster", "--cluster-name", "shop")
    for stage in ("stg", "prod"):
        aws("s3api", "create-bucket", "--bucket", f"acme-logs-{stage}", "--create-bucket-configuration", "LocationConstraint=ap-northeast-1")
    return dict(account_id="123456789012", cluster="shop", private_subnets=subnets, security_groups=[group], listener_arn=listener, vpc_id=vpc)


def prepare(project):
    for path in glob.glob(os.path.join(project, "infra/*.json")):
        out = json.load(open(path))
        for k, v in network().items():
            if k in out:
                out[k] = dict(out[k], value=v) if isinstance(out[k], dict) else v
        json.dump(out, open(path, "w"))


def deploy(folder):
    answers, sent = {}, 0
    manifest = json.load(open(os.path.join(folder, "berth.json")))
    for r in manifest["resources"]:
        for f in r["files"][:1]:  # the second updates what is there
            path = f["path"]
            _, service, operation, _ = path.split("/", 3)
            text = open(os.path.join(folder, path)).read()

            def fill(m):
                address, attr = m.group(1).rsplit(".", 1)
                if address not in answers:
                    raise RuntimeError(f"{path} needs {address}, which comes later")
                return attribute(answers[address], attr)
            text = re.sub(r"\$\{(aws\.[^}]+)\}", fill, text)
            with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as t:
                t.write(text)
            try:
                answers[r["address"]] = aws(service, operation, "--cli-input-json", "file://" + t.name)
            finally:
                os.unlink(t.name)
            sent += 1
    return sent


# ---- deploy.sh ----

def script(folder, *options, stop_at=0):
    """Run it; with stop_at, the client of that number kills the script in the middle."""
    with tempfile.TemporaryDirectory() as d:
        real = os.path.join(bin_dir, "aws")
        with open(os.path.join(d, "aws"), "w") as f:
            f.write(f"""#!/bin/sh
n=$(($(cat {d}/count 2> /dev/null || echo 0) + 1))
echo $n > {d}/count
if [ {stop_at} -gt 0 ] && [ $n -ge {stop_at} ]; then kill -KILL $PPID; sleep 1; exit 1; fi
exec {real} --endpoint-url http://127.0.0.1:{port} "$@"
""")
        os.chmod(os.path.join(d, "aws"), 0o755)
        r = subprocess.run(["sh", os.path.join(folder, "api/deploy.sh"), "--no-wait", "--skip-jobs", *options], capture_output=True, text=True,
                           env=dict(env, PATH=d + ":" + env["PATH"], BERTH_PAUSE="0"))
        if r.returncode != 0 and not stop_at:
            raise RuntimeError(f"deploy.sh ended with {r.returncode}\n{r.stdout[-600:]}\n{r.stderr[-1500:]}")
        count = os.path.join(d, "count")
        return r.stdout, int(open(count).read()) if os.path.exists(count) else 0


def state(folder):
    """What stands there, as far as a second run must not change it."""
    manifest = json.load(open(os.path.join(folder, "berth.json")))
    names = {}
    for r in manifest["resources"]:
        names.setdefault(r["kind"], []).append(r["name"])
    out = {}
    for n in names.get("aws.ecs.TaskDefinition", []):
        out[n] = len(aws("ecs", "list-task-definitions", "--family-prefix", n)["taskDefinitionArns"])
    for n in names.get("aws.ecs.Service", []):
        s = aws("ecs", "describe-services", "--cluster", "shop", "--services", n)["services"][0]
        out["service " + n] = {k: s.get(k) for k in ("taskDefinition", "desiredCount", "loadBalancers", "networkConfiguration")}  # moto forgets the deploymentConfiguration of a creation
    for n in names.get("aws.sqs.Queue", []):
        url = aws("sqs", "get-queue-url", "--queue-name", n)["QueueUrl"]
        a = aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
        out["queue " + n] = {k: v for k, v in a.items() if "Timestamp" not in k and "Approximate" not in k}
    for n in names.get("aws.scheduler.Schedule", []):
        s = aws("scheduler", "get-schedule", "--group-name", names["aws.scheduler.ScheduleGroup"][0], "--name", n)
        out["schedule " + n] = {k: s[k] for k in ("ScheduleExpression", "ScheduleExpressionTimezone", "Target", "State")}
    for n in names.get("aws.iam.Role", []):
        out["role " + n] = [aws("iam", "get-role", "--role-name", n)["Role"]["AssumeRolePolicyDocument"], aws("iam", "list-role-policies", "--role-name", n)["PolicyNames"]]
    out["policies"] = sorted(p["PolicyName"] for p in aws("application-autoscaling", "describe-scaling-policies", "--service-namespace", "ecs")["ScalingPolicies"])
    out["groups"] = sorted(g["TargetGroupName"] for g in aws("elbv2", "describe-target-groups")["TargetGroups"])
    return out


def twice(name, folder, interrupt):
    said, calls = script(folder, "--dry-run")
    if calls or "aws ecs create-service " not in said:
        raise RuntimeError(f"--dry-run: {calls} calls, {len(said)} bytes said")
    if interrupt:
        for at in interrupt:
            script(folder, stop_at=at)
    _, calls = script(folder)
    before = state(folder)
    said, _ = script(folder)
    after = state(folder)
    if before != after:
        raise RuntimeError(f"{name}: the second run changed " + ", ".join(f"{k}: {before.get(k)} to {after[k]}" for k in after if before.get(k) != after[k]))
    if "registered" in said or "created" in said:
        raise RuntimeError(f"{name}: the second run made something: " + said)
    print(f"  {name}: deploy.sh, {calls} calls{', interrupted at ' + str(len(interrupt)) + ' of them,' if interrupt else ''} and again: nothing changed")


@functools.cache
def namespace():
    answer = aws("servicediscovery", "create-private-dns-namespace", "--name", "shop.internal", "--vpc", network()["vpc_id"])
    assert answer["OperationId"]
    return aws("servicediscovery", "list-namespaces")["Namespaces"][0]["Id"]


@functools.cache
def test_listener():
    lb = aws("elbv2", "describe-load-balancers")["LoadBalancers"][0]["LoadBalancerArn"]
    return aws("elbv2", "create-listener", "--load-balancer-arn", lb, "--protocol", "HTTP", "--port", "8443", "--default-actions",
               "Type=fixed-response,FixedResponseConfig={StatusCode=404}")["Listeners"][0]["ListenerArn"]


def form(name, tmp):
    """A program of tests/forms in this network: deploy.sh twice, the second makes nothing that the first has made."""
    net, text = network(), open(os.path.join(root, "tests/forms", name + ".berth")).read()
    text = text.replace("111122223333", "123456789012").replace("eu-west-1", "ap-northeast-1").replace("project shop ", f"project {name} ")
    text = re.sub(r'( listener = )".*"', lambda m: f'{m[1]}"{net["listener_arn"]}"', text)
    text = re.sub(r'(test_listener = )".*"', lambda m: f'{m[1]}"{test_listener()}"', text)
    text = re.sub(r'(vpc = )".*"', lambda m: f'{m[1]}"{net["vpc_id"]}"', text)
    text = re.sub(r'(namespace = )".*"', lambda m: f'{m[1]}"{namespace()}"', text)
    own = f'subnets = ["{net["private_subnets"][0]}"]%ssecurity_groups = ["{net["security_groups"][0]}"]'
    text = text.replace('subnets = ["subnet-0a1b2c3d"] }', own % ", " + " }").replace('subnets = ["subnet-0a1b2c3d"]', own % "\n    ").replace("priority = 7", f"priority = {40 + len(name) + ord(name[0])}")
    text = text.replace('discovery { name = "web" }', f'discovery {{ name = "{name}" }}')
    folder = tempfile.mkdtemp(dir=tmp)
    open(os.path.join(folder, "main.berth"), "w").write(text)
    subprocess.run([berth, "compile", "--emit", "api", "-o", folder, folder], check=True, stderr=subprocess.DEVNULL)
    env["APP_TAG"] = "v1"
    _, calls = script(os.path.join(folder, "prod"))
    if name == "codedeploy":
        return f"{calls} calls; once, for moto has no UpdateDeploymentGroup"
    said, _ = script(os.path.join(folder, "prod"))
    if "registered" in said or "created" in said:
        raise RuntimeError(f"{name}: the second run made something: " + said)
    return f"{calls} calls, and again: nothing made"


code = 1
try:
    for _ in range(100):
        try:
            aws("sts", "get-caller-identity")
            break
        except RuntimeError:
            time.sleep(0.3)
    with tempfile.TemporaryDirectory() as tmp:

        def build(example, stage, change=lambda text: text, *options):
            project = os.path.join(tmp, example)
            if not os.path.exists(project):
                shutil.copytree(os.path.join(root, "examples", example), project)
                prepare(project)
            main = os.path.join(project, "main.berth")
            text = re.sub(r'account = "\d+"', 'account = "123456789012"', open(os.path.join(root, "examples", example, "main.berth")).read())
            text = re.sub(r'region = "[a-z0-9-]+"', 'region = "ap-northeast-1"', text)  # where the network is
            open(main, "w").write(change(text))
            out = tempfile.mkdtemp(dir=tmp)
            given = ["--set", "tag=v1"] if "param tag" in text else []
            subprocess.run([berth, "compile", "--stage", stage, *given, *options, "-o", out, project], check=True, stderr=subprocess.DEVNULL)
            return os.path.join(out, stage)

        # both stages of the example live in accounts of their own; here they share one
        apart = lambda text: text.replace('outputs = "infra/stg.json"', 'outputs = "infra/stg.json"\n  prefix = "shop-stg"')
        rules = lambda text: text.replace('  outputs = "infra/prod.json"\n', '  outputs = "infra/prod.json"\n  prefix = "shop-rules"\n  schedules { via = rule }\n').replace("shop-\\(stage.name)-app", "shop-rules-app")
        print(f"  rails-on-fargate, stg: {deploy(build('rails-on-fargate', 'stg', apart))} requests accepted, in order")
        print(f"  rails-on-fargate, prod, via = rule: {deploy(build('rails-on-fargate', 'prod', rules))} requests accepted, in order")
        print(f"  laravel-on-fargate, prod: {deploy(build('laravel-on-fargate', 'prod'))} requests accepted, in order")
        template = os.path.join(build("hello", "fargate", lambda text: text, "--emit", "cloudformation"), "cloudformation/template.json")
        for run in range(2):
            r = subprocess.run([os.path.join(bin_dir, "aws"), "--endpoint-url", f"http://127.0.0.1:{port}", "cloudformation", "deploy", "--no-fail-on-empty-changeset", "--capabilities",
                                "CAPABILITY_NAMED_IAM", "--stack-name", "hello", "--template-file", template], env=env, capture_output=True, text=True)
            if r.returncode != 0 or (run == 1 and "No changes" not in r.stdout):
                raise RuntimeError(f"aws cloudformation deploy: {r.stdout} {r.stderr}")
        print("  hello, fargate: aws cloudformation deploy, and again: no changes")
        for name in ("blue-green", "codedeploy", "literals"):
            print(f"  {name}: deploy.sh: {form(name, tmp)}")
        twice("mail-platform, prod", build("mail-platform", "prod"), (7, 60))
        code = 0
except (RuntimeError, subprocess.CalledProcessError) as e:
    print(" ", e)
finally:
    server.terminate()
    server.wait()
sys.exit(code)
