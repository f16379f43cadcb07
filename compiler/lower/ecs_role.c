/*
 * IAM: one execution role and, where it has something to do, one task role for
 * each workload. Statements name exact resources; trust is limited to this
 * account (the confused deputy). Sources: ECS developer guide, task IAM roles
 * and task execution role; Scheduler and EventBridge guides, identity-based
 * policies.
 */
#include "ecs.h"

#include <string.h>

struct doc *
new_statements(struct ecs *e, struct object *node)
{
	return doc_list(e->a, node->at);
}

struct doc *
allow(struct ecs *e, struct doc *statements, struct span at, const char *actions, struct doc *resources)
{
	struct doc *s = doc_map(e->a, at), *list = doc_list(e->a, at);
	doc_set(e->a, s, "Effect", doc_z(e->a, at, "Allow"));
	for (const char *w = actions; *w; w += strcspn(w, " "), w += *w == ' ')
		doc_add(list, doc_string(e->a, at, (struct str){w, strcspn(w, " ")}));
	doc_set(e->a, s, "Action", list);
	doc_set(e->a, s, "Resource", resources);
	doc_add(statements, s);
	return s;
}

struct doc *
condition(struct ecs *e, struct doc *statement, struct span at, const char *operator, const char *key, const char *value)
{
	struct doc *c = doc_get(statement, "Condition");
	if (c == NULL)
		c = doc_set(e->a, statement, "Condition", doc_map(e->a, at));
	struct doc *op = doc_get(c, operator);
	if (op == NULL)
		op = doc_set(e->a, c, operator, doc_map(e->a, at));
	doc_set(e->a, op, key, doc_z(e->a, at, value));
	return statement;
}

static struct doc *
policy_document(struct ecs *e, struct object *node, struct doc *statements)
{
	struct doc *p = doc_map(e->a, node->at);
	doc_set(e->a, p, "Version", doc_z(e->a, node->at, "2012-10-17"));
	doc_set(e->a, p, "Statement", statements);
	return doc_json(e->a, node->at, p);
}

static struct doc *
trust_of(struct ecs *e, struct object *node, const char *service, const char *source_arn)
{
	struct doc *s = doc_map(e->a, node->at), *principal = doc_map(e->a, node->at);
	doc_set(e->a, s, "Effect", doc_z(e->a, node->at, "Allow"));
	doc_set(e->a, principal, "Service", doc_z(e->a, node->at, service));
	doc_set(e->a, s, "Principal", principal);
	doc_set(e->a, s, "Action", doc_z(e->a, node->at, "sts:AssumeRole"));
	condition(e, s, node->at, "StringEquals", "aws:SourceAccount", arena_strz(e->a, e->account));
	if (source_arn)
		condition(e, s, node->at, "ArnLike", "aws:SourceArn", source_arn);
	return s;
}

/* Workloads of a cluster have names of the cluster, which say nothing of the project. */
static const char *
role_base(struct ecs *e, struct object *node)
{
	bool bare = node->kind == K_log || node_target(e->g, node) == TARGET_K8S;
	return bare ? arena_printf(e->a, "%s-%s", e->prefix, node->label->text) : node_name(e->g, node);
}

struct resource *
make_role_trusting(struct ecs *e, struct object *node, const char *suffix, struct doc *trust, struct doc *statements)
{
	const char *name = aws_name(e, RK_ROLE, arena_printf(e->a, "%s-%s", role_base(e, node), suffix));
	struct doc *body = doc_map(e->a, node->at), *list = doc_list(e->a, node->at);
	doc_add(list, trust);
	doc_set(e->a, body, "RoleName", add_z(e, node, name, "the workload's name and the role's purpose"));
	doc_set(e->a, body, "AssumeRolePolicyDocument", policy_document(e, node, list));
	struct object *own = node->kind == K_log ? NULL : object_child(e->p, node, K_role, NULL);
	if (own == NULL)
		own = object_child(e->p, e->stage, K_role, NULL);
	const struct value *boundary = own ? get(e->g, own, A_role_boundary) : NULL;
	if (boundary)
		doc_set(e->a, body, "PermissionsBoundary", doc_value(e->l, boundary));
	doc_set(e->a, body, "Tags", tags_of(e, node, true));
	struct resource *role = lower_add(e->l, RK_ROLE, name, node, body);
	if (statements && statements->count > 0) {
		struct doc *policy = doc_map(e->a, node->at);
		doc_set(e->a, policy, "RoleName", doc_z(e->a, node->at, name));
		doc_set(e->a, policy, "PolicyName", add_z(e, node, name, "the role's name"));
		doc_set(e->a, policy, "PolicyDocument", policy_document(e, node, statements));
		struct resource *r = lower_add(e->l, RK_ROLE_POLICY, name, node, policy);
		resource_edge(e->l->out, r, role);
	}
	return role;
}

struct resource *
make_role(struct ecs *e, struct object *node, const char *suffix, const char *service, const char *source_arn, struct doc *statements)
{
	return make_role_trusting(e, node, suffix, trust_of(e, node, service, source_arn), statements);
}

struct doc *
role_arn(struct ecs *e, struct object *node, struct resource *role)
{
	return add_f(e, node, "the generated role", "arn:%s:iam::%.*s:role/%s", e->partition, (int)e->account.n, e->account.p, role->name);
}

/* ---- statements of one workload ---- */

/* An ECR image gives its repository's ARN; other registries need nothing from IAM. */
static void
allow_pull(struct task *t, const struct value *image)
{
	struct ecs *e = t->e;
	char account[13] = "", region[32] = "", name[256] = "";
	char *text = arena_strz(e->a, image->text);
	const char *dot = strstr(text, ".dkr.ecr."), *aws = dot ? strstr(dot, ".amazonaws.com") : NULL, *slash = aws ? strchr(aws, '/') : NULL;
	if (slash == NULL || dot - text != 12 || (size_t)(aws - dot - 9) >= sizeof region || strlen(slash + 1) >= sizeof name)
		return;
	memcpy(account, text, 12);
	memcpy(region, dot + 9, (size_t)(aws - dot - 9));
	strcpy(name, slash + 1);
	const char *repo = arena_printf(e->a, "arn:%s:ecr:%s:%s:repository/%s", e->partition, region, account, name);
	for (struct doc *s = t->exec->items; s; s = s->next)
		if (str_eqz(doc_get(s, "Resource")->text, repo))
			return;
	if (!t->pulls)
		allow(e, t->exec, image->origin, "ecr:GetAuthorizationToken", doc_z(e->a, image->origin, "*"));
	t->pulls = true;
	allow(e, t->exec, image->origin, "ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage",
	      doc_z(e->a, image->origin, repo));
}

/* The ARN of a secret as IAM names it. */
static struct doc *
secret_resource(struct ecs *e, const struct value *v)
{
	struct str name = v->items->text;
	if (str_starts(name, "arn:"))
		return doc_string(e->a, v->origin, name);
	if (str_eqz(v->text, "ssm"))
		return of_z(e, v, arn(e, "ssm", arena_printf(e->a, "parameter%s%.*s", str_starts(name, "/") ? "" : "/", (int)name.n, name.p)));
	return of_z(e, v, arn(e, "secretsmanager", arena_printf(e->a, "secret:%.*s-??????", (int)name.n, name.p)));
}

static void
allow_secrets(struct task *t, struct object *container, const char *function, const char *action)
{
	struct ecs *e = t->e;
	struct object *secrets = object_child(e->p, container, K_secrets, NULL);
	struct doc *list = NULL;
	for (struct entry *s = secrets ? secrets->entries : NULL; s; s = s->next) {
		const struct value *v = entry_value(e->p, secrets, s);
		if (v == NULL || v->kind != V_SECRET || !str_eqz(v->text, function))
			continue;
		struct doc *resource = secret_resource(e, v);
		if (list == NULL)
			list = doc_list(e->a, v->origin);
		bool known = false;
		for (struct doc *i = list->items; i; i = i->next)
			known |= str_eq(i->text, resource->text);
		if (!known)
			doc_add(list, resource);
	}
	if (list)
		allow(e, t->exec, list->origin, action, list);
}

void
allow_secret(struct task *t, const struct value *v)
{
	bool ssm = str_eqz(v->text, "ssm");
	if (ssm || str_eqz(v->text, "secretsmanager"))
		allow(t->e, t->exec, v->origin, ssm ? "ssm:GetParameters" : "secretsmanager:GetSecretValue", secret_resource(t->e, v));
}

void
allow_declared(struct task *t)
{
	struct ecs *e = t->e;
	struct object *block = object_child(e->p, t->node, K_allow, NULL);
	for (struct object *s = block ? object_child(e->p, block, K_statement, NULL) : NULL; s; s = object_next(s)) {
		struct doc *st = doc_map(e->a, s->at);
		doc_set(e->a, st, "Effect", doc_z(e->a, s->at, "Allow"));
		doc_set(e->a, st, "Action", of_list(e, get(e->g, s, A_statement_actions)));
		doc_set(e->a, st, "Resource", of_list(e, get(e->g, s, A_statement_on)));
		doc_add(t->allow, st);
	}
}

/* A role of the workload or the stage that exists already, or NULL. */
static const struct value *
existing_role(struct task *t, enum attr_id which)
{
	struct ecs *e = t->e;
	struct object *own = object_child(e->p, t->node, K_role, NULL), *stage = object_child(e->p, e->stage, K_role, NULL);
	const struct value *v = own ? get(e->g, own, which) : NULL;
	if (v == NULL && stage)
		v = get(e->g, stage, which);
	if (v == NULL && which == A_role_execution)
		v = get(e->g, e->ecs, A_ecs_execution_role);
	return v;
}

void
task_roles(struct task *t)
{
	struct ecs *e = t->e;
	for (struct object *c = object_child(e->p, t->node, K_container, NULL); c; c = object_next(c)) {
		const struct value *image = get(e->g, c, A_container_image);
		if (image && image->kind == V_STRING)
			allow_pull(t, image);
		allow_secrets(t, c, "ssm", "ssm:GetParameters");
		allow_secrets(t, c, "secretsmanager", "secretsmanager:GetSecretValue");
	}
	allow_queues(t);
	allow_declared(t);
	if (t->shell)
		allow(e, t->allow, get_span(e->g, t->node, A_service_exec),
		      "ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel",
		      doc_z(e->a, t->node->at, "*"));
	const char *source = arn(e, "ecs", "*");
	if (!existing_role(t, A_role_execution))
		t->exec_role = make_role(e, t->node, "exec", "ecs-tasks.amazonaws.com", source, t->exec);
	if (t->allow->count > 0 && !existing_role(t, A_role_task))
		t->task_role = make_role(e, t->node, "task", "ecs-tasks.amazonaws.com", source, t->allow);
}

/* The ARN for the task definition: the role that exists, else the generated one, else NULL. */
struct doc *
task_role_arn(struct task *t, bool execution)
{
	const struct value *own = existing_role(t, execution ? A_role_execution : A_role_task);
	struct resource *made = execution ? t->exec_role : t->task_role;
	return own ? doc_value(t->e->l, own) : made ? role_arn(t->e, t->node, made) : NULL;
}
