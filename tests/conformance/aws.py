#!/usr/bin/env python3
"""Form `api` against moto, through the aws client, in order: aws.py BERTH.

The network, the load balancer and the cluster that the stage's outputs name
are made first, so that the outputs file holds identities that exist. Each
request of berth.json is then sent as it stands, with `${address.Attribute}`
filled in from the answers, as a deployment would.
"""
import json, os, re, shutil, socket, subprocess, sys, tempfile, time

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
    r = subprocess.run([os.path.join(bin_dir, "aws"), *args, "--output", "json"], env=env, capture_output=True, text=True)
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
    hit = find(answer, name)
    if hit is None:
        raise RuntimeError(f"the answer has no {name}: {json.dumps(answer)[:300]}")
    return hit


def prepare(project):
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
        path = os.path.join(project, "infra", stage + ".json")
        out = json.load(open(path))
        for k, v in dict(account_id="123456789012", cluster="shop", private_subnets=subnets, security_groups=[group], listener_arn=listener, vpc_id=vpc).items():
            if k in out:
                out[k]["value"] = v
        json.dump(out, open(path, "w"))


def deploy(folder):
    answers, sent = {}, 0
    manifest = json.load(open(os.path.join(folder, "berth.json")))
    for r in manifest["resources"]:
        for f in r["files"]:
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


code = 1
try:
    for _ in range(100):
        try:
            aws("sts", "get-caller-identity")
            break
        except RuntimeError:
            time.sleep(0.3)
    with tempfile.TemporaryDirectory() as tmp:
        project = os.path.join(tmp, "project")
        shutil.copytree(os.path.join(root, "examples/rails-on-fargate"), project)
        main = os.path.join(project, "main.berth")
        text = re.sub(r'account = "\d+"', 'account = "123456789012"', open(main).read())
        # both stages of the example live in accounts of their own; here they share one
        open(main, "w").write(text.replace('outputs = "infra/stg.json"', 'outputs = "infra/stg.json"\n  prefix = "shop-stg"'))
        prepare(project)
        for stage in ("stg", "prod"):
            out = os.path.join(tmp, "out-" + stage)
            subprocess.run([berth, "compile", "--stage", stage, "--set", "tag=v1", "-o", out, project], check=True, stderr=subprocess.DEVNULL)
            print(f"  {stage}: {deploy(os.path.join(out, stage))} requests accepted, in order")
        # the same schedules through EventBridge rules
        text = open(main).read()
        text = text.replace('  outputs = "infra/prod.json"\n', '  outputs = "infra/prod.json"\n  prefix = "shop-rules"\n  schedules { via = rule }\n')
        open(main, "w").write(text.replace("shop-\\(stage.name)-app", "shop-rules-app"))
        out = os.path.join(tmp, "out-rules")
        subprocess.run([berth, "compile", "--stage", "prod", "--set", "tag=v1", "-o", out, project], check=True, stderr=subprocess.DEVNULL)
        folder = os.path.join(out, "prod")
        print(f"  prod, via = rule: {deploy(folder)} requests accepted, in order")
        code = 0
except (RuntimeError, subprocess.CalledProcessError) as e:
    print(" ", e)
finally:
    server.terminate()
    server.wait()
sys.exit(code)
