/*
 * Small documents that the Kubernetes lowering is made of.
 */
#include "k8s.h"

#include <string.h>

struct doc *
k_add(struct k8s *k, struct object *o, const char *text, const char *because)
{
	struct doc *d = doc_z(k->a, o->at, text);
	d->because = because;
	return d;
}

struct doc *
k_int(struct k8s *k, struct object *o, int64_t n, const char *because)
{
	struct doc *d = doc_int(k->a, o->at, n);
	d->because = because;
	return d;
}

struct doc *
k_bool(struct k8s *k, struct object *o, bool b, const char *because)
{
	struct doc *d = doc_bool(k->a, o->at, b);
	d->because = because;
	return d;
}

struct doc *
k_of_int(struct k8s *k, const struct value *v, int64_t n)
{
	struct doc *d = doc_int(k->a, v->origin, n);
	d->value = v;
	if (v->kind == V_INT && v->n == n)
		d->param = v->param;
	return d;
}

struct doc *
k_of(struct k8s *k, const struct value *v, const char *text)
{
	struct doc *d = doc_z(k->a, v->origin, text);
	d->value = v;
	return d;
}

struct doc *
k_of_bool(struct k8s *k, const struct value *v)
{
	struct doc *d = doc_bool(k->a, v->origin, v->n != 0);
	d->value = v;
	return d;
}

struct doc *
k_command(struct k8s *k, const struct value *v)
{
	if (v == NULL)
		return NULL;
	struct doc *list = doc_list(k->a, v->origin);
	list->value = v;
	if (v->kind != V_LIST) {
		doc_add(list, doc_z(k->a, v->origin, "/bin/sh"));
		doc_add(list, doc_z(k->a, v->origin, "-c"));
	}
	for (const struct value *i = v->kind == V_LIST ? v->items : v; i; i = i->next) {
		struct doc *d = doc_value(k->l, i);
		if (d && d->kind == DOC_STRING) { /* the kubelet would expand $(NAME) */
			struct buf b = {0};
			for (size_t n = 0; n < d->text.n; n++) {
				if (d->text.p[n] == '$' && n + 1 < d->text.n && (d->text.p[n + 1] == '(' || d->text.p[n + 1] == '$'))
					buf_addc(&b, '$');
				buf_addc(&b, d->text.p[n]);
			}
			d->text = arena_str(k->a, buf_str(&b));
			buf_free(&b);
		}
		doc_add(list, d);
		if (v->kind != V_LIST)
			break;
	}
	return list;
}

struct doc *
k_bytes(struct k8s *k, const struct value *v)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
	int64_t n = v->n;
	int u = 0;
	while (u < 4 && n % 1024 == 0 && n > 0) {
		n /= 1024;
		u++;
	}
	return k_of(k, v, arena_printf(k->a, "%lld%s", (long long)n, units[u]));
}

const char *
k_port_name(struct k8s *k, struct object *container)
{
	enum { PORT_NAME_MAX = 15 };
	struct object *main = NULL;
	int64_t port;
	struct span at;
	if (container->parent->kind != K_service || !node_port(k->g, container->parent, &main, &port, &at)) {
		main = object_child(k->p, container->parent, K_container, NULL);
		while (main && !get(k->g, main, A_container_port))
			main = object_next(main);
	}
	return main == container || main == NULL || !get(k->g, main, A_container_port) ? "http" : name_cut(k->a, container->label->text, PORT_NAME_MAX);
}

void
k_need(struct k8s *k, struct resource *r)
{
	*VEC_PUSH(k->a, &k->needs) = r;
}

void
k_need_once(struct k8s *k, struct resource *r)
{
	for (size_t i = 0; i < k->needs.n; i++)
		if (k->needs.v[i] == r)
			return;
	k_need(k, r);
}

void
k_wait(struct k8s *k, struct resource *workload)
{
	for (size_t i = 0; i < k->needs.n; i++)
		resource_edge(k->l->out, workload, k->needs.v[i]);
	k->needs.n = 0;
}

/* ---- labels ---- */

static bool
label_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || i + 1 == s.n || (c != '-' && c != '_' && c != '.')))
			return false;
	}
	return s.n <= 63;
}

static void
add_tags(struct k8s *k, struct doc *labels, struct object *owner)
{
	struct object *tags = owner ? object_child(k->p, owner, K_project_tags, NULL) : NULL;
	for (struct entry *t = tags ? tags->entries : NULL; t; t = t->next) {
		const struct value *v = entry_value(k->p, tags, t);
		if (v == NULL || v->kind != V_STRING || doc_get(labels, arena_strz(k->a, t->key)))
			continue;
		if (!label_value(v->text) || !label_value(t->key)) {
			struct diag *d = complain(k->g, D_E0155, v->origin, "tag \"%.*s\" cannot be a label", (int)t->key.n, t->key.p);
			diag_hint(k->g->compile->diags, d, "Labels hold at most 63 letters, digits, -, _ and ., with a letter or digit at both ends.");
			continue;
		}
		doc_sets(k->a, labels, t->key, doc_value(k->l, v));
	}
}

struct doc *
k_selector(struct k8s *k, struct object *node, const char *name)
{
	name = name_cut(k->a, name, 63); /* label values are no longer */
	struct doc *d = doc_map(k->a, node->at);
	doc_set(k->a, d, "app.kubernetes.io/name", k_add(k, node, name, "the declaration's name"));
	doc_set(k->a, d, "app.kubernetes.io/instance", k_add(k, node, name, "the object's name"));
	return d;
}

struct doc *
k_labels(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = k_selector(k, node, name);
	doc_set(k->a, d, "app.kubernetes.io/component", k_add(k, node, kind_row(node->kind)->name, "what it is"));
	doc_set(k->a, d, "app.kubernetes.io/part-of", k_add(k, k->p->project_object, k->g->compile->project_name->text, "the project's name"));
	doc_set(k->a, d, "app.kubernetes.io/managed-by", k_add(k, node, "berth", "who writes it"));
	add_tags(k, d, k->p->project_object);
	add_tags(k, d, k->p->stage_object);
	return d;
}

static void
check_name(struct k8s *k, int kind, struct object *node, const char *name)
{
	const struct resource_kind *row = resource_kind_get(kind);
	if (resource_name_ok(row, name))
		return;
	struct diag *d = complain(k->g, D_E0155, node->at, "\"%s\" cannot be the name of a %s", name, row->shape);
	diag_hint(k->g->compile->diags, d, "Kubernetes takes lower-case letters, digits and hyphens; name = \"…\" gives another name.");
}

static struct doc *
object_doc(struct k8s *k, int kind, struct object *node, const char *name, const char *label)
{
	const struct resource_kind *row = resource_kind_get(kind);
	struct doc *d = doc_map(k->a, node->at), *meta = doc_map(k->a, node->at);
	check_name(k, kind, node, name);
	doc_set(k->a, d, "apiVersion", k_add(k, node, row->api_version, "the kind's version"));
	doc_set(k->a, d, "kind", k_add(k, node, row->shape, "what the declaration becomes"));
	doc_set(k->a, meta, "name", k_add(k, node, name, "the declaration's name"));
	if (row->namespaced)
		doc_set(k->a, meta, "namespace", doc_value(k->l, k->ns));
	doc_set(k->a, meta, "labels", k_labels(k, node, label));
	doc_set(k->a, d, "metadata", meta);
	return d;
}

struct doc *
k_object(struct k8s *k, int kind, struct object *node, const char *name)
{
	return object_doc(k, kind, node, name, name);
}

struct resource *
k_add_hashed(struct k8s *k, int kind, struct object *node, const char *stem, const char *hex, struct doc **body)
{
	const char *name = arena_printf(k->a, "%s-%.8s", stem, hex);
	*body = object_doc(k, kind, node, name, stem);
	struct resource *r = k_add_once(k, kind, name, node, *body);
	r->stem = stem;
	return r;
}

struct resource *
k_add_once(struct k8s *k, int kind, const char *name, struct object *node, struct doc *body)
{
	struct resource *known = resource_named(k->l->out, kind, name);
	return known && strcmp(known->declaration, object_path(k->a, node)) == 0 ? known : lower_add(k->l, kind, name, node, body);
}
