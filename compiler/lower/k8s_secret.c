/*
 * Secrets: what AWS keeps comes into the cluster by External Secrets, one
 * ExternalSecret for each workload, from a store of the namespace; what stands
 * in SOPS files becomes one Secret for each file, filled when it is deployed.
 * No value is ever read. Sources: External Secrets Operator 2.9, ExternalSecret
 * and SecretStore, provider AWS; SOPS 3, stores.
 */
#include "k8s.h"

#include "ecs.h"

#include <string.h>

/* SecretsManager or ParameterStore, read with the operator's own identity. */
static struct resource *
store_of(struct k8s *k, struct object *node, bool parameters)
{
	const char *name = arena_printf(k->a, "%s-%s", k->g->compile->project_name->text, parameters ? "parameters" : "secrets");
	struct resource *known = resource_named(k->l->out, RK_K_SECRET_STORE, name);
	if (known)
		return known;
	struct object *stage = k->p->stage_object;
	struct doc *d = k_object(k, RK_K_SECRET_STORE, stage, name), *spec = doc_map(k->a, stage->at), *provider = doc_map(k->a, stage->at), *aws = doc_map(k->a, stage->at);
	doc_set(k->a, aws, "service", k_add(k, node, parameters ? "ParameterStore" : "SecretsManager", "where the program says the secret is"));
	doc_set(k->a, aws, "region", doc_string(k->a, get_span(k->g, stage, A_stage_region), k->aws->region));
	doc_set(k->a, provider, "aws", aws);
	doc_set(k->a, spec, "provider", provider);
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_SECRET_STORE, name, stage, d);
}

static struct doc *
remote_doc(struct k8s *k, const struct value *v)
{
	struct doc *ref = doc_map(k->a, v->origin);
	const struct value *property = v->items->next;
	doc_set(k->a, ref, "key", doc_string(k->a, v->items->origin, v->items->text));
	if (property)
		doc_set(k->a, ref, "property", doc_string(k->a, property->origin, property->text));
	return ref;
}

/* The ExternalSecret of the workload and store, made at the first secret. */
static struct resource *
external_secret(struct k8s *k, struct object *node, const char *name, bool parameters)
{
	const char *own = arena_printf(k->a, "%s-%s", name_cut(k->a, name, 200), parameters ? "parameters" : "secrets");
	struct resource *known = resource_named(k->l->out, RK_K_EXTERNAL_SECRET, own);
	if (known)
		return known;
	struct resource *store = store_of(k, node, parameters);
	struct doc *d = k_object(k, RK_K_EXTERNAL_SECRET, node, own), *spec = doc_map(k->a, node->at), *ref = doc_map(k->a, node->at), *target = doc_map(k->a, node->at);
	doc_set(k->a, ref, "name", k_add(k, node, store->name, "the namespace's store"));
	doc_set(k->a, ref, "kind", k_add(k, node, "SecretStore", "the namespace's store"));
	doc_set(k->a, spec, "refreshInterval", k_add(k, node, "1h0m0s", "the operator's default, written out"));
	doc_set(k->a, spec, "secretStoreRef", ref);
	doc_set(k->a, target, "name", k_add(k, node, own, "the Secret that the pods read"));
	doc_set(k->a, target, "creationPolicy", k_add(k, node, "Owner", "the operator's default, written out"));
	doc_set(k->a, target, "deletionPolicy", k_add(k, node, "Retain", "pods keep what they read when the source is gone"));
	doc_set(k->a, spec, "target", target);
	doc_set(k->a, spec, "data", doc_list(k->a, node->at));
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_EXTERNAL_SECRET, own, node, d);
	resource_edge(k->l->out, r, store);
	return r;
}

/* The key under which the Secret holds the value: the variable's name, or with its container's before it where two differ. */
static const char *
key_for(struct k8s *k, struct resource *secret, struct object *c, struct str variable, struct doc *remote)
{
	struct doc *data = doc_get(doc_get(secret->body, "spec"), "data");
	const char *key = arena_strz(k->a, variable);
	for (int tries = 0; tries < 2; tries++) {
		const struct doc *known = NULL;
		for (const struct doc *i = data->items; i; i = i->next)
			if (str_eqz(doc_get(i, "secretKey")->text, key))
				known = i;
		if (known && doc_equal(doc_get(known, "remoteRef"), remote))
			return key;
		if (known == NULL)
			break;
		key = arena_printf(k->a, "%s.%.*s", c->label->text, (int)variable.n, variable.p);
	}
	struct doc *d = doc_map(k->a, remote->origin);
	doc_set(k->a, d, "secretKey", doc_z(k->a, remote->origin, key));
	doc_set(k->a, d, "remoteRef", remote);
	doc_add(data, d);
	return key;
}

static struct doc *
key_ref(struct k8s *k, struct span at, const char *name, const char *key)
{
	struct doc *ref = doc_map(k->a, at);
	doc_set(k->a, ref, "name", doc_z(k->a, at, name));
	doc_set(k->a, ref, "key", doc_z(k->a, at, key));
	return ref;
}

/* ---- SOPS ---- */

static struct diag *
bad_file(struct k8s *k, const struct value *v, const char *what)
{
	return complain(k->g, D_E0172, v->origin, "\"%.*s\" %s", (int)v->items->text.n, v->items->text.p, what);
}

/* The file's keys, read once; NULL after a report. */
static const struct doc *
sops_keys(struct k8s *k, const struct value *v)
{
	struct compile *c = k->g->compile;
	const struct name *name = name_get(c->names, v->items->text.p, v->items->text.n);
	struct doc *known = map_get(&k->files, name);
	if (known)
		return known->items;
	const char *path = arena_printf(k->a, "%s%s", name->text[0] == '/' ? "" : c->dir, name->text);
	struct str text;
	struct doc *list = doc_list(k->a, v->origin);
	map_put(&k->files, name, list);
	int error = c->read(c->read_ctx, c->arena, path, &text);
	if (error) {
		bad_file(k, v, arena_printf(k->a, "cannot be read: %s", strerror(error)));
		return NULL;
	}
	uint32_t source = sources_add(c->sources, path, text, false);
	struct doc *read = doc_list(k->a, v->origin);
	if (!yaml_read(k->a, c->diags, sources_get(c->sources, source), source, true, read))
		return NULL;
	struct doc *first = read->items;
	if (first == NULL || first->kind != DOC_MAP || doc_get(first, "sops") == NULL) {
		diag_hint(c->diags, bad_file(k, v, "is not encrypted by SOPS"), "sops encrypt --in-place FILE does it; a plain secret must not stand in a repository.");
		return NULL;
	}
	first->next = NULL;
	doc_add(list, first);
	return first;
}

/* A key, or keys with dots between them; it must be encrypted. */
static bool
sops_has(struct k8s *k, const struct value *v, const struct doc *file)
{
	const struct value *key = v->items->next;
	const struct doc *d = file;
	for (const char *part = arena_strz(k->a, key->text); d && *part; part += strcspn(part, "."), part += *part == '.')
		d = d->kind == DOC_MAP ? doc_get(d, arena_strz(k->a, (struct str){part, strcspn(part, ".")})) : NULL;
	if (d && d != file && d->kind == DOC_STRING && str_starts(d->text, "ENC["))
		return true;
	struct diag *g = complain(k->g, D_E0172, key->origin, d && d != file ? "\"%.*s\" is not encrypted in %.*s" : "there is no \"%.*s\" in %.*s", (int)key->text.n, key->text.p,
				  (int)v->items->text.n, v->items->text.p);
	struct nearest best = nearest_to(key->text);
	for (const struct doc *m = file->items; m; m = m->next)
		if (!str_eqz(m->key, "sops"))
			nearest_try(&best, m->key);
	if (best.word.p && !(d && d != file))
		diag_hint(k->g->compile->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	return false;
}

/* build-secrets-prod of secrets/prod.yaml. */
static const char *
sops_name(struct k8s *k, struct str file)
{
	struct buf b = {0};
	size_t end = file.n;
	while (end > 0 && file.p[end - 1] != '.' && file.p[end - 1] != '/')
		end--;
	end = end > 1 && file.p[end - 1] == '.' ? end - 1 : file.n;
	buf_addf(&b, "%s-", k->g->compile->project_name->text);
	for (size_t i = 0; i < end; i++) {
		char c = file.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (c >= 'A' && c <= 'Z')
			buf_addc(&b, (char)(c + 32));
		else if (good || b.p[b.n - 1] != '-')
			buf_addc(&b, good ? c : '-');
	}
	const char *name = name_cut(k->a, arena_strz(k->a, buf_str(&b)), 63);
	buf_free(&b);
	return name;
}

/* One Secret for each file, whose values are put in when it is deployed. */
static struct resource *
sops_secret(struct k8s *k, const struct value *v)
{
	const char *name = sops_name(k, v->items->text), *key = arena_strz(k->a, v->items->next->text);
	struct resource *r = resource_named(k->l->out, RK_K_SECRET, name);
	if (r == NULL) {
		struct object *stage = k->p->stage_object;
		struct doc *d = k_object(k, RK_K_SECRET, stage, name);
		doc_set(k->a, d, "type", k_add(k, stage, "Opaque", "the API's default, written out"));
		doc_set(k->a, d, "data", doc_map(k->a, v->origin));
		r = lower_add(k->l, RK_K_SECRET, name, stage, d);
	}
	struct doc *data = doc_get(r->body, "data");
	if (doc_get(data, key) == NULL)
		doc_set(k->a, data, key, doc_attr(k->a, v->origin, "sops", arena_printf(k->a, "%.*s#%s", (int)v->items->text.n, v->items->text.p, key)));
	return r;
}

static struct doc *
sops_ref(struct k8s *k, const struct value *v)
{
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL);
	const struct value *way = get(k->g, kubernetes, A_kubernetes_secrets);
	struct str key = v->items->next->text;
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')
			continue;
		struct diag *d = complain(k->g, D_E0155, v->items->next->origin, "\"%.*s\" cannot be the key of a Secret", (int)key.n, key.p);
		diag_hint(k->g->compile->diags, d, "Kubernetes takes letters, digits, -, _ and .");
		return NULL;
	}
	if (way == NULL || !str_eqz(way->text, "sops")) {
		struct diag *d = complain(k->g, D_E0170, v->origin, "sops(…) needs kubernetes { secrets = sops } in the stage");
		diag_hint(k->g->compile->diags, d, "Its values are put into the cluster by secrets.sh, beside the manifests.");
		return NULL;
	}
	const struct doc *file = sops_keys(k, v);
	if (file == NULL || !sops_has(k, v, file))
		return NULL;
	struct resource *r = sops_secret(k, v);
	k_need_once(k, r);
	return key_ref(k, v->origin, r->name, arena_strz(k->a, key));
}

bool
k_reads_aws_secrets(struct k8s *k, struct object *node)
{
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		struct object *secrets = object_child(k->p, c, K_secrets, NULL);
		for (struct entry *x = secrets ? secrets->entries : NULL; x; x = x->next) {
			const struct value *v = entry_value(k->p, secrets, x);
			if (v && v->kind == V_SECRET && (str_eqz(v->text, "ssm") || str_eqz(v->text, "secretsmanager")))
				return true;
		}
	}
	return false;
}

struct doc *
k_secret_ref(struct k8s *k, struct object *c, const char *name, struct str variable, const struct value *v)
{
	bool parameters = str_eqz(v->text, "ssm");
	if (str_eqz(v->text, "kubernetes_secret"))
		return key_ref(k, v->origin, arena_strz(k->a, v->items->text), arena_strz(k->a, v->items->next->text));
	if (str_eqz(v->text, "sops"))
		return sops_ref(k, v);
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL);
	const struct value *way = get(k->g, kubernetes, A_kubernetes_secrets);
	if (way == NULL || !str_eqz(way->text, "external_secrets")) {
		struct diag *d = complain(k->g, way ? D_E0181 : D_E0170, v->origin, way ? "%.*s(…) cannot come by secrets = sops" : "%.*s(…) needs something that brings it into the cluster", (int)v->text.n,
					  v->text.p);
		diag_hint(k->g->compile->diags, d, "Write kubernetes { secrets = external_secrets } in the stage, where the operator runs.");
		return NULL;
	}
	struct resource *secret = external_secret(k, c->parent, name, parameters);
	k_need_once(k, secret);
	return key_ref(k, v->origin, secret->name, key_for(k, secret, c, variable, remote_doc(k, v)));
}
