/*
 * `manifest`: whole documents of others. Each becomes a resource with the
 * identity it states; a kind of the tables is checked against its shape.
 */
#include "k8s.h"

#include <errno.h>
#include <string.h>

struct passing {
	struct lower *l;
	struct object *object;
	struct span at; /* of the file setting */
	const char *path;
};

static struct diag *
refuse(const struct passing *p, struct span at, const char *what)
{
	struct diag *d = complain(p->l->g, D_E0184, at, "%s", what);
	diag_note(p->l->g->compile->diags, d, p->at, "passed through by %s", object_words(p->l->arena, p->object));
	return d;
}

static struct str
text_of(const struct doc *d, const char *key)
{
	const struct doc *v = d && d->kind == DOC_MAP ? doc_get(d, key) : NULL;
	return v && v->kind == DOC_STRING ? v->text : STR("");
}

static int
kind_of(struct str api_version, struct str kind)
{
	for (int i = 0; i < RK_COUNT; i++) {
		const struct resource_kind *row = resource_kind_get(i);
		if (row->platform == RP_K8S && row->shape && str_eqz(kind, row->shape) && str_eqz(api_version, row->api_version))
			return i;
	}
	return RK_K_OTHER;
}

static void
report_fault(void *ctx, const char *path, const struct doc *at, const char *what)
{
	const struct passing *p = ctx;
	refuse(p, at ? at->origin : p->at, arena_printf(p->l->arena, "%s: %s", path, what));
}

static void
pass_one(struct passing *p, struct doc *d, const struct value *ns)
{
	struct arena *a = p->l->arena;
	struct doc *meta = d->kind == DOC_MAP ? doc_get(d, "metadata") : NULL;
	struct str api_version = text_of(d, "apiVersion"), kind = text_of(d, "kind"), name = text_of(meta, "name");
	if (api_version.n == 0 || kind.n == 0 || name.n == 0) {
		refuse(p, d->origin, "a manifest needs apiVersion, kind and metadata.name");
		return;
	}
	int id = kind_of(api_version, kind);
	const struct resource_kind *row = resource_kind_get(id);
	if (row->namespaced && doc_get(meta, "namespace") == NULL && ns) {
		struct doc *own = doc_value(p->l, ns);
		own->because = "the stage's namespace";
		doc_set(a, meta, "namespace", own);
	}
	const char *kind_name = arena_printf(a, "k8s.%.*s", (int)kind.n, kind.p);
	struct resource *clash = NULL;
	struct resource *r = resource_add_as(p->l->out, id, kind_name, arena_strz(a, name), object_path(a, p->object), d->origin, d, &clash);
	if (clash) {
		struct diag *g = refuse(p, d->origin, arena_printf(a, "%s is there already", r->address));
		diag_note(p->l->g->compile->diags, g, clash->origin, "made here");
		return;
	}
	if (row->shape)
		shape_check(row, d, report_fault, p);
}

void
k_manifest(struct lower *l, struct object *m, const struct value *ns)
{
	struct compile *c = l->g->compile;
	const struct value *file = get(l->g, m, A_manifest_file);
	if (file == NULL || file->kind != V_STRING)
		return;
	struct passing p = {l, m, file->origin, arena_printf(l->arena, "%s%.*s", file->text.n > 0 && file->text.p[0] == '/' ? "" : c->dir, (int)file->text.n, file->text.p)};
	struct str text;
	int error = c->read(c->read_ctx, c->arena, p.path, &text);
	if (error) {
		complain(l->g, D_E0184, file->origin, "\"%s\" cannot be read: %s", p.path, strerror(error));
		return;
	}
	uint32_t source = sources_add(c->sources, p.path, text, false);
	struct doc *list = doc_list(l->arena, file->origin);
	if (!yaml_read(l->arena, c->diags, sources_get(c->sources, source), source, false, list))
		return;
	if (list->items == NULL)
		refuse(&p, file->origin, "there is no document in it");
	for (struct doc *d = list->items; d; d = d->next)
		pass_one(&p, d, ns);
}
