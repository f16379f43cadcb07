/*
 * Objects and their layers.
 *
 * A declaration is made of parts: the blocks that contribute to it, its own
 * and those it takes over with `from`. Expanding it walks the parts'
 * statements, stacks every setting's layers by rank, and gives nested blocks
 * their parts in turn. The rank is the language's one rule:
 * from < own < if < in.
 */
#include "internal.h"

#include <string.h>

enum { ENTRIES_BEFORE_INDEX = 12 };

struct object *
object_new(struct program *p, enum kind_id kind, const struct name *label, struct object *parent, const struct stmt *stmt,
	   struct scope *scope)
{
	struct object *o = NEW(p->arena, struct object);
	o->kind = kind;
	o->label = label;
	o->parent = parent;
	o->stmt = stmt;
	o->at = stmt ? stmt->head : NO_SPAN;
	o->scope = scope;
	unsigned n = kind == K_component ? 0 : kind_attr_count(p->compile->schema, kind);
	if (n > 0)
		o->slots = arena_array(p->arena, n, sizeof *o->slots);
	if (parent) {
		o->instance = parent->kind == K_component ? parent : parent->instance;
		if (parent->last_child)
			parent->last_child->next = o;
		else
			parent->children = o;
		parent->last_child = o;
	}
	return o;
}

static void
add_contribution(struct program *p, struct object *o, struct contribution c)
{
	struct contribution *n = NEW(p->arena, struct contribution);
	*n = c;
	n->next = NULL;
	if (o->last_part)
		o->last_part->next = n;
	else
		o->parts = n;
	o->last_part = n;
}

void
object_add_part(struct program *p, struct object *o, const struct stmt *st, int level, int cond, struct scope *scope)
{
	add_contribution(p, o, (struct contribution){level, cond, st, scope, NULL});
}

/* ---- from ---- */

static void link_parts(struct program *p, struct object *o);

static void
take_over(struct program *p, struct object *o, const struct contribution *part)
{
	struct object *source = from_object(p, part->stmt->from, part->scope);
	if (source == NULL) {
		o->partial = true;
		return;
	}
	if (source->kind != o->kind) {
		o->partial = true;
		struct diag *g = report(p, D_E0121, part->stmt->from->at, "%s cannot take over %s", object_words(p->arena, o),
					object_words(p->arena, source));
		diag_hint(p->compile->diags, g, "`from` names a %s.", kind_row(o->kind)->name);
		return;
	}
	if (source->state == OBJ_LINKING || source == o) {
		report(p, D_E0114, part->stmt->from->at, "%s takes over itself", object_words(p->arena, source));
		return;
	}
	link_parts(p, source);
	o->partial |= source->partial;
	for (const struct contribution *c = source->parts; c; c = c->next)
		object_add_part(p, o, c->stmt, part->level - 1 + c->level, c->cond, c->scope);
}

/* Add the parts that come through `from`, once. */
static void
link_parts(struct program *p, struct object *o)
{
	if (o->state != OBJ_NEW)
		return;
	o->state = OBJ_LINKING;
	const struct contribution *end = o->last_part;
	for (const struct contribution *c = o->parts; c; c = c->next) {
		if (c->stmt->from)
			take_over(p, o, c);
		if (c == end)
			break;
	}
	o->state = OBJ_LINKED;
}

/* ---- settings ---- */

static void
add_layer(struct program *p, struct object *o, struct slot *slot, const struct stmt *st, int rank, struct scope *scope)
{
	struct layer **at = &slot->top;
	while (*at && (*at)->rank > rank)
		at = &(*at)->below;
	if (*at && (*at)->rank == rank) {
		if ((*at)->stmt == st)
			return;
		struct diag *g = report(p, D_E0108, st->key_at, "setting \"%.*s\" of %s is set twice", (int)st->key_at.len,
					sources_get(p->compile->sources, st->key_at.file)->text.p + st->key_at.off,
					object_words(p->arena, o));
		diag_note(p->compile->diags, g, (*at)->stmt->at, "first set here, in a layer that is equal to this one");
		diag_hint(p->compile->diags, g, "Keep one of the two.");
		return;
	}
	struct layer *l = NEW(p->arena, struct layer);
	l->rank = rank;
	l->stmt = st;
	l->scope = scope;
	l->below = *at;
	*at = l;
}

static const void *
entry_key(struct program *p, struct str key)
{
	return name_get(p->compile->names, key.p, key.n);
}

struct entry *
object_entry(struct program *p, struct object *o, struct str key, struct span at, bool make)
{
	if (o->entry_index) {
		struct entry *e = map_get(o->entry_index, entry_key(p, key));
		if (e || !make)
			return e;
	} else {
		unsigned n = 0;
		for (struct entry *e = o->entries; e; e = e->next, n++)
			if (str_eq(e->key, key))
				return e;
		if (!make)
			return NULL;
		if (n >= ENTRIES_BEFORE_INDEX) {
			o->entry_index = NEW(p->arena, struct map);
			map_init(o->entry_index, p->arena);
			for (struct entry *e = o->entries; e; e = e->next)
				map_put(o->entry_index, entry_key(p, e->key), e);
		}
	}
	struct entry *e = NEW(p->arena, struct entry);
	e->key = key;
	e->key_at = at;
	if (o->last_entry)
		o->last_entry->next = e;
	else
		o->entries = e;
	o->last_entry = e;
	if (o->entry_index)
		map_put(o->entry_index, entry_key(p, key), e);
	return e;
}

static struct str
setting_key(struct program *p, const struct stmt *st)
{
	if (st->key_text.p)
		return st->key_text;
	if (st->path->n == 1)
		return name_str(st->path->part[0].name);
	const struct source *s = sources_get(p->compile->sources, st->key_at.file);
	return (struct str){s->text.p + st->key_at.off, st->key_at.len};
}

static void
add_removal(struct program *p, struct object *o, enum kind_id kind, const struct name *label, int rank)
{
	struct removal *r = NEW(p->arena, struct removal);
	r->kind = kind;
	r->label = label;
	r->rank = rank;
	r->next = o->removals;
	o->removals = r;
}

static void
absorb_setting(struct program *p, struct object *o, const struct stmt *st, int rank, struct scope *scope)
{
	if (o->kind == K_COUNT)
		return;
	bool open = kind_row(o->kind)->map != 0 || o->kind == K_component;
	const struct name *meant = map_get(&p->compile->meant, st);
	if (!open && st->path && st->path->n >= 1) {
		int a = st->path->n > 1 ? -1 : schema_attr(p->compile->schema, o->kind, meant ? meant : st->path->part[0].name);
		if (a >= 0) {
			struct slot *slot = &o->slots[(unsigned)a - kind_first_attr(p->compile->schema, o->kind)];
			if (meant)
				slot->misspelt = true;
			else
				add_layer(p, o, slot, st, rank, scope);
			return;
		}
		int child = schema_child(p->compile->schema, o->kind, st->path->part[0].name);
		if (child >= 0 && st->value && st->value->kind == EX_NONE) {
			add_removal(p, o, (enum kind_id)child, st->path->n > 1 ? st->path->part[1].name : NULL, rank);
			return;
		}
	}
	if (meant) {
		if (open)
			object_entry(p, o, name_str(meant), st->key_at, true)->slot.misspelt = true;
	} else if (open || o->kind == K_patch) {
		struct entry *e = object_entry(p, o, setting_key(p, st), st->key_at, true);
		add_layer(p, o, &e->slot, st, rank, scope);
	}
	/* anything else was reported by the static check */
}

/* ---- blocks ---- */

/* The kind a nested block makes, with the label it is known by; -1 when the static check refused it. */
static int
block_kind(struct program *p, struct object *o, const struct stmt *st, const struct name **label)
{
	const struct schema *s = p->compile->schema;
	const struct name *word = st->path->part[0].name;
	enum kind_id parent = o->kind == K_component || o->parent == NULL ? K_COUNT : o->kind;
	*label = st->label_count > 0 ? st->labels[0].part[0].name : NULL;
	int k = schema_child(s, parent, word);
	if (k < 0 || st->path->n != 1)
		return -1;
	const struct kind_row *row = kind_row((enum kind_id)k);
	if (k == K_patch && st->label_count > 0 && st->labels[0].n > 1) {
		/* one object for each kind that is patched: the whole "k8s.Deployment" is its name */
		const struct span at = st->labels[0].at;
		*label = name_get(p->compile->names, sources_get(p->compile->sources, at.file)->text.p + at.off, at.len);
	} else if (row->variant) {
		k = *label ? schema_variant(s, parent, word, *label) : -1;
		*label = NULL;
	} else if (k == K_statement) {
		*label = word;
	} else if (*label == NULL && row->label == LABEL_REQUIRED && o->kind == K_component) {
		*label = o->label;
	}
	return k;
}

static struct object *
find_child(struct object *o, enum kind_id kind, const struct name *label)
{
	for (struct object *c = o->children; c; c = c->next)
		if (c->kind == kind && c->label == label)
			return c;
	return NULL;
}

static void declare_block(struct program *p, struct object *o, const struct stmt *st, int level, int cond, struct scope *scope);

static void
absorb_block(struct program *p, struct object *o, const struct stmt *st, int level, int cond, struct scope *scope)
{
	if (o->parent == NULL || o->kind == K_component) {
		declare_block(p, o, st, level, cond, scope);
		return;
	}
	const struct name *label;
	int k = block_kind(p, o, st, &label);
	if (k < 0)
		return;
	struct object *child = kind_row((enum kind_id)k)->many || k == K_each || k == K_exempt ? NULL
			       : find_child(o, (enum kind_id)k, label);
	if (child == NULL) {
		child = object_new(p, (enum kind_id)k, label, o, st, scope);
	} else {
		for (const struct contribution *c = child->parts; c; c = c->next) {
			if (c->level != level || c->cond != cond || c->stmt == st)
				continue;
			struct diag *g = report(p, D_E0108, st->head, "%s stands twice", object_words(p->arena, child));
			diag_note(p->compile->diags, g, c->stmt->head, "first here, in a layer that is equal to this one");
			diag_hint(p->compile->diags, g, "Put all of it into one block.");
			return;
		}
	}
	if (level == 0 && cond == 0)
		child->at = st->head;
	object_add_part(p, child, st, level, cond, scope);
}

static bool
names_stage(struct program *p, const struct stmt *st)
{
	for (uint32_t i = 0; i < st->label_count; i++)
		if (st->labels[i].part[0].name == p->stage->name)
			return true;
	return false;
}

static bool
condition_holds(struct program *p, const struct stmt *st, struct scope *scope)
{
	struct value *v = eval_expr(p, st->value, scope);
	if (v->kind == V_BOOL)
		return v->n != 0;
	if (v->kind != V_ERROR && v->kind != V_UNKNOWN)
		report(p, D_E0104, st->value->at, "a condition is true or false, not %s", value_kind_words(v));
	return false;
}

static void
absorb(struct program *p, struct object *o, const struct stmt *body, int level, int cond, struct scope *scope)
{
	for (const struct stmt *st = body; st; st = st->next) {
		switch (st->kind) {
		case ST_SETTING: absorb_setting(p, o, st, level * 4 + cond, scope); break;
		case ST_BLOCK: absorb_block(p, o, st, level, cond, scope); break;
		case ST_IN:
			if (names_stage(p, st))
				absorb(p, o, st->body, level, 2, scope);
			break;
		case ST_IF:
			if (condition_holds(p, st, scope))
				absorb(p, o, st->body, level, cond > 1 ? cond : 1, scope);
			break;
		case ST_ASSERT:
		case ST_WARN: {
			struct rule *r = NEW(p->arena, struct rule);
			r->stmt = st;
			r->scope = scope;
			r->next = o->rules;
			o->rules = r;
			break;
		}
		case ST_PARAM:
		case ST_ERROR:
		case ST_COUNT: break;
		}
	}
}

/* ---- after all parts: none and sibling variants ---- */

static int
top_rank(const struct object *o)
{
	int best = INT32_MIN;
	for (const struct contribution *c = o->parts; c; c = c->next) {
		int r = c->level * 4 + c->cond;
		if (r > best)
			best = r;
	}
	return best;
}

static void
drop_parts_below(struct object *o, int rank)
{
	struct contribution **at = &o->parts;
	o->last_part = NULL;
	while (*at) {
		if ((*at)->level * 4 + (*at)->cond < rank) {
			*at = (*at)->next;
		} else {
			o->last_part = *at;
			at = &(*at)->next;
		}
	}
	o->gone = o->parts == NULL;
}

static void
apply_removals(struct object *o)
{
	for (const struct removal *r = o->removals; r; r = r->next)
		for (struct object *c = o->children; c; c = c->next)
			if (strcmp(kind_row(c->kind)->name, kind_row(r->kind)->name) == 0 && (r->label == NULL || c->label == r->label))
				drop_parts_below(c, r->rank);
}

/* A layer's variants replace those of the layers below; several of a kind go together. */
static void
apply_variants(struct program *p, struct object *o)
{
	for (struct object *c = o->children; c; c = c->next) {
		const struct kind_row *row = kind_row(c->kind);
		if (!row->variants_replace && !row->many)
			continue;
		int mine = top_rank(c);
		for (const struct object *d = o->children; d && !c->gone; d = d->next) {
			const struct kind_row *other = kind_row(d->kind);
			if (d == c || d->gone || strcmp(row->name, other->name) != 0 || row->many != other->many)
				continue;
			int theirs = top_rank(d);
			if (theirs > mine) {
				c->gone = true;
			} else if (theirs == mine && !row->many && c->kind < d->kind && strcmp(row->name, "deploy") == 0) {
				struct diag *g = report(p, D_E0108, d->at, "%s stands beside %s", object_words(p->arena, d),
							object_words(p->arena, c));
				diag_note(p->compile->diags, g, c->at, "the other is here");
				diag_hint(p->compile->diags, g, "A service is deployed in one way: keep one of the two.");
			}
		}
	}
}

static struct object *
declaration_of(struct object *o)
{
	while (o->parent && o->parent->parent && o->parent->kind != K_component)
		o = o->parent;
	return o;
}

/* The part's scope with `self` being the declaration that is expanded. */
static struct scope *
scope_for(struct program *p, struct object *o, struct scope *scope)
{
	struct object *self = declaration_of(o);
	if (scope->self == self || o->kind == K_component)
		return scope;
	struct scope *s = NEW(p->arena, struct scope);
	*s = *scope;
	s->up = scope;
	s->self = self;
	return s;
}

void
object_expand(struct program *p, struct object *o)
{
	if (o->state == OBJ_EXPANDED)
		return;
	if (o->state == OBJ_EXPANDING) {
		report(p, D_E0114, o->at, "a condition inside %s depends on what it changes", object_words(p->arena, o));
		return;
	}
	link_parts(p, o);
	o->state = OBJ_EXPANDING;
	struct scope *last = NULL, *mapped = NULL;
	for (const struct contribution *c = o->parts; c; c = c->next) {
		if (c->scope != last || mapped == NULL)
			mapped = scope_for(p, o, c->scope);
		last = c->scope;
		absorb(p, o, c->stmt->body, c->level, c->cond, mapped);
	}
	if (o->removals)
		apply_removals(o);
	if (o->kind == K_service)
		apply_variants(p, o);
	o->state = OBJ_EXPANDED;
}

/* ---- declarations ---- */

static struct map *
instances_of(struct program *p, const struct component *comp)
{
	struct map *m = map_get(&p->instances, comp);
	if (m == NULL) {
		m = NEW(p->arena, struct map);
		map_init(m, p->arena);
		map_put(&p->instances, comp, m);
	}
	return m;
}

static unsigned
instance_depth(const struct object *o)
{
	unsigned n = 0;
	for (; o; o = o->instance)
		n++;
	return n;
}

static void
declare_instance(struct program *p, struct object *parent, const struct component *comp, const struct stmt *st, int level, int cond,
		 struct scope *scope)
{
	const struct name *label = st->label_count > 0 ? st->labels[0].part[0].name : NULL;
	if (label == NULL && parent->kind == K_component)
		label = parent->label;
	if (label == NULL)
		return; /* reported by the static check */
	for (const struct object *up = parent; up && up->kind == K_component; up = up->instance) {
		if (up->component == comp) {
			report(p, D_E0120, st->head, "component \"%s\" uses itself", comp->name->text);
			return;
		}
	}
	struct map *known = instances_of(p, comp);
	struct object *o = map_get(known, label);
	if (o && o->parts && level == 0 && cond == 0) {
		struct diag *g = report(p, D_E0109, st->head, "%s is declared twice", object_words(p->arena, o));
		diag_note(p->compile->diags, g, o->at, "first declared here");
		return;
	}
	if (o == NULL) {
		if (instance_depth(parent) > INSTANCE_DEPTH_MAX) {
			report(p, D_E0120, st->head, "components are nested deeper than %d", INSTANCE_DEPTH_MAX);
			return;
		}
		o = object_new(p, K_component, label, parent, st, scope);
		o->component = comp;
		map_put(known, label, o);
	}
	object_add_part(p, o, st, level, cond, scope);
}

static void
declare_block(struct program *p, struct object *parent, const struct stmt *st, int level, int cond, struct scope *scope)
{
	const struct name *label;
	int k = block_kind(p, parent, st, &label);
	if (k < 0) {
		const struct component *comp = compile_component(p->compile, scope->module, st->path);
		if (comp)
			declare_instance(p, parent, comp, st, level, cond, scope);
		return;
	}
	if (k == K_component)
		return;
	struct object *o = label ? map_get(&p->decls[k], label) : NULL;
	if (k == K_exempt)
		o = NULL;
	if (o && (o->parent != parent || (level == 0 && cond == 0))) {
		struct diag *g = report(p, D_E0109, st->head, "%s is declared twice", object_words(p->arena, o));
		diag_note(p->compile->diags, g, o->at, "first declared here");
		diag_hint(p->compile->diags, g, "Give one of them another name, or change the first where it stands.");
		return;
	}
	if (o == NULL) {
		o = object_new(p, (enum kind_id)k, label, parent, st, scope);
		if (label)
			map_put(&p->decls[k], label, o);
		if (k == K_project)
			p->project_object = o;
	}
	object_add_part(p, o, st, level, cond, scope);
}

/* Make the declarations inside one component instance. */
static void
expand_instance(struct program *p, struct object *o)
{
	if (o->state == OBJ_EXPANDED || o->state == OBJ_EXPANDING)
		return;
	o->state = OBJ_EXPANDING;
	for (const struct contribution *c = o->parts; c; c = c->next)
		absorb(p, o, c->stmt->body, c->level, c->cond, c->scope);
	struct scope *s = NEW(p->arena, struct scope);
	s->up = o->scope;
	s->self = o;
	s->instance = o;
	s->module = o->component->module;
	o->scope = s;
	absorb(p, o, o->component->stmt->body, 0, 0, s);
	for (struct object *c = o->children; c; c = c->next)
		if (c->kind == K_component)
			expand_instance(p, c);
	o->state = OBJ_EXPANDED;
}

/* Expand the next top-level component instance; false when none is left. */
static bool
expand_pending(struct program *p)
{
	while (p->pending && p->pending->kind != K_component)
		p->pending = p->pending->next;
	if (p->pending == NULL)
		return false;
	struct object *o = p->pending;
	p->pending = o->next;
	expand_instance(p, o);
	return true;
}

void
declare_all(struct program *p)
{
	struct compile *c = p->compile;
	p->root = NEW(p->arena, struct object);
	p->root->kind = K_COUNT;
	p->root->state = OBJ_EXPANDED;
	p->scope.module = &c->project;
	for (size_t i = 0; i < c->project.file_count; i++)
		absorb(p, p->root, c->project.files[i]->body, 0, 0, &p->scope);
	p->pending = p->root->children;
	while (expand_pending(p))
		;
}

struct object *
declaration(struct program *p, enum kind_id kind, const struct name *label)
{
	struct object *o;
	while ((o = map_get(&p->decls[kind], label)) == NULL && expand_pending(p))
		;
	return o;
}

struct object *
component_instance(struct program *p, const struct component *comp, const struct name *label)
{
	struct object *o = map_get(instances_of(p, comp), label);
	if (o)
		expand_instance(p, o);
	return o;
}

/* ---- reading ---- */

struct object *
object_child(struct program *p, struct object *o, enum kind_id kind, const struct name *label)
{
	if (o == NULL)
		return NULL;
	object_expand(p, o);
	for (struct object *c = o->children; c; c = c->next)
		if (c->kind == kind && !c->gone && (label == NULL || c->label == label))
			return c;
	return NULL;
}

/* The next object in program order, through component instances. */
static struct object *
after(struct object *o)
{
	while (o && o->next == NULL && o->parent && o->parent->kind == K_component)
		o = o->parent;
	return o ? o->next : NULL;
}

static struct object *
first_inside(struct object *o, enum kind_id kind)
{
	while (o) {
		if (o->kind == kind && !o->gone)
			return o;
		if (o->kind == K_component && o->children)
			o = o->children;
		else
			o = after(o);
	}
	return NULL;
}

struct object *
object_next(struct object *o)
{
	enum kind_id kind = o->kind;
	bool declared = o->parent->kind == K_component || o->parent->parent == NULL;
	if (declared)
		return first_inside(after(o), kind);
	for (o = o->next; o; o = o->next)
		if (o->kind == kind && !o->gone)
			return o;
	return NULL;
}

struct object *
program_first(struct program *p, enum kind_id kind)
{
	return first_inside(p->root->children, kind);
}
