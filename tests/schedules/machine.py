#!/usr/bin/env python3
"""The state machine of a run, against a model of the services it calls.

The definition is the one that compile writes. Time is simulated; deliveries are doubled, predecessors run on,
tasks hang, calls fail after they have started a task. What must hold: one task at most for each instant and
attempt, no two runs at a time with overlap = forbid or replace, a run that is stopped in time, as many retries
as were asked for, and none of a task that may still be running.

The interpreter knows the states and the expressions that berth writes, and refuses any other, so that a change of
the machine must come with a change here.
"""
import heapq, itertools, json, os, random, re, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
berth = os.environ.get("BERTH", os.path.join(root, "build/berth"))

PROGRAM = """project shop { edition = 2026, timezone = "UTC" }
stage prod {
  platform = ecs
  region = "eu-west-1"
  account = "111122223333"
  ecs {
    cluster = "shop"
    subnets = ["subnet-0a1b2c3d"]
  }
}
schedule nightly {
  cron = "*/10 * * * *"
%s
  container task {
    image = "a"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
  }
}
"""


def machine(settings):
    with tempfile.TemporaryDirectory() as d:
        open(os.path.join(d, "main.berth"), "w").write(PROGRAM % "\n".join("  " + s for s in settings))
        subprocess.run([berth, "compile", "-o", d + "/out", d], check=True, capture_output=True)
        return json.loads(json.load(open(d + "/out/prod/api/stepfunctions/create-state-machine/shop-nightly.json"))["definition"])


class Failed(Exception):
    def __init__(self, error):
        self.error = error


class World:
    """Time, ECS and Step Functions, as far as the machine sees them."""

    def __init__(self, definition, task, lost_answer=lambda token: False):
        self.definition, self.task, self.lost_answer = definition, task, lost_answer
        self.now, self.events, self.order = 0, [], itertools.count()
        self.executions, self.tasks = [], {}

    def at(self, when, action):
        heapq.heappush(self.events, (when, next(self.order), action))

    def run(self):
        while self.events:
            self.now, _, action = heapq.heappop(self.events)
            action()

    # ECS: one token, one task
    def run_task(self, token):
        if len(token) > 64:
            raise AssertionError(f"a client token of {len(token)} characters")
        if token not in self.tasks:
            seconds, code = self.task(len(self.tasks))
            self.tasks[token] = {"start": self.now, "end": self.now + seconds, "code": code, "stopped": False}
            if self.lost_answer(token):
                raise Failed("ECS.ServerException")
        return self.tasks[token]

    def running(self):
        return [t for t in self.tasks.values() if t["start"] <= self.now < t["end"]]

    def start(self, scheduled):
        e = Execution(self, scheduled)
        self.executions.append(e)
        e.resume()


class Execution:
    numbers = itertools.count()

    def __init__(self, world, scheduled):
        self.world, self.scheduled, self.begin, self.id = world, scheduled, world.now, next(self.numbers)
        self.status, self.vars, self.task, self.steps = "RUNNING", {}, None, None
        self.coroutine = self.walk()
        limit = world.definition.get("TimeoutSeconds")
        if limit:
            world.at(self.begin + limit, lambda: self.stop("TIMED_OUT"))

    def resume(self):
        if self.status != "RUNNING":
            return
        try:
            wait = next(self.coroutine)
        except StopIteration:
            return
        mark = self.steps = object()
        self.world.at(self.world.now + wait, lambda: self.resume() if self.steps is mark else None)

    def stop(self, status):
        if self.status != "RUNNING":
            return
        self.status, self.steps = status, None
        if self.task and self.task["end"] > self.world.now:  # .sync stops its task
            self.task["end"], self.task["stopped"] = self.world.now, True

    # the expressions that berth writes
    def value(self, text):
        if not isinstance(text, str) or not text.startswith("{%"):
            return text
        inner = text[2:-2].strip()
        if inner == "$count($older) > 0":
            return len(self.vars["older"]) > 0
        if inner == "$tasks > 0":
            return self.vars["tasks"] > 0
        if inner == "$twins > 0":
            return self.vars["twins"] > 0
        if inner == "$attempt + 1":
            return self.vars["attempt"] + 1
        if m := re.fullmatch(r"\$error = 'States.TaskFailed' and \$attempt < (\d+)", inner):
            return self.vars["error"] == "States.TaskFailed" and self.vars["attempt"] < int(m[1])
        if m := re.fullmatch(r"(\d+) \* \$power\(2, \$attempt\)", inner):
            return int(m[1]) * 2 ** self.vars["attempt"]
        if m := re.fullmatch(r"'([0-9a-f]{32}-)' & \$states\.context\.Execution\.Input\.scheduled & '-' & \$string\(\$attempt\)", inner):
            return f"{m[1]}{self.scheduled}-{self.vars['attempt']}"
        raise AssertionError(f"an expression that the model does not know: {text}")

    def older(self, text):
        expected = ("{% [$states.result.Executions[$toMillis(StartDate) < $toMillis($states.context.Execution.StartTime) or "
                    "($toMillis(StartDate) = $toMillis($states.context.Execution.StartTime) and ExecutionArn < $states.context.Execution.Id)].ExecutionArn] %}")
        if text != expected:
            raise AssertionError(f"an expression that the model does not know: {text}")
        return [x for x in self.world.executions if x.status == "RUNNING" and (x.begin, x.id) < (self.begin, self.id)]

    def walk(self):
        states, name = self.world.definition["States"], self.world.definition["StartAt"]
        while True:
            s = states[name]
            kind = s["Type"]
            if kind == "Pass":
                self.vars.update(s["Assign"])
            elif kind == "Choice":
                name = s["Choices"][0]["Next"] if self.value(s["Choices"][0]["Condition"]) else s["Default"]
                continue
            elif kind == "Succeed":
                self.status = "SUCCEEDED"
                return
            elif kind == "Fail":
                self.status = "FAILED"
                return
            elif kind == "Wait":
                seconds = self.value(s["Seconds"])
                later = {k: self.value(v) for k, v in s.get("Assign", {}).items()}
                yield seconds
                self.vars.update(later)
            elif kind == "Map":
                yield 0
                inner = s["ItemProcessor"]["States"][s["ItemProcessor"]["StartAt"]]
                if inner["Resource"].endswith(":sfn:stopExecution"):
                    for x in self.vars["older"]:
                        x.stop("ABORTED")
                elif inner["Resource"].endswith(":sfn:describeExecution"):
                    if s["Assign"]["twins"] != "{% $count($states.result[$ = $states.context.Execution.Input.scheduled]) %}" or inner["Output"] != "{% $parse($states.result.Input).scheduled %}":
                        raise AssertionError("an expression that the model does not know")
                    self.vars["twins"] = sum(x.scheduled == self.scheduled for x in self.vars["older"])
                else:
                    raise AssertionError(f"a state that the model does not know: {name}")
            elif s["Resource"].endswith(":sfn:listExecutions"):
                yield 0
                self.vars["older"] = self.older(s["Assign"]["older"])
            elif s["Resource"].endswith(":ecs:listTasks"):
                yield 0
                self.vars["tasks"] = len(self.world.running())
            elif s["Resource"].endswith(":ecs:runTask.sync"):
                error = yield from self.run_state(s)
                if error:
                    catch = s.get("Catch", [{}])[0]
                    if error == "States.Timeout" or "Next" not in catch:
                        self.status = "TIMED_OUT" if error == "States.Timeout" else "FAILED"
                        return
                    self.vars["error"] = error
                    name = catch["Next"]
                    continue
                self.status = "SUCCEEDED"
                return
            else:
                raise AssertionError(f"a state that the model does not know: {name}")
            name = s["Next"]

    def run_state(self, s):
        retry, tries = s["Retry"][0], 0
        while True:
            try:
                self.task = self.world.run_task(self.value(s["Arguments"]["ClientToken"]))
                break
            except Failed as f:
                if f.error not in retry["ErrorEquals"] or tries == retry["MaxAttempts"]:
                    return f.error
                yield retry["IntervalSeconds"] * retry["BackoffRate"] ** tries
                tries += 1
        limit, begun = s.get("TimeoutSeconds"), self.world.now
        while self.task["end"] > self.world.now:
            left = self.task["end"] - self.world.now
            if limit is not None and begun + limit < self.task["end"]:
                left = begun + limit - self.world.now
            yield left
            if limit is not None and self.world.now >= begun + limit and self.task["end"] > self.world.now:
                self.task["end"], self.task["stopped"] = self.world.now, True
                return "States.Timeout"
        return None if self.task["code"] == 0 and not self.task["stopped"] else "States.TaskFailed"


passed = failed = 0


def expect(what, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {why}")


def together(tasks):
    """The most tasks that ran at one moment."""
    marks = sorted([(t["start"], 1) for t in tasks] + [(t["end"], -1) for t in tasks], key=lambda m: (m[0], m[1]))
    most = now = 0
    for _, step in marks:
        now += step
        most = max(most, now)
    return most


def day(world, instants, doubled=lambda i: False, late=0):
    for i in range(instants):
        scheduled = f"2026-01-01T{i // 6:02d}:{i % 6 * 10:02d}:00Z"
        world.at(i * 600, lambda s=scheduled: world.start(s))
        if doubled(i):
            world.at(i * 600 + late, lambda s=scheduled: world.start(s))
    world.run()
    return list(world.tasks.values())


def statuses(world):
    return sorted(e.status for e in world.executions)


forbid = machine(["overlap = forbid", "timeout = 15m"])
replace = machine(["overlap = replace"])
retries = machine(["retries = 2", "timeout = 8m"])
plain = machine(["timeout = 1h"])

# a plain day
w = World(forbid, lambda n: (60, 0))
expect("each instant runs once", len(day(w, 24)) == 24 and statuses(w) == ["SUCCEEDED"] * 24)

# doubled deliveries, at once and while the first still runs, or after it has ended
for late in (0, 1, 30, 400):
    for name, definition in (("forbid", forbid), ("replace", replace), ("retries", retries), ("plain", plain)):
        w = World(definition, lambda n: (60, 0))
        tasks = day(w, 24, lambda i: True, late)
        expect(f"{name}: deliveries doubled {late} s later start one task each", len(tasks) == 24, len(tasks))
        expect(f"{name}: and none is stopped by its own double, {late} s later", not any(t["stopped"] for t in tasks))

# a predecessor that is still running
w = World(forbid, lambda n: (700, 0))
tasks = day(w, 12)
expect("forbid: never two at a time", together(tasks) == 1 and len(tasks) == 6, (together(tasks), len(tasks)))
w = World(replace, lambda n: (700, 0))
tasks = day(w, 12)
expect("replace: never two at a time, every instant runs", together(tasks) == 1 and len(tasks) == 12, (together(tasks), len(tasks)))
expect("replace: the older ones were stopped", sum(t["stopped"] for t in tasks) == 11 and statuses(w).count("ABORTED") == 11)
w = World(plain, lambda n: (700, 0))
expect("allow: they may overlap", together(day(w, 12)) == 2)

# a task that hangs
w = World(forbid, lambda n: (10 ** 6, 0))
tasks = day(w, 6)
expect("a hanging task is stopped in time", all(t["stopped"] and t["end"] - t["start"] == 900 for t in tasks), tasks)
expect("and the next run begins", len(tasks) == 3 and together(tasks) == 1, len(tasks))

# failures: two retries and no more; a run that is over in time
w = World(retries, lambda n: (10, 1))
tasks = day(w, 1)
expect("two retries", len(tasks) == 3 and together(tasks) == 1 and statuses(w) == ["FAILED"], (len(tasks), statuses(w)))
expect("with a pause that doubles", [t["start"] for t in tasks] == [0, 40, 110], [t["start"] for t in tasks])
w = World(retries, lambda n: (10, 1 if n == 0 else 0))
expect("a retry that works is enough", len(day(w, 1)) == 2 and statuses(w) == ["SUCCEEDED"])
w = World(retries, lambda n: (10 ** 6, 0))
tasks = day(w, 1)
expect("a timeout is not tried again", len(tasks) == 1 and tasks[0]["end"] == 480, tasks)

# a crash between steps: the task was started, the answer was lost
for name, definition in (("forbid", forbid), ("replace", replace), ("retries", retries), ("plain", plain)):
    w = World(definition, lambda n: (200, 0), lost_answer=lambda token: True)
    tasks = day(w, 6)
    expect(f"{name}: a lost answer does not start a second task", len(tasks) == 6 and together(tasks) == 1 and statuses(w) == ["SUCCEEDED"] * 6, (len(tasks), statuses(w)))

# anything at all
for seed in range(300):
    r = random.Random(seed)
    definition = r.choice((forbid, replace))
    w = World(definition, lambda n: (r.choice((5, 300, 700, 2000, 10 ** 5)), r.choice((0, 0, 1))), lost_answer=lambda token: r.random() < 0.2)
    tasks = day(w, 24, lambda i: r.random() < 0.4, r.choice((0, 0, 1, 20, 599, 650)))
    expect(f"seed {seed}: never two at a time", together(tasks) <= 1, together(tasks))
    expect(f"seed {seed}: one task for an instant and attempt", len(w.tasks) == len(set(w.tasks)))
    expect(f"seed {seed}: every execution ends", "RUNNING" not in statuses(w), statuses(w))

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
