/*
 * Where in an object the merging is, and what a value from there is called:
 * the declaration, then the platform's words without those that only frame.
 */
#include "helm_merge.h"

#include <string.h>

/* What somebody else than the program may decide, with the name of its value. */
static const struct {
	int kind;
	const char *path, *name;
} owned[] = {
	{RK_K_DEPLOYMENT, "spec.replicas", "replicas"},
	{RK_K_STATEFUL_SET, "spec.replicas", "replicas"},
	{RK_K_ROLLOUT, "spec.replicas", "replicas"},
	{RK_K_HPA, "spec.minReplicas", "minReplicas"},
	{RK_K_HPA, "spec.maxReplicas", "maxReplicas"},
	{RK_K_SCALED_OBJECT, "spec.minReplicaCount", "minReplicas"},
	{RK_K_SCALED_OBJECT, "spec.maxReplicaCount", "maxReplicas"},
	{RK_K_WATERMARK, "spec.minReplicas", "minReplicas"},
	{RK_K_WATERMARK, "spec.maxReplicas", "maxReplicas"},
	{RK_K_INGRESS, "spec.rules[].host", "host"},
	{RK_K_INGRESS, "spec.tls[].hosts", "hosts"},
	{RK_K_HTTP_ROUTE, "spec.hostnames", "hosts"},
	{RK_K_GRPC_ROUTE, "spec.hostnames", "hosts"},
	{RK_K_JOB, "metadata.name", "jobName"}, /* it holds the image's hash */
};

/* ---- where we are ---- */

void
m_enter(struct merger *m, struct str text, int kind)
{
	*VEC_PUSH(m->c->a, &m->trail) = (struct token){text, kind};
}

void
m_leave(struct merger *m)
{
	m->trail.n--;
}

/* spec.rules[].host: the place in the shape. */
const char *
m_shape_path(struct merger *m)
{
	struct buf b = {0};
	for (size_t i = 0; i < m->trail.n; i++) {
		const struct token *t = &m->trail.v[i];
		if (t->kind == TOKEN_MEMBER && b.n > 0)
			buf_addc(&b, '.');
		buf_adds(&b, t->kind == TOKEN_MEMBER ? t->text : STR("[]"));
	}
	const char *path = arena_strz(m->c->a, buf_str(&b));
	buf_free(&b);
	return path;
}

bool
m_in_list(struct merger *m, size_t i, const char *list)
{
	return i > 0 && m->trail.v[i].kind == TOKEN_ITEM && str_eqz(m->trail.v[i - 1].text, list);
}

/* Words of the platform's that say nothing to a reader of values. */
static bool
is_frame(struct merger *m, size_t i)
{
	static const char *const frames[] = {"spec", "template", "metadata", "jobTemplate", "data", "containers", "initContainers"};
	const struct token *t = &m->trail.v[i];
	for (size_t f = 0; t->kind == TOKEN_MEMBER && f < sizeof frames / sizeof *frames; f++)
		if (str_eqz(t->text, frames[f]))
			return true;
	if (m_in_list(m, i, "containers") || m_in_list(m, i, "initContainers")) { /* the only one, or the one that is called as the workload */
		struct buf b = {0};
		if (m->one_container)
			return true;
		add_camel(&b, t->text);
		bool own = str_eqz(buf_str(&b), m->o->place);
		buf_free(&b);
		return own;
	}
	return i + 1 == m->trail.n && i > 0 && m_in_list(m, i - 1, "env") && str_eqz(t->text, "value");
}

static void
add_token(struct merger *m, struct buf *b, size_t i)
{
	const struct token *t = &m->trail.v[i];
	struct str text = t->text;
	size_t from = b->n;
	for (size_t at = text.n; t->kind == TOKEN_MEMBER && at > 0; at--) { /* group of alb.ingress.kubernetes.io/group */
		if (text.p[at - 1] == '/') {
			text = (struct str){text.p + at, text.n - at};
			break;
		}
	}
	if (t->kind == TOKEN_INDEX) {
		buf_adds(b, text);
		return;
	}
	buf_addc(b, '.');
	if (m_in_list(m, i, "env")) {
		for (size_t at = 0; at < text.n; at++)
			buf_addc(b, text.p[at] == '.' || text.p[at] == '-' ? '_' : text.p[at]);
	} else {
		add_camel(b, text);
	}
	if (b->n == from + 1)
		buf_addc(b, 'x'); /* a name without a letter */
}

/* The value's name for the place, with `last` behind it when that is not NULL; "" for a place that is one value as a whole. */
const char *
m_values_path(struct merger *m, const char *last)
{
	struct buf b = {0};
	bool whole = last && (strcmp(last, SWITCH) == 0 || *last == '\0'); /* it says of what */
	buf_addz(&b, m->o->place);
	if (*m->o->part)
		buf_addf(&b, ".%s", m->o->part);
	for (size_t i = 0; i < m->trail.n; i++)
		if (!is_frame(m, i) || (whole && i + 1 == m->trail.n))
			add_token(m, &b, i);
	if (last && *last)
		buf_addf(&b, ".%s", last);
	else if (b.n == strlen(m->o->place))
		buf_addz(&b, ".value");
	const char *path = arena_strz(m->c->a, buf_str(&b));
	buf_free(&b);
	return path;
}

/* The value's name for what somebody else may decide, or NULL. */
const char *
m_owned_path(struct merger *m)
{
	const char *path = NULL;
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
		if (!resource_is(m->o->any, owned[i].kind))
			continue;
		if (path == NULL)
			path = m_shape_path(m);
		if (strcmp(owned[i].path, path) == 0)
			return arena_printf(m->c->a, "%s.%s", m->o->place, owned[i].name);
	}
	return NULL;
}

bool
m_is_image(struct merger *m)
{
	size_t n = m->trail.n;
	return n > 1 && str_eqz(m->trail.v[n - 1].text, "image") && (m_in_list(m, n - 2, "containers") || m_in_list(m, n - 2, "initContainers"));
}
