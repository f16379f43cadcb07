/*
 * The forms: `api` (api.c) and `kubernetes` (one object a file, in apply
 * order), and berth.json beside them.
 */
#include "forms.h"

#include <string.h>

static const struct {
	const char *name;
	enum resource_platform platform;
} forms[] = {
#define FORM(id, name, platform) {name, platform},
#include "berth/platform/forms.def"
#undef FORM
};

const char *
form_name(enum form f)
{
	return forms[f].name;
}

const char *
form_list(struct arena *a)
{
	const char *list = "";
	for (int f = 0; f < FORM_COUNT; f++)
		list = arena_printf(a, "%s%s%s", list, *list ? ", " : "", forms[f].name);
	return list;
}

enum form
form_find(struct str name)
{
	int f = 0;
	while (f < FORM_COUNT && !str_eqz(name, forms[f].name))
		f++;
	return (enum form)f;
}

enum form
form_default(enum resource_platform p)
{
	return p == RP_AWS ? FORM_API : FORM_KUBERNETES;
}

unsigned
form_mask(enum resource_platform p)
{
	unsigned mask = 0;
	for (int f = 0; f < FORM_COUNT; f++)
		mask |= forms[f].platform == p ? 1u << f : 0;
	return mask;
}

void
add_file_name(struct buf *b, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		if (c <= ' ' || c == '/' || c == '%' || c == '\\' || c == ':' || c >= 127)
			buf_addf(b, "%%%02X", c);
		else
			buf_addc(b, (char)c);
	}
}

struct doc *
doc_share(struct arena *a, const struct doc *d)
{
	struct doc *copy = NEW(a, struct doc);
	*copy = *d;
	copy->next = NULL;
	copy->key = STR("");
	return copy;
}

struct doc *
doc_without(struct arena *a, const struct doc *map, const char *key)
{
	struct doc *d = doc_map(a, map->origin);
	for (const struct doc *m = map->items; m; m = m->next)
		if (!str_eqz(m->key, key))
			doc_sets(a, d, m->key, doc_share(a, m));
	return d;
}

void
add_argument(struct buf *b, struct str s)
{
	buf_addc(b, ' ');
	buf_add_shell(b, s);
}

void
add_kind_name(struct buf *b, const struct resource *r)
{
	for (const char *c = r->kind_name + strlen("k8s."); *c; c++)
		buf_addc(b, *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c);
}

static const char *
kubernetes_path(struct arena *a, const struct resource *r, unsigned n, unsigned total)
{
	struct buf b = {0};
	int width = total > 999 ? 4 : total > 99 ? 3 : 2;
	buf_addf(&b, "kubernetes/%0*u-", width, n);
	add_kind_name(&b, r);
	buf_addc(&b, '-');
	add_file_name(&b, r->name);
	buf_addz(&b, ".yaml");
	const char *p = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return p;
}

/* ---- what CI owns ---- */

const struct doc *
find_external(const struct doc *d, const char *name)
{
	if (d->kind == DOC_ATTR && strcmp(d->address, "external") == 0)
		return name == NULL || str_eqz(d->text, name) ? d : NULL;
	for (const struct doc *i = d->items; i; i = i->next) {
		const struct doc *hit = find_external(i, name);
		if (hit)
			return hit;
	}
	return NULL;
}

void
external_names_of(struct arena *a, const struct doc *d, name_list *out)
{
	if (d->kind == DOC_ATTR && strcmp(d->address, "external") == 0) {
		for (size_t i = 0; i < out->n; i++)
			if (str_eqz(d->text, out->v[i]))
				return;
		*VEC_PUSH(a, out) = arena_strz(a, d->text);
		return;
	}
	for (const struct doc *i = d->items; i; i = i->next)
		external_names_of(a, i, out);
}

void
external_names(struct arena *a, const struct resources *rs, name_list *out)
{
	for (const struct resource *r = rs->first; r; r = r->next)
		if (r->kind->platform == RP_AWS)
			external_names_of(a, r->body, out);
}

const char *
external_first(const struct resources *rs, const char *name)
{
	for (const struct resource *r = rs->first; r; r = r->next) {
		const struct doc *d = find_external(r->body, name);
		if (d)
			return d->items ? arena_strz(rs->arena, d->items->text) : NULL;
	}
	return NULL;
}

/* The files of one resource in the forms that take it. */
static void
emit_resource(struct arena *a, unsigned mask, const struct emit_head *head, const struct resources *rs, const struct resource *r, unsigned n, unsigned total,
	      file_list *files, struct buf *text)
{
	if (r->kind->platform == RP_AWS && (mask & 1u << FORM_API))
		api_resource(a, r, files);
	if (r->kind->platform == RP_AWS && (mask & 1u << FORM_ECSPRESSO))
		ecspresso_resource(a, head, rs, r, files);
	if (r->kind->platform == RP_K8S && (mask & 1u << FORM_KUBERNETES) && !is_filled_later(r)) {
		text->n = 0;
		yaml_write(r->body, text);
		*VEC_PUSH(a, files) = (struct out_file){kubernetes_path(a, r, n, total), arena_str(a, buf_str(text)), false};
	}
}

/* ---- berth.json ---- */

static struct doc *
edges_doc(struct arena *a, const struct resource *r)
{
	struct doc *list = doc_list(a, r->origin);
	for (const struct edge *e = r->edges; e; e = e->next)
		doc_add(list, doc_z(a, r->origin, e->to->address));
	return list;
}

struct doc *
file_doc(struct arena *a, struct span at, const struct out_file *f)
{
	struct doc *d = doc_map(a, at);
	char hex[65];
	sha256_hex(f->text, hex);
	doc_set(a, d, "path", doc_z(a, at, f->path));
	doc_set(a, d, "sha256", doc_z(a, at, arena_strz(a, str_of(hex))));
	return d;
}

static struct doc *
manifest_entry(struct arena *a, const struct emit_head *head, const struct resource *r, const file_list *list)
{
	struct doc *d = doc_map(a, r->origin), *origin = doc_map(a, r->origin), *files = doc_list(a, r->origin);
	struct place at = sources_place(head->sources, r->origin);
	doc_set(a, d, "address", doc_z(a, r->origin, r->address));
	doc_set(a, d, "kind", doc_z(a, r->origin, r->kind_name));
	doc_set(a, d, "name", doc_z(a, r->origin, r->name));
	doc_set(a, d, "declaration", doc_z(a, r->origin, r->declaration));
	const char *base = strrchr(at.path, '/');
	doc_set(a, origin, "file", doc_z(a, r->origin, base ? base + 1 : at.path));
	doc_set(a, origin, "line", doc_int(a, r->origin, at.line));
	doc_set(a, origin, "column", doc_int(a, r->origin, at.column));
	doc_set(a, d, "origin", origin);
	for (size_t i = 0; i < list->n; i++)
		doc_add(files, file_doc(a, r->origin, &list->v[i]));
	doc_set(a, d, "files", files);
	doc_set(a, d, "depends_on", edges_doc(a, r));
	return d;
}

static void
add_extra(struct arena *a, struct out_set *set, struct doc *extra, struct out_file f)
{
	*VEC_PUSH(a, &set->files) = f;
	doc_add(extra, file_doc(a, NO_SPAN, &f));
}

static bool
any(const struct emit_head *head, const struct resources *rs, taker *take)
{
	for (const struct resource *r = rs->first; r; r = r->next)
		if (r->kind->cloudformation && take(head, rs, r))
			return true;
	return false;
}

/* The services by ecspresso, what is around them by CloudFormation. */
static const char *
add_ecspresso(struct arena *a, struct out_set *set, struct doc *extra, const struct emit_head *head, const struct resources *rs)
{
	const char *problem = NULL;
	bool after = any(head, rs, ecspresso_leaves_after);
	add_extra(a, set, extra, (struct out_file){"cloudformation/template.json", cloudformation_template(a, head, rs, ecspresso_leaves_before, &problem), false});
	if (after)
		add_extra(a, set, extra,
			  (struct out_file){"cloudformation/after-services.json", cloudformation_template(a, head, rs, ecspresso_leaves_after, &problem), false});
	add_extra(a, set, extra, (struct out_file){"ecspresso/deploy.sh", ecspresso_script(a, head, rs, after), true});
	return problem;
}

/* The manifests in their order, for `kubectl apply -k` and for overlays of a team's own. */
static struct str
kustomization(struct arena *a, const struct out_set *set)
{
	struct doc *d = doc_map(a, NO_SPAN), *list = doc_list(a, NO_SPAN);
	struct buf b = {0};
	for (size_t i = 0; i < set->files.n; i++)
		if (strncmp(set->files.v[i].path, "kubernetes/", 11) == 0)
			doc_add(list, doc_z(a, NO_SPAN, set->files.v[i].path + 11));
	doc_set(a, d, "apiVersion", doc_z(a, NO_SPAN, "kustomize.config.k8s.io/v1beta1"));
	doc_set(a, d, "kind", doc_z(a, NO_SPAN, "Kustomization"));
	doc_set(a, d, "resources", list);
	yaml_write(d, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* What a form cannot say of these resources, or NULL. */
static const char *
beyond(unsigned mask, const struct resources *rs)
{
	if ((mask & 1u << FORM_ECSCHEDULE) && (mask & 1u << FORM_API || !(mask & (1u << FORM_ECSPRESSO | 1u << FORM_CLOUDFORMATION | 1u << FORM_TERRAFORM))))
		return "ecschedule holds rules only and needs ecspresso, cloudformation or terraform beside it; api would hold the rules a second time";
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (!resource_is(r, RK_CD_DEPLOYMENT))
			continue;
		if (mask & 1u << FORM_TERRAFORM)
			return "via = codedeploy: each version is a request to CodeDeploy, which Terraform does not make";
		if (!(mask & 1u << FORM_ECSPRESSO) && (mask & 1u << FORM_CLOUDFORMATION))
			return "via = codedeploy: each version is a request to CodeDeploy, and CloudFormation can then change the service no more";
		const struct doc *spec = doc_find(r->body, STR("revision.appSpecContent.content"));
		if ((mask & 1u << FORM_ECSPRESSO) && doc_get(spec->items, "Hooks"))
			return "via = codedeploy with hooks: ecspresso writes the AppSpec itself, without them";
	}
	return NULL;
}

static bool
any_resource(const struct emit_head *head, const struct resources *rs, const struct resource *r)
{
	return !((head->forms & 1u << FORM_ECSCHEDULE) && ecschedule_takes(rs, r));
}

const char *
emit_set(unsigned mask, const struct emit_head *of, struct resources *rs, struct out_set *set)
{
	const char *problem = beyond(mask, rs);
	struct emit_head own = *of;
	const struct emit_head *head = &own;
	own.forms = mask;
	if (problem)
		return problem;
	struct arena *a = set->arena;
	struct doc *root = doc_map(a, NO_SPAN), *list = doc_list(a, NO_SPAN), *extra = doc_list(a, NO_SPAN);
	unsigned n = 0, total = 0, aws = 0, later = 0;
	for (const struct resource *r = rs->first; r; r = r->next)
		*(is_filled_later(r) ? &later : r->kind->platform == RP_K8S ? &total : &aws) += 1;
	file_list *all = arena_array(a, total + aws + later + 1, sizeof *all), *files = all;
	struct buf text = {0};
	bool listed = !set->stream || mask != 1u << FORM_KUBERNETES;
	for (const struct resource *r = rs->first; r; r = r->next, files++) {
		if (r->kind->platform == RP_K8S && !is_filled_later(r))
			n++;
		emit_resource(a, mask, head, rs, r, n, total, files, &text);
		for (size_t i = 0; i < files->n; i++)
			*VEC_PUSH(a, &set->files) = files->v[i];
		if (listed)
			doc_add(list, manifest_entry(a, head, r, files));
	}
	if (!listed) {
		buf_free(&text);
		return NULL;
	}
	if (total > 0 && (mask & 1u << FORM_KUBERNETES))
		add_extra(a, set, extra, (struct out_file){"kubernetes/kustomization.yaml", kustomization(a, set), false});
	if (later > 0 && (mask & 1u << FORM_KUBERNETES))
		add_extra(a, set, extra, (struct out_file){"kubernetes/secrets.sh", secrets_script(a, head, rs), true});
	if (aws > 0 && (mask & 1u << FORM_ECSPRESSO))
		problem = add_ecspresso(a, set, extra, head, rs);
	else if (aws > 0 && (mask & 1u << FORM_CLOUDFORMATION))
		add_extra(a, set, extra, (struct out_file){"cloudformation/template.json", cloudformation_template(a, head, rs, any_resource, &problem), false});
	if (aws > 0 && (mask & 1u << FORM_TERRAFORM))
		add_extra(a, set, extra, (struct out_file){"terraform/main.tf.json", terraform_file(a, head, rs, any_resource), false});
	if (aws > 0 && (mask & 1u << FORM_ECSCHEDULE))
		add_extra(a, set, extra, (struct out_file){"ecschedule/ecschedule.yaml", ecschedule_file(a, head, rs), false});
	if (aws > 0 && (mask & 1u << FORM_API))
		add_extra(a, set, extra, (struct out_file){"api/deploy.sh", api_script(a, head, rs, all), true});
	doc_set(a, root, "format_version", doc_z(a, NO_SPAN, "1.0"));
	doc_set(a, root, "project", doc_z(a, NO_SPAN, head->project));
	doc_set(a, root, "stage", doc_z(a, NO_SPAN, head->stage));
	doc_set(a, root, "platform", doc_z(a, NO_SPAN, head->platform));
	doc_set(a, root, "resources", list);
	if (extra->count)
		doc_set(a, root, "extra_files", extra);
	text.n = 0;
	json_write(root, &text);
	*VEC_PUSH(a, &set->files) = (struct out_file){"berth.json", arena_str(a, buf_str(&text)), false};
	buf_free(&text);
	return problem;
}
