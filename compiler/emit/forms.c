/*
 * The forms: `api` (one request a file, its path is the command) and
 * `kubernetes` (one object a file, in apply order), and berth.json beside them.
 */
#include "berth/emit.h"

#include <string.h>

static const struct {
	const char *name;
	bool built;
	enum resource_platform platform;
} forms[] = {
#define FORM(id, name, built, platform) {name, built, platform},
#include "berth/platform/forms.def"
#undef FORM
};

const char *
form_name(enum form f)
{
	return forms[f].name;
}

bool
form_built(enum form f)
{
	return forms[f].built;
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

/* A file name from a resource's: what a path cannot hold is written %XX. */
static void
add_name(struct buf *b, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		if (c <= ' ' || c == '/' || c == '%' || c == '\\' || c == ':' || c >= 127)
			buf_addf(b, "%%%02X", c);
		else
			buf_addc(b, (char)c);
	}
}

static const char *
api_path(struct arena *a, const struct resource *r)
{
	struct buf b = {0};
	buf_addf(&b, "api/%s/%s/", r->kind->service, r->kind->operation);
	add_name(&b, r->name);
	buf_addz(&b, ".json");
	const char *p = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return p;
}

static const char *
kubernetes_path(struct arena *a, const struct resource *r, unsigned n, unsigned total)
{
	struct buf b = {0};
	int width = total > 999 ? 4 : total > 99 ? 3 : 2;
	buf_addf(&b, "kubernetes/%0*u-", width, n);
	for (const char *c = r->kind_name + strlen("k8s."); *c; c++)
		buf_addc(&b, *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c);
	buf_addc(&b, '-');
	add_name(&b, r->name);
	buf_addz(&b, ".yaml");
	const char *p = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return p;
}

/* One resource in one form; NULL path when the form does not take it. */
static const char *
emit_resource(struct arena *a, unsigned mask, const struct resource *r, unsigned n, unsigned total, struct buf *text)
{
	if (r->kind->platform == RP_AWS && (mask & 1u << FORM_API)) {
		json_write(r->body, text);
		return api_path(a, r);
	}
	if (r->kind->platform == RP_K8S && (mask & 1u << FORM_KUBERNETES)) {
		yaml_write(r->body, text);
		return kubernetes_path(a, r, n, total);
	}
	return NULL;
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

static struct doc *
manifest_entry(struct arena *a, const struct emit_head *head, const struct resource *r, const char *path, struct str text)
{
	struct doc *d = doc_map(a, r->origin), *origin = doc_map(a, r->origin), *files = doc_list(a, r->origin), *file = doc_map(a, r->origin);
	struct place at = sources_place(head->sources, r->origin);
	char hex[65];
	doc_set(a, d, "address", doc_z(a, r->origin, r->address));
	doc_set(a, d, "kind", doc_z(a, r->origin, r->kind_name));
	doc_set(a, d, "name", doc_z(a, r->origin, r->name));
	doc_set(a, d, "declaration", doc_z(a, r->origin, r->declaration));
	const char *base = strrchr(at.path, '/');
	doc_set(a, origin, "file", doc_z(a, r->origin, base ? base + 1 : at.path));
	doc_set(a, origin, "line", doc_int(a, r->origin, at.line));
	doc_set(a, origin, "column", doc_int(a, r->origin, at.column));
	doc_set(a, d, "origin", origin);
	if (path) {
		sha256_hex(text, hex);
		doc_set(a, file, "path", doc_z(a, r->origin, path));
		doc_set(a, file, "sha256", doc_z(a, r->origin, arena_strz(a, str_of(hex))));
		doc_add(files, file);
	}
	doc_set(a, d, "files", files);
	doc_set(a, d, "depends_on", edges_doc(a, r));
	return d;
}

void
emit_set(unsigned mask, const struct emit_head *head, struct resources *rs, struct out_set *set)
{
	struct arena *a = set->arena;
	struct doc *root = doc_map(a, NO_SPAN), *list = doc_list(a, NO_SPAN);
	unsigned n = 0, total = 0;
	for (const struct resource *r = rs->first; r; r = r->next)
		total += r->kind->platform == RP_K8S;
	for (const struct resource *r = rs->first; r; r = r->next) {
		struct buf text = {0};
		if (r->kind->platform == RP_K8S)
			n++;
		const char *path = emit_resource(a, mask, r, n, total, &text);
		struct str kept = arena_str(a, buf_str(&text));
		buf_free(&text);
		if (path)
			*VEC_PUSH(a, &set->files) = (struct out_file){path, kept, false};
		doc_add(list, manifest_entry(a, head, r, path, kept));
	}
	doc_set(a, root, "format_version", doc_z(a, NO_SPAN, "1.0"));
	doc_set(a, root, "project", doc_z(a, NO_SPAN, head->project));
	doc_set(a, root, "stage", doc_z(a, NO_SPAN, head->stage));
	doc_set(a, root, "platform", doc_z(a, NO_SPAN, head->platform));
	doc_set(a, root, "resources", list);
	struct buf text = {0};
	json_write(root, &text);
	*VEC_PUSH(a, &set->files) = (struct out_file){"berth.json", arena_str(a, buf_str(&text)), false};
	buf_free(&text);
}
