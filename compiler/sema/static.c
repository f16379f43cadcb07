/*
 * What can be said of the trees without evaluating anything: every block and
 * setting stands where the schema allows it, labels and stages are real,
 * nothing is written twice in one body. Regions with syntax errors are passed
 * over. Relies on components, imports and stages being collected.
 */
#include "internal.h"

#include <string.h>

struct walk {
	struct compile *c;
	const struct module *module;
	const struct component *component; /* whose body this is, at its top level */
};

static void check_body(struct walk *w, int kind, const struct stmt *body, const char *where);

static const char *
block_words(struct walk *w, const struct stmt *st)
{
	const char *kind = st->path->part[st->path->n - 1].name->text;
	if (st->label_count == 0)
		return kind;
	return arena_printf(w->c->arena, "%s \"%s\"", kind, st->labels[0].part[0].name->text);
}

/* "`memory` belongs in container": where a known word would stand. */
static bool
hint_home(struct walk *w, struct diag *g, const struct name *word, int kind, bool block)
{
	struct schema *s = w->c->schema;
	if (word->word == 0)
		return false;
	const struct kind_row *here = kind >= 0 && kind < K_COUNT ? kind_row((enum kind_id)kind) : NULL;
	int best = -1;
	for (int k = 0; k < K_COUNT; k++) {
		if ((block || schema_attr(s, (enum kind_id)k, word) < 0) && schema_child(s, (enum kind_id)k, word) < 0)
			continue;
		bool inside = here && schema_child(s, (enum kind_id)kind, s->kind_names[k]) >= 0;
		if (best < 0 || inside)
			best = k;
		if (inside)
			break;
	}
	if (best < 0)
		return false;
	const struct kind_row *row = kind_row((enum kind_id)best);
	diag_hint(w->c->diags, g, "\"%s\" belongs in %s%s%s { }.", word->text, row->name, row->variant ? " " : "",
		  row->variant ? row->variant : "");
	return true;
}

static bool
among(struct str word, const char *words)
{
	for (; words && *words; words += strcspn(words, " "), words += *words == ' ')
		if (str_eq(word, (struct str){words, strcspn(words, " ")}))
			return true;
	return false;
}

/* What this place has for a word that other tools use, or NULL. */
static const char *
other_word(struct schema *s, const struct name *word, int kind)
{
	if (kind < K_COUNT) {
		for (unsigned i = 0; i < kind_attr_count(s, (enum kind_id)kind); i++) {
			const struct attr_row *row = attr_row(kind_first_attr(s, (enum kind_id)kind) + i);
			if (among(name_str(word), row->also))
				return row->name;
		}
	}
	for (int k = schema_next_child(s, (enum kind_id)kind, -1); k >= 0; k = schema_next_child(s, (enum kind_id)kind, k))
		if (among(name_str(word), kind_row((enum kind_id)k)->also))
			return kind_row((enum kind_id)k)->name;
	return NULL;
}

/* Names what is probably meant and returns its word; p is NULL where nothing is near. */
static struct str
hint_near(struct walk *w, struct diag *g, const struct name *word, int kind, bool block)
{
	struct schema *s = w->c->schema;
	struct nearest best = nearest_to(name_str(word));
	if (kind < K_COUNT)
		for (unsigned i = 0; i < kind_attr_count(s, (enum kind_id)kind); i++)
			nearest_try(&best, name_str(s->attr_names[kind_first_attr(s, (enum kind_id)kind) + i]));
	for (int k = schema_next_child(s, (enum kind_id)kind, -1); k >= 0; k = schema_next_child(s, (enum kind_id)kind, k))
		if (k != K_statement)
			nearest_try(&best, str_of(kind_row((enum kind_id)k)->name));
	if (kind == K_COUNT)
		for (struct component *x = w->module->components; x; x = x->next)
			nearest_try(&best, name_str(x->name));
	const char *known = other_word(s, word, kind);
	if (known)
		diag_hint(w->c->diags, g, "berth calls it \"%s\".", known);
	else if (best.word.p)
		diag_hint(w->c->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else if (!hint_home(w, g, word, kind, block) && kind < K_COUNT)
		diag_hint(w->c->diags, g, "berth explain %s lists what may stand here.", kind_row((enum kind_id)kind)->name);
	return known ? str_of(known) : best.word;
}

/* ---- settings ---- */

/* An unknown setting is taken for the one it probably means: that one is not missing as well. */
static void
mean(struct walk *w, const struct stmt *st, struct str word)
{
	map_put(&w->c->meant, st, (void *)name_get(w->c->names, word.p, word.n));
}

static void
check_component_setting(struct walk *w, const struct component *comp, const struct stmt *st)
{
	if (st->path == NULL || st->path->n != 1 || param_find(comp->params, st->path->part[0].name))
		return;
	struct nearest best = nearest_to(name_str(st->path->part[0].name));
	for (struct param *p = comp->params; p; p = p->next)
		nearest_try(&best, name_str(p->name));
	if (best.word.p)
		mean(w, st, best.word);
	const char *cause = arena_printf(w->c->arena, "parameter %s of component %s", st->path->part[0].name->text, comp->name->text);
	if (diag_again(w->c->diags, st->key_at, "and here", cause))
		return;
	struct diag *g = diag_add(w->c->diags, D_E0102, st->key_at, "component \"%s\" has no parameter \"%s\"", comp->name->text,
				  st->path->part[0].name->text);
	diag_cause(w->c->diags, cause, g);
	if (best.word.p) {
		diag_hint(w->c->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
		return;
	}
	struct buf all = {0};
	for (struct param *p = comp->params; p; p = p->next)
		buf_addf(&all, "%s%s", all.n ? ", " : "", p->name->text);
	diag_hint(w->c->diags, g, "Its parameters are %.*s.", (int)all.n, all.p);
	buf_free(&all);
}

static bool
env_name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
		if (!alpha && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0;
}

static void
check_setting(struct walk *w, int kind, const struct stmt *st, const char *where)
{
	struct diags *d = w->c->diags;
	if (kind == K_COUNT) {
		struct diag *g = diag_add(d, D_E0103, st->key_at, "a setting stands outside every block");
		if (st->path)
			hint_home(w, g, st->path->part[0].name, K_COUNT, false);
		return;
	}
	const struct kind_row *row = kind_row((enum kind_id)kind);
	if (kind == K_env || kind == K_secrets) {
		struct str key = st->key_text.p ? st->key_text : name_str(st->path->part[0].name);
		if ((st->path && st->path->n > 1) || !env_name_ok(key)) {
			struct str shown = st->key_text.p ? st->key_text : (struct str){sources_get(w->c->sources, st->key_at.file)->text.p + st->key_at.off, st->key_at.len};
			struct diag *g = diag_add(d, D_E0155, st->key_at, "\"%.*s\" is not a name that every shell takes", (int)shown.n, shown.p);
			diag_hint(d, g, "Use letters, digits and _, not beginning with a digit.");
		}
		return;
	}
	if (row->map || kind == K_patch)
		return;
	if (st->path == NULL) {
		struct diag *g = diag_add(d, D_E0102, st->key_at, "a quoted name cannot be a setting of %s", where);
		diag_hint(d, g, "Names of settings are not quoted.");
		return;
	}
	const struct name *word = st->path->part[0].name;
	int child = schema_child(w->c->schema, (enum kind_id)kind, word);
	bool removes = child >= 0 && child != K_statement && st->value && st->value->kind == EX_NONE;
	if (removes || (st->path->n == 1 && schema_attr(w->c->schema, (enum kind_id)kind, word) >= 0))
		return;
	struct diag *g;
	if (child >= 0 && child != K_statement) {
		g = diag_add(d, D_E0102, st->key_at, "\"%s\" is a block of %s, not a setting", word->text, where);
		diag_hint(d, g, "Write it like this: %s", kind_row((enum kind_id)child)->example);
		return;
	}
	g = diag_add(d, D_E0102, st->key_at, "unknown setting \"%s\" of %s", word->text, where);
	struct str meant = hint_near(w, g, word, kind, false);
	if (meant.p)
		mean(w, st, meant);
}

/* ---- blocks ---- */

static void
check_label(struct walk *w, int kind, const struct stmt *st)
{
	const struct kind_row *row = kind_row((enum kind_id)kind);
	struct diags *d = w->c->diags;
	if (row->label == LABEL_NONE && !row->variant && st->label_count > 0 && kind != K_each) {
		struct diag *g = diag_add(d, D_E0118, st->labels[0].at, "%s takes no name", row->name);
		diag_hint(d, g, "Write: %s", row->example);
	} else if (row->label == LABEL_REQUIRED && st->label_count == 0 && w->component == NULL) {
		struct diag *g = diag_add(d, D_E0118, st->head, "%s needs a name", row->name);
		w->c->incomplete = true;
		diag_hint(d, g, "For example: %s", row->example);
	} else if (st->label_count > 1) {
		diag_add(d, D_E0118, st->labels[1].at, "%s takes one name", row->name);
	} else if (st->label_count == 1 && st->labels[0].n > 1 && kind != K_patch && kind != K_exempt) {
		struct diag *g = diag_add(d, D_E0118, st->labels[0].at, "a name has no dots");
		diag_hint(d, g, "Use a hyphen.");
	}
	if (st->from && row->label != LABEL_REQUIRED) {
		struct diag *g = diag_add(d, D_E0121, st->from->at, "%s cannot take over another with `from`", row->name);
		diag_hint(d, g, "`from` works for containers, services and other declarations with a name.");
	}
}

/* The variant a block names, or -1 after a report. */
static int
check_variant(struct walk *w, int parent, int kind, const struct stmt *st)
{
	const struct kind_row *row = kind_row((enum kind_id)kind);
	struct schema *s = w->c->schema;
	const struct name *label = st->label_count > 0 ? st->labels[0].part[0].name : NULL;
	int k = label ? schema_variant(s, (enum kind_id)parent, s->kind_names[kind], label) : -1;
	if (k >= 0 && st->label_count == 1)
		return k;
	struct buf all = {0};
	struct nearest best = nearest_to(label ? name_str(label) : STR(""));
	for (int v = kind; v < K_COUNT && s->kind_names[v] == s->kind_names[kind]; v++) {
		buf_addf(&all, "%s%s", all.n ? ", " : "", kind_row((enum kind_id)v)->variant);
		nearest_try(&best, str_of(kind_row((enum kind_id)v)->variant));
	}
	struct diag *g = label ? diag_add(w->c->diags, D_E0106, st->labels[0].at, "there is no %s \"%s\"", row->name, label->text)
			       : diag_add(w->c->diags, D_E0118, st->head, "%s needs its kind", row->name);
	if (best.word.p)
		diag_hint(w->c->diags, g, "Did you mean %s %.*s? There are %.*s.", row->name, (int)best.word.n, best.word.p, (int)all.n, all.p);
	else
		diag_hint(w->c->diags, g, "There are %.*s.", (int)all.n, all.p);
	buf_free(&all);
	return k;
}

static void
check_instance(struct walk *w, const struct component *comp, const struct stmt *st)
{
	if (st->label_count == 0 && w->component == NULL) {
		struct diag *g = diag_add(w->c->diags, D_E0118, st->head, "%s needs a name", comp->name->text);
		diag_hint(w->c->diags, g, "For example: %s first { … }", comp->name->text);
	}
	for (const struct stmt *s = st->body; s; s = s->next) {
		if (s->kind == ST_SETTING)
			check_component_setting(w, comp, s);
		else if (s->kind == ST_IN || s->kind == ST_IF) {
			for (const struct stmt *t = s->body; t; t = t->next)
				if (t->kind == ST_SETTING)
					check_component_setting(w, comp, t);
		} else if (s->kind == ST_BLOCK) {
			struct diag *g = diag_add(w->c->diags, D_E0103, s->head, "a use of component \"%s\" holds settings only",
						  comp->name->text);
			diag_hint(w->c->diags, g, "Give the component a parameter for what differs.");
		}
	}
}

static void
unknown_block(struct walk *w, int parent, const struct stmt *st, const char *where)
{
	const struct name *word = st->path->part[0].name;
	struct diags *d = w->c->diags;
	struct diag *g;
	*(parent == K_COUNT ? &w->c->incomplete : &w->c->blocks_missing) = true;
	if (st->path->n == 2) {
		for (struct module *m = w->c->imports; m; m = m->next) {
			if (m->name != word)
				continue;
			if (m->file_count == 0)
				return; /* its import was reported */
			g = diag_add(d, D_E0101, st->path->at, "module \"%s\" has no component \"%s\"", word->text,
				     st->path->part[1].name->text);
			struct nearest best = nearest_to(name_str(st->path->part[1].name));
			for (struct component *x = m->components; x; x = x->next)
				nearest_try(&best, name_str(x->name));
			if (best.word.p)
				diag_hint(d, g, "Did you mean %s.%.*s?", word->text, (int)best.word.n, best.word.p);
			return;
		}
		if (schema_kind_by_word(name_str(word), -1) >= 0) {
			g = diag_add(d, D_E0101, st->path->at, "a block's name stands behind its kind, without a dot");
			diag_hint(d, g, "Write: %s %s { … }", word->text, st->path->part[1].name->text);
			return;
		}
		const char *cause = arena_printf(w->c->arena, "module %s", word->text);
		if (diag_again(d, st->path->at, "and used here", cause))
			return;
		g = diag_cause(d, cause, diag_add(d, D_E0101, st->path->at, "no module is imported as \"%s\"", word->text));
		diag_hint(d, g, "Add to project: import %s { source = \"std\" }", word->text);
		return;
	}
	bool known = schema_kind_by_word(name_str(word), -1) >= 0;
	if (known && parent == K_COUNT) {
		g = diag_add(d, D_E0103, st->head, "\"%s\" stands outside every block", word->text);
		hint_home(w, g, word, parent, true);
		return;
	}
	const char *cause = parent == K_COUNT ? arena_printf(w->c->arena, "kind %s", word->text) : NULL;
	if (cause && diag_again(d, st->path->at, "and used here", cause))
		return;
	if (cause)
		g = diag_cause(d, cause, diag_add(d, D_E0101, st->path->at, "unknown kind \"%s\"", word->text));
	else if (schema_attr(w->c->schema, (enum kind_id)parent, word) >= 0) {
		g = diag_add(d, D_E0101, st->path->at, "\"%s\" is a setting of %s, not a block", word->text, where);
		diag_hint(d, g, "Write it like this: %s", attr_row((enum attr_id)schema_attr(w->c->schema, (enum kind_id)parent, word))->example);
	} else
		g = diag_add(d, known ? D_E0103 : D_E0101, st->path->at, "%s \"%s\" in %s", known ? "no place for block" : "unknown block",
			     word->text, where);
	hint_near(w, g, word, parent, true);
}

static void
check_block(struct walk *w, int parent, const struct stmt *st, const char *where)
{
	const struct name *word = st->path->part[0].name;
	struct component *comp = parent == K_COUNT ? compile_component(w->c, w->module, st->path) : NULL;
	if (comp) {
		check_instance(w, comp, st);
		return;
	}
	int k = st->path->n == 1 ? schema_child(w->c->schema, (enum kind_id)parent, word) : -1;
	if (k < 0) {
		unknown_block(w, parent, st, where);
		return;
	}
	if (kind_row((enum kind_id)k)->variant) {
		k = check_variant(w, parent, k, st);
		if (k < 0)
			return;
	} else {
		check_label(w, k, st);
	}
	if (k == K_component && w->component) {
		diag_add(w->c->diags, D_E0103, st->head, "a component cannot be declared inside another");
		return;
	}
	struct walk inner = *w;
	inner.component = NULL;
	if (k == K_component) {
		inner.component = st->label_count ? map_get(&((struct module *)(uintptr_t)w->module)->by_name, st->labels[0].part[0].name) : NULL;
		if (inner.component == NULL || inner.component->stmt != st)
			return;
		check_body(&inner, K_COUNT, st->body, block_words(w, st));
		return;
	}
	check_body(&inner, k, st->body, block_words(w, st));
}

/* ---- bodies ---- */

static void
check_stages(struct walk *w, const struct stmt *st)
{
	for (uint32_t i = 0; i < st->label_count; i++) {
		const struct part *part = &st->labels[i].part[0];
		if (map_get(&w->c->stage_by_name, part->name) || (w->c->broken && w->c->stages.n == 0))
			continue;
		if (w->module != &w->c->project)
			continue;
		struct diag *g = diag_add(w->c->diags, D_E0111, part->at, "there is no stage \"%s\"", part->name->text);
		struct nearest best = nearest_to(name_str(part->name));
		for (size_t k = 0; k < w->c->stages.n; k++)
			nearest_try(&best, name_str(w->c->stages.v[k].name));
		if (best.word.p)
			diag_hint(w->c->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	}
}

static void
misplaced(struct walk *w, const struct stmt *st, const char *what, const char *hint)
{
	struct diag *g = diag_add(w->c->diags, D_E0103, st->head, "%s", what);
	diag_hint(w->c->diags, g, "%s", hint);
}

/* A run of settings at the top level is one mistake. */
static bool
first_of_run(const struct stmt *prev, const struct stmt *st)
{
	return prev == NULL || prev->kind != st->kind;
}

static void
check_stmt(struct walk *w, int kind, const struct stmt *prev, const struct stmt *st, const char *where)
{
	bool top = kind == K_COUNT && w->component == NULL;
	switch (st->kind) {
	case ST_SETTING:
		if (kind != K_COUNT || first_of_run(prev, st))
			check_setting(w, kind, st, where);
		break;
	case ST_BLOCK: check_block(w, kind, st, where); break;
	case ST_IN:
		check_stages(w, st);
		if (top)
			misplaced(w, st, "`in` stands outside every block", "Put `in` inside the block that it changes.");
		else
			check_body(w, kind, st->body, where);
		break;
	case ST_IF:
		if (top)
			misplaced(w, st, "`if` stands outside every block", "Put `if` inside the block that it changes.");
		else
			check_body(w, kind, st->body, where);
		break;
	case ST_PARAM:
		if (kind != K_COUNT)
			misplaced(w, st, "a parameter stands inside a block", "Parameters stand at the top level of a file or of a component.");
		break;
	case ST_ASSERT:
	case ST_WARN:
	case ST_ERROR:
	case ST_COUNT: break;
	}
}

static void
check_body(struct walk *w, int kind, const struct stmt *body, const char *where)
{
	const struct stmt *prev = NULL;
	for (const struct stmt *st = body; st; prev = st, st = st->next)
		check_stmt(w, kind, prev, st, where);
}

void
static_check(struct compile *c)
{
	struct walk w = {.c = c, .module = &c->project};
	for (size_t i = 0; i < c->project.file_count; i++)
		check_body(&w, K_COUNT, c->project.files[i]->body, "the file");
	for (struct module *m = c->imports; m; m = m->next) {
		w.module = m;
		for (size_t i = 0; i < m->file_count; i++)
			check_body(&w, K_COUNT, m->files[i]->body, "the module");
	}
}
