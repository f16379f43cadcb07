/*
 * From files to one compile: the project, its imports, components, stages and
 * parameters. Everything here is independent of the stage.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#include "berth/stdlib.h"

struct compile *
compile_new(struct arena *a, file_reader *read, void *ctx)
{
	struct compile *c = NEW(a, struct compile);
	c->arena = a;
	c->names = names_new(a);
	c->schema = schema_new(a, c->names);
	c->sources = sources_new(a);
	c->diags = diags_new(a, c->sources);
	c->read = read;
	c->read_ctx = ctx;
	c->dir = "";
	c->project.dir = "";
	map_init(&c->project.by_name, a);
	map_init(&c->stage_by_name, a);
	map_init(&c->meant, a);
	map_init(&c->exempt_used, a);
	return c;
}

void
compile_end(struct compile *c)
{
	outputs_free(c);
}

static void
module_add(struct compile *c, struct module *m, const char *path, struct str text, bool builtin)
{
	uint32_t n = sources_add(c->sources, path, text, builtin);
	struct file *f = syntax_parse(c->arena, c->names, c->sources, n, c->diags);
	struct file **files = arena_array(c->arena, m->file_count + 1, sizeof *files);
	if (m->file_count > 0)
		memcpy(files, m->files, m->file_count * sizeof *files);
	files[m->file_count++] = f;
	m->files = files;
	c->broken |= f->broken;
}

void
compile_add(struct compile *c, const char *path, struct str text)
{
	module_add(c, &c->project, path, text, false);
}

/* ---- components ---- */

static void
add_component(struct compile *c, struct module *m, const struct stmt *st)
{
	if (st->label_count == 0)
		return;
	const struct name *name = st->labels[0].part[0].name;
	struct component *known = map_get(&m->by_name, name);
	if (known) {
		struct diag *g = diag_add(c->diags, D_E0109, st->head, "component \"%s\" is declared twice", name->text);
		diag_note(c->diags, g, known->stmt->head, "first declared here");
		return;
	}
	if (schema_kind_by_word(name_str(name), -1) >= 0) {
		struct diag *g = diag_add(c->diags, D_E0109, st->labels[0].at, "\"%s\" is a kind of the language", name->text);
		diag_hint(c->diags, g, "Give the component another name.");
		return;
	}
	struct component *k = NEW(c->arena, struct component);
	k->name = name;
	k->stmt = st;
	k->module = m;
	struct param **tail = &k->params;
	for (const struct stmt *s = st->body; s; s = s->next) {
		if (s->kind != ST_PARAM)
			continue;
		*tail = NEW(c->arena, struct param);
		param_read(c, s, *tail);
		tail = &(*tail)->next;
	}
	k->next = m->components;
	m->components = k;
	map_put(&m->by_name, name, k);
}

static bool
kind_is(const struct stmt *st, const char *word)
{
	return st->kind == ST_BLOCK && st->path->n == 1 && str_eqz(name_str(st->path->part[0].name), word);
}

static void
collect_components(struct compile *c, struct module *m)
{
	for (size_t i = 0; i < m->file_count; i++)
		for (const struct stmt *st = m->files[i]->body; st; st = st->next)
			if (kind_is(st, "component"))
				add_component(c, m, st);
}

struct component *
compile_component(struct compile *c, const struct module *m, const struct path *kind)
{
	if (kind->n == 1)
		return m ? map_get(&m->by_name, kind->part[0].name) : NULL;
	if (kind->n != 2)
		return NULL;
	for (struct module *i = c->imports; i; i = i->next)
		if (i->name == kind->part[0].name)
			return map_get(&i->by_name, kind->part[1].name);
	return NULL;
}

/* ---- imports ---- */

static const struct stmt *
find_setting(const struct stmt *body, const char *name)
{
	for (const struct stmt *s = body; s; s = s->next)
		if (s->kind == ST_SETTING && s->path && s->path->n == 1 && str_eqz(name_str(s->path->part[0].name), name))
			return s;
	return NULL;
}

/* The text of a plain string literal; false otherwise. */
static bool
literal_text(const struct expr *e, struct str *out)
{
	if (e == NULL || e->kind != EX_STRING)
		return false;
	const struct expr *part = e->items;
	*out = part ? part->text : STR("");
	return part == NULL || (part->next == NULL && part->kind == EX_STRING && part->items == NULL);
}

static void
import_std(struct compile *c, struct module *m)
{
	struct nearest best = nearest_to(name_str(m->name));
	for (const struct stdlib_file *f = stdlib_files; f->module; f++) {
		if (str_eqz(name_str(m->name), f->module)) {
			module_add(c, m, arena_printf(c->arena, "std/%s.berth", f->module), (struct str){f->text, f->size}, true);
			return;
		}
		nearest_try(&best, str_of(f->module));
	}
	struct diag *g = diag_add(c->diags, D_E0122, m->at, "the standard library has no module \"%s\"", m->name->text);
	if (best.word.p)
		diag_hint(c->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else
		diag_hint(c->diags, g, "berth explain import lists its modules.");
}

/* All *.berth files of a directory; the reader lists a path that ends in '/'. */
static void
import_directory(struct compile *c, struct module *m, struct str source, struct span at)
{
	const char *dir = arena_printf(c->arena, "%s%.*s%s", c->dir, (int)source.n, source.p, str_ends(source, "/") ? "" : "/");
	struct str names, text;
	int error = c->read(c->read_ctx, c->arena, dir, &names);
	if (error != 0 || names.n == 0) {
		struct diag *g = diag_add(c->diags, D_E0122, at, "module \"%s\" cannot be read from \"%.*s\"%s%s", m->name->text,
					  (int)source.n, source.p, error ? ": " : "", error ? strerror(error) : ": no .berth file there");
		diag_hint(c->diags, g, "A module is a directory with .berth files, named relative to this project.");
		return;
	}
	m->dir = dir;
	for (size_t i = 0; i < names.n;) {
		size_t n = 0;
		while (i + n < names.n && names.p[i + n] != '\n')
			n++;
		const char *path = arena_printf(c->arena, "%s%.*s", dir, (int)n, names.p + i);
		error = c->read(c->read_ctx, c->arena, path, &text);
		if (error)
			diag_add(c->diags, D_E0122, at, "\"%s\" cannot be read: %s", path, strerror(error));
		else
			module_add(c, m, path, text, false);
		i += n + 1;
	}
}

static void
add_import(struct compile *c, const struct stmt *st)
{
	if (st->label_count == 0)
		return;
	const struct stmt *source = find_setting(st->body, "source");
	struct str text;
	struct module *m = NEW(c->arena, struct module);
	m->name = st->labels[0].part[0].name;
	m->at = st->head;
	m->dir = "";
	map_init(&m->by_name, c->arena);
	m->next = c->imports;
	c->imports = m;
	if (source == NULL) {
		c->incomplete = true; /* reported with the other required settings */
	} else if (!literal_text(source->value, &text)) {
		struct diag *g = diag_add(c->diags, D_E0122, source->at, "import \"%s\" needs its source as plain text", m->name->text);
		diag_hint(c->diags, g, "Write source = \"std\" or source = \"./modules/%s\".", m->name->text);
	} else if (str_eqz(text, "std")) {
		import_std(c, m);
	} else if (str_starts(text, "./") || str_starts(text, "../")) {
		import_directory(c, m, text, source->value->at);
	} else {
		struct diag *g = diag_add(c->diags, D_E0180, source->value->at, "imports from git are not yet built");
		diag_hint(c->diags, g, "Use \"std\", or a directory that begins with ./ or ../.");
	}
	collect_components(c, m);
}

/* ---- project, stages, parameters ---- */

static void
add_stage(struct compile *c, const struct stmt *st)
{
	if (st->label_count == 0)
		return;
	const struct name *name = st->labels[0].part[0].name;
	if (map_get(&c->stage_by_name, name))
		return; /* declared twice: reported with the declarations */
	if (c->stages.n == 32) {
		diag_add(c->diags, D_E0105, st->head, "a project has at most 32 stages");
		return;
	}
	struct stage *s = VEC_PUSH(c->arena, &c->stages);
	s->name = name;
	s->stmt = st;
	s->number = (unsigned)c->stages.n - 1;
	map_put(&c->stage_by_name, name, (void *)(uintptr_t)st);
	c->diags->stage_names[s->number] = name->text;
	c->diags->total_stages = (unsigned)c->stages.n;
}

static void
add_param(struct compile *c, struct param ***tail, const struct stmt *st)
{
	struct param *known = param_find(c->params, st->name);
	if (known) {
		struct diag *g = diag_add(c->diags, D_E0109, st->at, "parameter \"%s\" is declared twice", st->name->text);
		diag_note(c->diags, g, known->stmt->at, "first declared here");
		return;
	}
	struct param *p = NEW(c->arena, struct param);
	param_read(c, st, p);
	**tail = p;
	*tail = &p->next;
}

static void
collect(struct compile *c)
{
	struct param **params = &c->params;
	for (size_t i = 0; i < c->project.file_count; i++) {
		for (const struct stmt *st = c->project.files[i]->body; st; st = st->next) {
			if (st->kind == ST_PARAM)
				add_param(c, &params, st);
			else if (kind_is(st, "stage"))
				add_stage(c, st);
			else if (kind_is(st, "project") && c->project_stmt == NULL)
				c->project_stmt = st;
			else if (kind_is(st, "project")) {
				struct diag *g = diag_add(c->diags, D_E0127, st->head, "a program has one project");
				diag_note(c->diags, g, c->project_stmt->head, "the first is here");
			}
		}
	}
	collect_components(c, &c->project);
	if (c->project_stmt && c->project_stmt->label_count > 0)
		c->project_name = c->project_stmt->labels[0].part[0].name;
	for (const struct stmt *s = c->project_stmt ? c->project_stmt->body : NULL; s; s = s->next)
		if (kind_is(s, "import"))
			add_import(c, s);
}

static void
require_frame(struct compile *c)
{
	if (c->broken)
		return;
	struct span top = c->sources->files.n > 0 ? (struct span){1, 0, 0} : NO_SPAN;
	if (c->project_stmt == NULL) {
		struct diag *g = diag_add(c->diags, D_E0127, top, "the program has no project");
		diag_hint(c->diags, g, "Begin with: project NAME { edition = 2026 }");
	}
	if (c->stages.n == 0 && c->project_stmt) {
		struct diag *g = diag_add(c->diags, D_E0127, top, "the program has no stage");
		diag_hint(c->diags, g, "Add one: stage prod { platform = ecs, region = \"eu-west-1\" }");
	}
}

/* ---- --set ---- */

static struct param *
nearest_param(struct compile *c, struct str name, struct nearest *best)
{
	*best = nearest_to(name);
	for (struct param *p = c->params; p; p = p->next) {
		if (str_eq(name_str(p->name), name))
			return p;
		nearest_try(best, name_str(p->name));
	}
	return NULL;
}

static void
list_params(struct compile *c, struct diag *g, const struct nearest *best)
{
	struct buf b = {0};
	for (struct param *p = c->params; p; p = p->next)
		buf_addf(&b, "%s%s", b.n ? ", " : "", p->name->text);
	if (b.n == 0)
		diag_hint(c->diags, g, "The project has no parameters.");
	else if (best->word.p)
		diag_hint(c->diags, g, "Did you mean \"%.*s\"? The parameters are %.*s.", (int)best->word.n, best->word.p, (int)b.n, b.p);
	else
		diag_hint(c->diags, g, "The parameters are %.*s.", (int)b.n, b.p);
	buf_free(&b);
}

static void
apply_set(struct compile *c, struct str set, struct span at)
{
	const char *eq = memchr(set.p, '=', set.n);
	struct str name = {set.p, eq ? (size_t)(eq - set.p) : set.n};
	struct nearest best;
	struct param *p = nearest_param(c, name, &best);
	if (p == NULL || eq == NULL) {
		struct diag *g = eq ? diag_add(c->diags, D_E0126, at, "--set names no parameter: \"%.*s\"", (int)name.n, name.p)
				    : diag_add(c->diags, D_E0126, at, "--set takes NAME=VALUE, not \"%.*s\"", (int)set.n, set.p);
		list_params(c, g, &best);
		return;
	}
	p->set = eq + 1;
	p->set_at = (struct span){at.file, at.off + (uint32_t)name.n + 1, (uint32_t)(set.n - name.n - 1)};
	struct program scratch = {.compile = c, .arena = c->arena};
	if (value_parse(&scratch, &p->row, str_of(p->set), p->set_at) == NULL) {
		struct diag *g = diag_add(c->diags, D_E0126, p->set_at, "parameter \"%s\" cannot be \"%s\"", p->name->text, p->set);
		diag_note(c->diags, g, p->stmt->at, "declared here");
		diag_hint(c->diags, g, "It takes %s.", schema_type_words(c->arena, p->row.types, p->row.words, p->row.ref));
	}
}

/* The settings of the command line become a source of their own, so that values from it have a place too. */
static void
apply_sets(struct compile *c, const char *const *sets, size_t n)
{
	if (n == 0)
		return;
	struct buf b = {0};
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\n", sets[i]);
	struct str text = arena_str(c->arena, buf_str(&b));
	buf_free(&b);
	uint32_t source = sources_add(c->sources, "--set", text, true);
	uint32_t off = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t len = (uint32_t)strlen(sets[i]);
		apply_set(c, str_of(arena_strz(c->arena, (struct str){text.p + off, len})), (struct span){source, off, len});
		off += len + 1;
	}
}

void
compile_resolve(struct compile *c, const char *const *sets, size_t set_count)
{
	c->project.dir = c->dir;
	collect(c);
	require_frame(c);
	apply_sets(c, sets, set_count);
	static_check(c);
}
