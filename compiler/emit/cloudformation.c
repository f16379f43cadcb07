/*
 * Form `cloudformation`: one template for the stage's AWS resources, made from
 * the same requests. Requests that CloudFormation has as properties of another
 * resource (a retention, target group attributes, rule targets, scheduled
 * actions, an attached policy) are folded into it. What holds data is retained.
 *
 * Sources: CloudFormation template reference of the types in kinds.def; limits:
 * CloudFormation quotas (500 resources, 1,000,000 bytes a template).
 */
#include "forms.h"

#include "berth/schema.h"
#include "text.h"

#include <string.h>

enum { RESOURCES_MAX = 500, TEMPLATE_MAX = 1000000 };

struct cfn {
	struct arena *a;
	const struct resources *rs;
	const struct emit_head *head;
	taker *take;
	const struct resource *r; /* being written */
	struct map used;          /* resources that its properties refer to */
	VEC(const struct resource *) actions; /* all scheduled actions */
	name_list parameters;     /* what CI owns, as far as this template has it */
};

/* ---- names and references ---- */

/* ShopWebTaskDefinition: letters and digits only, unique because kind and name are. */
const char *
cloudformation_id(struct arena *a, const struct resource *r)
{
	const char *kind = strrchr(r->kind->kind, '.') + 1;
	struct buf b = {0};
	bool up = true, lossy = false;
	for (const char *c = r->name; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'), digit = *c >= '0' && *c <= '9';
		if (letter || digit)
			buf_addc(&b, up && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
		else
			lossy |= *c != '-';
		up = !letter && !digit;
	}
	buf_addz(&b, kind);
	if (lossy) { /* two names may differ in what was left out */
		char hex[65];
		sha256_hex(str_of(r->name), hex);
		buf_add(&b, hex, 6);
	}
	char *id = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return id;
}

/* The resource an attribute belongs to, in this template. */
static const struct resource *
owner(struct cfn *c, const char *address)
{
	const struct resource *r = resource_find(c->rs, address);
	if (r == NULL)
		bug("%s is in no template", address);
	map_put(&c->used, r, (void *)(uintptr_t)r);
	return r;
}

/* `Ref` gives the ARN of these; the rest are attributes. */
static bool
by_ref(struct str attribute)
{
	static const char *const names[] = {"TaskDefinitionArn", "TargetGroupArn", "RuleArn", "PolicyARN"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(attribute, names[i]))
			return true;
	return false;
}

/* LIVING_TAG is the parameter LivingTag. */
static const char *
parameter_id(struct arena *a, struct str name)
{
	struct buf b = {0};
	for (size_t i = 0; i < name.n; i++) {
		bool first = i == 0 || name.p[i - 1] == '_';
		if (name.p[i] != '_')
			buf_addc(&b, !first && name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i]);
	}
	char *id = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return id;
}

/*
 * The name inside ${…} of Fn::Sub: a parameter, a resource, or an attribute of one. NULL for a resource of another
 * template: then *outside is what stands for it.
 */
static const char *
variable(struct cfn *c, const struct doc *attr, const char **outside)
{
	if (strcmp(attr->address, "external") == 0) {
		external_names_of(c->a, attr, &c->parameters);
		return parameter_id(c->a, attr->text);
	}
	const struct resource *r = owner(c, attr->address);
	if (!c->take(c->head, c->rs, r)) {
		/* without a revision: the latest */
		*outside = resource_is(r, RK_TASK_DEFINITION) ? arena_printf(c->a, "arn:%s:ecs:%s:%s:task-definition/%s", aws_partition(str_of(c->head->region)),
								    c->head->region, c->head->account, r->name)
						     : NULL;
		return NULL;
	}
	return by_ref(attr->text) ? cloudformation_id(c->a, r)
				  : arena_printf(c->a, "%s.%.*s", cloudformation_id(c->a, r), (int)attr->text.n, attr->text.p);
}

static struct doc *
one_member(struct arena *a, struct span at, const char *key, struct doc *value)
{
	struct doc *d = doc_map(a, at);
	doc_set(a, d, key, value);
	return d;
}

/* An output of the template before: target groups and rules. */
static const char *
export_name(struct cfn *c, const struct resource *r, struct str attribute)
{
	return arena_printf(c->a, "%s-%s-%s%s%.*s", c->head->prefix, c->head->stage, cloudformation_id(c->a, r), by_ref(attribute) ? "" : "-",
			    by_ref(attribute) ? 0 : (int)attribute.n, attribute.p);
}

static struct doc *
import(struct cfn *c, const struct doc *attr)
{
	return one_member(c->a, attr->origin, "Fn::ImportValue", doc_z(c->a, attr->origin, export_name(c, owner(c, attr->address), attr->text)));
}

static struct doc *
reference(struct cfn *c, const struct doc *attr)
{
	const char *outside = NULL, *name = variable(c, attr, &outside);
	if (outside)
		return doc_z(c->a, attr->origin, outside);
	if (name == NULL)
		return import(c, attr);
	const char *dot = strchr(name, '.');
	if (dot == NULL)
		return one_member(c->a, attr->origin, "Ref", doc_z(c->a, attr->origin, name));
	struct doc *pair = doc_list(c->a, attr->origin);
	doc_add(pair, doc_string(c->a, attr->origin, (struct str){name, (size_t)(dot - name)}));
	doc_add(pair, doc_z(c->a, attr->origin, dot + 1));
	return one_member(c->a, attr->origin, "Fn::GetAtt", pair);
}

/* Does any text inside refer to an attribute? */
static bool
refers(const struct doc *d)
{
	if (d->kind == DOC_ATTR)
		return true;
	for (const struct doc *i = d->items; i; i = i->next)
		if (refers(i))
			return true;
	return false;
}

static void
substitute(const struct text_style *s, const struct doc *attr, struct buf *out)
{
	const char *outside = NULL, *name = variable(s->context, attr, &outside);
	if (outside)
		buf_addz(out, outside);
	else if (name)
		buf_addf(out, "${%s}", name);
	else
		bug("%s is in another template", attr->address);
}

static void
no_variable(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out)
{
	(void)s, (void)opener, (void)rest, (void)depth;
	buf_addz(out, brace ? "${!" : "$");
}

/* Text with attributes inside, for Fn::Sub. */
static struct doc *
substitution(struct cfn *c, const struct doc *d)
{
	const struct text_style style = {"$", substitute, no_variable, c};
	struct buf b = {0};
	text_add_doc(&b, d, &style);
	struct doc *text = doc_string(c->a, d->origin, arena_str(c->a, buf_str(&b)));
	buf_free(&b);
	return one_member(c->a, d->origin, "Fn::Sub", text);
}

/* Text that reads like a pseudo parameter is put together from parts, so that no reader asks for a forgotten Fn::Sub. */
static struct doc *
apart(struct cfn *c, const struct doc *d)
{
	struct doc *join = doc_list(c->a, d->origin), *parts = doc_list(c->a, d->origin);
	size_t from = 0;
	for (size_t i = 0; i < d->text.n; i++) {
		if (!str_starts((struct str){d->text.p + i, d->text.n - i}, "${AWS::"))
			continue;
		doc_add(parts, doc_string(c->a, d->origin, (struct str){d->text.p + from, i + 1 - from}));
		from = i + 1;
	}
	struct doc *rest = doc_string(c->a, d->origin, (struct str){d->text.p + from, d->text.n - from});
	if (from == 0)
		return rest;
	doc_add(parts, rest);
	doc_add(join, doc_z(c->a, d->origin, ""));
	doc_add(join, parts);
	return one_member(c->a, d->origin, "Fn::Join", join);
}

/* ---- values ---- */

/* Where CloudFormation spells a member otherwise than with a capital. */
static const char *
member_name(struct cfn *c, struct str key)
{
	static const struct {
		const char *api, *cfn;
	} odd[] = {{"efsVolumeConfiguration", "EFSVolumeConfiguration"}, {"fileSystemId", "FilesystemId"}, {"definition", "DefinitionString"}, {"ecsServices", "ECSServices"},
		   {"stateMachineName", "StateMachineName"}};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (str_eqz(key, odd[i].api))
			return odd[i].cfn;
	if (str_eqz(key, "awsvpcConfiguration") || str_eqz(key, "AwsvpcConfiguration"))
		return resource_is(c->r, RK_RULE) ? "AwsVpcConfiguration" : "AwsvpcConfiguration";
	char *name = arena_strz(c->a, key);
	if (*name >= 'a' && *name <= 'z')
		*name = (char)(*name - 32);
	return name;
}

/* Maps whose keys are the user's or the platform's own words. */
static bool
keeps_keys(struct str key)
{
	return str_eqz(key, "options") || str_eqz(key, "Options") || str_eqz(key, "InputPathsMap");
}

static bool
is_policy(struct str key)
{
	return str_ends(key, "PolicyDocument") || str_ends(key, "Policy");
}

static struct doc *value(struct cfn *c, const struct doc *d, bool keep, bool object);

static struct doc *
map_value(struct cfn *c, const struct doc *d, bool keep)
{
	struct doc *out = doc_map(c->a, d->origin);
	for (const struct doc *m = d->items; m; m = m->next)
		doc_set(c->a, out, keep ? arena_strz(c->a, m->key) : member_name(c, m->key), value(c, m, keep || keeps_keys(m->key), is_policy(m->key)));
	return out;
}

/* `object`: nested JSON is written as what it holds, not as text. */
static struct doc *
value(struct cfn *c, const struct doc *d, bool keep, bool object)
{
	struct doc *out;
	switch (d->kind) {
	case DOC_MAP: return map_value(c, d, keep);
	case DOC_LIST:
		out = doc_list(c->a, d->origin);
		for (const struct doc *i = d->items; i; i = i->next)
			doc_add(out, value(c, i, keep, object));
		return out;
	case DOC_ATTR: return reference(c, d);
	case DOC_JSON:
		if (object)
			return value(c, d->items, true, false);
		if (refers(d))
			return substitution(c, d);
		break;
	case DOC_TEXT:
		if (refers(d))
			return substitution(c, d);
		break;
	case DOC_STRING: return apart(c, d);
	default: break;
	}
	out = NEW(c->a, struct doc);
	*out = *d;
	out->next = NULL;
	out->key = STR("");
	return out;
}

/* ---- kinds that are more than a change of spelling ---- */

static struct doc *
tag_list(struct cfn *c, const struct doc *tags)
{
	struct doc *list = doc_list(c->a, tags->origin);
	for (const struct doc *t = tags->items; t; t = t->next) {
		struct doc *tag = doc_map(c->a, t->origin);
		doc_set(c->a, tag, "Key", doc_string(c->a, t->origin, t->key));
		doc_set(c->a, tag, "Value", doc_string(c->a, t->origin, t->text));
		doc_add(list, tag);
	}
	return list;
}

/* Attributes of SQS are all text; the template has numbers, truths and objects. */
static void
queue_properties(struct cfn *c, const struct doc *body, struct doc *out)
{
	for (const struct doc *m = doc_get(body, "Attributes")->items; m; m = m->next) {
		const char *key = arena_strz(c->a, m->key);
		int64_t n;
		if (strcmp(key, "Policy") == 0)
			continue; /* a resource of its own */
		if (m->kind == DOC_JSON)
			doc_set(c->a, out, key, value(c, m->items, true, false));
		else if (str_eqz(m->text, "true") || str_eqz(m->text, "false"))
			doc_set(c->a, out, key, doc_bool(c->a, m->origin, m->text.p[0] == 't'));
		else if (lit_int(m->text, &n))
			doc_set(c->a, out, key, doc_int(c->a, m->origin, n));
		else
			doc_set(c->a, out, key, doc_string(c->a, m->origin, m->text));
	}
}

static struct doc *
log_group(struct cfn *c, const struct doc *body)
{
	struct doc *out = doc_map(c->a, body->origin);
	const struct resource *retention = resource_named(c->rs, RK_LOG_RETENTION, c->r->name);
	doc_set(c->a, out, "LogGroupName", value(c, doc_get(body, "logGroupName"), false, false));
	if (retention)
		doc_set(c->a, out, "RetentionInDays", value(c, doc_get(retention->body, "retentionInDays"), false, false));
	doc_set(c->a, out, "Tags", tag_list(c, doc_get(body, "tags")));
	return out;
}

static void
add_scheduled_actions(struct cfn *c, struct doc *out)
{
	struct doc *list = doc_list(c->a, c->r->origin);
	for (size_t k = 0; k < c->actions.n; k++) {
		const struct resource *r = c->actions.v[k];
		if (!doc_equal(doc_get(r->body, "ResourceId"), doc_get(c->r->body, "ResourceId")))
			continue;
		struct doc *action = doc_map(c->a, r->origin);
		static const char *const keys[] = {"ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction"};
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			doc_set(c->a, action, keys[i], value(c, doc_get(r->body, keys[i]), false, false));
		doc_add(list, action);
	}
	if (list->count)
		doc_set(c->a, out, "ScheduledActions", list);
}

static struct doc *
scaling_policy(struct cfn *c, const struct doc *body)
{
	struct doc *out = doc_map(c->a, body->origin), *whole = map_value(c, body, false);
	for (const struct edge *e = c->r->edges; e; e = e->next)
		if (resource_is(e->to, RK_SCALABLE_TARGET) && c->take(c->head, c->rs, e->to)) {
			map_put(&c->used, e->to, e->to);
			doc_set(c->a, out, "ScalingTargetId", one_member(c->a, body->origin, "Ref", doc_z(c->a, body->origin, cloudformation_id(c->a, e->to))));
		}
	for (struct doc *m = whole->items, *next; m; m = next) {
		next = m->next;
		if (!str_eqz(m->key, "ServiceNamespace") && !str_eqz(m->key, "ResourceId") && !str_eqz(m->key, "ScalableDimension")) {
			const struct str key = m->key;
			m->next = NULL;
			doc_sets(c->a, out, key, m);
		}
	}
	return out;
}

static struct doc *
properties(struct cfn *c)
{
	const struct resource *r = c->r, *other;
	if (resource_is(r, RK_LOG_GROUP))
		return log_group(c, r->body);
	if (resource_is(r, RK_SCALING_POLICY))
		return scaling_policy(c, r->body);
	struct doc *out = doc_map(c->a, r->origin);
	for (const struct doc *m = r->body->items; m; m = m->next) {
		if (m->first_only)
			continue; /* the template is applied again and again */
		if (resource_is(r, RK_QUEUE) && str_eqz(m->key, "Attributes")) {
			queue_properties(c, r->body, out);
		} else if (resource_is(r, RK_QUEUE) && str_eqz(m->key, "tags")) {
			doc_set(c->a, out, "Tags", tag_list(c, m));
		} else if (resource_is(r, RK_STATE_MACHINE) && (str_eqz(m->key, "name") || str_eqz(m->key, "type"))) {
			doc_set(c->a, out, str_eqz(m->key, "name") ? "StateMachineName" : "StateMachineType", value(c, m, false, false));
		} else {
			doc_set(c->a, out, member_name(c, m->key), value(c, m, keeps_keys(m->key), is_policy(m->key)));
		}
	}
	if (resource_is(r, RK_ROLE) && (other = resource_named(c->rs, RK_ROLE_ATTACHMENT, r->name))) {
		struct doc *list = doc_list(c->a, other->origin);
		doc_add(list, value(c, doc_get(other->body, "PolicyArn"), false, false));
		doc_set(c->a, out, "ManagedPolicyArns", list);
	} else if (resource_is(r, RK_TARGET_GROUP) && (other = resource_named(c->rs, RK_TARGET_GROUP_ATTRIBUTES, r->name))) {
		doc_set(c->a, out, "TargetGroupAttributes", value(c, doc_get(other->body, "Attributes"), false, false));
	} else if (resource_is(r, RK_RULE) && (other = resource_named(c->rs, RK_RULE_TARGETS, r->name))) {
		doc_set(c->a, out, "Targets", value(c, doc_get(other->body, "Targets"), false, false));
	} else if (resource_is(r, RK_SCALABLE_TARGET)) {
		add_scheduled_actions(c, out);
	}
	return out;
}

/* ---- the template ---- */

/* What is folded into a neighbour has no place of its own. */
static const struct resource *
stands_for(struct cfn *c, const struct resource *r)
{
	if (r->kind->cloudformation)
		return r;
	if (resource_is(r, RK_RULE_TARGETS))
		return resource_named(c->rs, RK_RULE, r->name);
	if (resource_is(r, RK_ROLE_ATTACHMENT))
		return resource_named(c->rs, RK_ROLE, r->name);
	return NULL;
}

static void
add_order(struct cfn *c, struct doc *entry, const struct resource *from)
{
	struct doc *list = doc_get(entry, "DependsOn");
	for (const struct edge *e = from->edges; e; e = e->next) {
		const struct resource *to = stands_for(c, e->to);
		if (to == NULL || !c->take(c->head, c->rs, to) || to == c->r || map_get(&c->used, to))
			continue;
		map_put(&c->used, to, (void *)(uintptr_t)to);
		if (list == NULL)
			list = doc_set(c->a, entry, "DependsOn", doc_list(c->a, from->origin));
		doc_add(list, doc_z(c->a, from->origin, cloudformation_id(c->a, to)));
	}
}

static struct doc *
queue_policy(struct cfn *c, const struct doc *policy)
{
	struct doc *entry = doc_map(c->a, policy->origin), *p = doc_map(c->a, policy->origin), *queues = doc_list(c->a, policy->origin);
	doc_add(queues, one_member(c->a, policy->origin, "Ref", doc_z(c->a, policy->origin, cloudformation_id(c->a, c->r))));
	doc_set(c->a, p, "Queues", queues);
	doc_set(c->a, p, "PolicyDocument", value(c, policy->items, true, false));
	doc_set(c->a, entry, "Type", doc_z(c->a, policy->origin, "AWS::SQS::QueuePolicy"));
	doc_set(c->a, entry, "Properties", p);
	return entry;
}

static void
add_resource(struct cfn *c, struct doc *all, const struct resource *r)
{
	struct doc *entry = doc_map(c->a, r->origin);
	const struct resource *targets = resource_is(r, RK_RULE) ? resource_named(c->rs, RK_RULE_TARGETS, r->name) : NULL;
	c->r = r;
	map_init(&c->used, c->a);
	doc_set(c->a, entry, "Type", doc_z(c->a, r->origin, r->kind->cloudformation));
	if (r->kind->stateful) {
		doc_set(c->a, entry, "DeletionPolicy", doc_z(c->a, r->origin, "Retain"));
		doc_set(c->a, entry, "UpdateReplacePolicy", doc_z(c->a, r->origin, "Retain"));
	}
	struct doc *p = properties(c);
	add_order(c, entry, r);
	if (targets)
		add_order(c, entry, targets);
	doc_set(c->a, entry, "Properties", p);
	doc_append(all, str_of(cloudformation_id(c->a, r)), entry);
	const struct doc *policy = resource_is(r, RK_QUEUE) ? doc_get(doc_get(r->body, "Attributes"), "Policy") : NULL;
	if (policy)
		doc_append(all, str_of(arena_printf(c->a, "%sPolicy", cloudformation_id(c->a, r))), queue_policy(c, policy));
}

static void
add_parameters(struct cfn *c, struct doc *root)
{
	struct doc *list = doc_map(c->a, NO_SPAN);
	for (size_t i = 0; i < c->parameters.n; i++) {
		const char *first = external_first(c->rs, c->parameters.v[i]);
		struct doc *p = doc_set(c->a, list, parameter_id(c->a, str_of(c->parameters.v[i])), doc_map(c->a, NO_SPAN));
		doc_set(c->a, p, "Type", doc_z(c->a, NO_SPAN, "String"));
		doc_set(c->a, p, "Description", doc_z(c->a, NO_SPAN, "Given by whoever deploys (external)"));
		if (first)
			doc_set(c->a, p, "Default", doc_z(c->a, NO_SPAN, first));
	}
	if (list->count)
		doc_set(c->a, root, "Parameters", list);
}

static void
add_output(struct cfn *c, struct doc *list, const struct resource *r, const char *suffix, struct doc *value_doc, const char *export)
{
	struct doc *o = doc_set(c->a, list, arena_printf(c->a, "%s%s", cloudformation_id(c->a, r), suffix), doc_map(c->a, r->origin)), *e = doc_map(c->a, r->origin);
	doc_set(c->a, o, "Value", value_doc);
	doc_set(c->a, e, "Name", doc_z(c->a, r->origin, export));
	doc_set(c->a, o, "Export", e);
}

static struct doc *
attribute_of(struct cfn *c, const struct resource *r, const char *attribute)
{
	struct doc *pair = doc_list(c->a, r->origin);
	doc_add(pair, doc_z(c->a, r->origin, cloudformation_id(c->a, r)));
	doc_add(pair, doc_z(c->a, r->origin, attribute));
	return one_member(c->a, r->origin, "Fn::GetAtt", pair);
}

/* For other templates and for ecspresso: what has an ARN that nobody knows before. */
static void
add_outputs(struct cfn *c, struct doc *root)
{
	struct doc *list = doc_map(c->a, NO_SPAN);
	for (const struct resource *r = c->rs->first; r; r = r->next) {
		if (!c->take(c->head, c->rs, r))
			continue;
		if (resource_is(r, RK_TARGET_GROUP) || resource_is(r, RK_LISTENER_RULE))
			add_output(c, list, r, "", one_member(c->a, r->origin, "Ref", doc_z(c->a, r->origin, cloudformation_id(c->a, r))), export_name(c, r, STR("TargetGroupArn")));
		if (resource_is(r, RK_TARGET_GROUP))
			add_output(c, list, r, "FullName", attribute_of(c, r, "TargetGroupFullName"), export_name(c, r, STR("TargetGroupFullName")));
		if (resource_is(r, RK_DISCOVERY))
			add_output(c, list, r, "", attribute_of(c, r, "Arn"), export_name(c, r, STR("Arn")));
	}
	if (list->count)
		doc_set(c->a, root, "Outputs", list);
}

struct str
cloudformation_template(struct arena *a, const struct emit_head *head, const struct resources *rs, taker *take, const char **problem)
{
	struct cfn c = {.a = a, .rs = rs, .head = head, .take = take};
	struct doc *root = doc_map(a, NO_SPAN), *all = doc_map(a, NO_SPAN);
	struct buf b = {0};
	doc_set(a, root, "AWSTemplateFormatVersion", doc_z(a, NO_SPAN, "2010-09-09"));
	doc_set(a, root, "Description", doc_z(a, NO_SPAN, arena_printf(a, "Stage %s of %s: written by berth, not to be edited.", head->stage, head->project)));
	for (const struct resource *r = rs->first; r; r = r->next)
		if (resource_is(r, RK_SCHEDULED_ACTION))
			*VEC_PUSH(a, &c.actions) = r;
	for (const struct resource *r = rs->first; r; r = r->next)
		if (r->kind->cloudformation && take(head, rs, r))
			add_resource(&c, all, r);
	add_parameters(&c, root);
	doc_set(a, root, "Resources", all);
	add_outputs(&c, root);
	json_write(root, &b);
	if (all->count > RESOURCES_MAX)
		*problem = arena_printf(a, "the template would have %u resources; CloudFormation takes %d", all->count, RESOURCES_MAX);
	else if (b.n > TEMPLATE_MAX)
		*problem = arena_printf(a, "the template would have %zu bytes; CloudFormation takes %d", b.n, TEMPLATE_MAX);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
