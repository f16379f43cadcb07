/*
 * Names to what they stand for: parameters, the stage and its outputs, `self`,
 * declarations and everything inside them. A reference is always checked; a
 * single bare word that is none of these is an enum member.
 */
#include "internal.h"

#include <string.h>

static struct value *
object_value(struct program *p, struct object *o, struct span at)
{
	struct value *v = value_new(p, V_OBJECT, at);
	v->object = o;
	return v;
}

static struct value *
with_origin(struct program *p, const struct value *v, struct span at)
{
	struct value *c = value_new(p, v->kind, at);
	*c = *v;
	c->next = NULL;
	c->origin = at;
	return c;
}

/* ---- parameters ---- */

static void
unknown_param(struct program *p, const struct name *name, struct param *list, struct param *more, struct span at)
{
	const char *cause = arena_printf(p->arena, "parameter %s", name->text);
	if (diag_again(p->compile->diags, at, "and used here", cause))
		return;
	struct diag *g = report(p, D_E0112, at, "there is no parameter \"%s\"", name->text);
	diag_cause(p->compile->diags, cause, g);
	struct nearest best = nearest_to(name_str(name));
	for (struct param *q = list; q; q = q->next)
		nearest_try(&best, name_str(q->name));
	for (struct param *q = more; q; q = q->next)
		nearest_try(&best, name_str(q->name));
	if (best.word.p)
		diag_hint(p->compile->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else
		diag_hint(p->compile->diags, g, "Declare it: param %s: string", name->text);
}

static struct value *
instance_param(struct program *p, struct object *inst, struct param *param, struct span at)
{
	struct entry *e = object_entry(p, inst, name_str(param->name), param->stmt->at, true);
	(void)at;
	return entry_value(p, inst, e);
}

static struct value *
eval_param(struct program *p, const struct name *name, struct scope *scope, struct span at)
{
	struct object *inst = scope->instance;
	if (inst) {
		struct param *q = param_find(inst->component->params, name);
		if (q)
			return instance_param(p, inst, q, at);
	}
	/* a component of an imported module sees its own parameters only */
	bool project = scope->module == &p->compile->project;
	struct param *q = project ? param_find(p->compile->params, name) : NULL;
	if (q)
		return param_value(p, q, at);
	unknown_param(p, name, inst ? inst->component->params : NULL, project ? p->compile->params : NULL, at);
	return value_error(p, at);
}

/* ---- inside values and objects ---- */

static struct value *walk(struct program *p, struct value *v, const struct path *path, uint32_t i, struct span at);

static struct value *
no_member(struct program *p, const char *of, const struct part *part, struct nearest *best)
{
	struct diag *g = report(p, D_E0115, part->at, "%s has no \"%s\"", of, part->name->text);
	if (best && best->word.p)
		diag_hint(p->compile->diags, g, "Did you mean \"%.*s\"?", (int)best->word.n, best->word.p);
	return value_error(p, part->at);
}

static struct value *
walk_map(struct program *p, struct value *v, const struct path *path, uint32_t i, struct span at)
{
	struct str key = name_str(path->part[i].name);
	struct nearest best = nearest_to(key);
	for (struct value *x = v->items; x; x = x->next) {
		if (str_eqz(key, x->key))
			return walk(p, with_origin(p, x, at), path, i + 1, at);
		nearest_try(&best, str_of(x->key));
	}
	return no_member(p, "the object", &path->part[i], &best);
}

/* Attributes that the platform decides, by kind. */
static bool
is_platform_attr(enum kind_id kind, struct str name)
{
	return kind == K_queue && (str_eqz(name, "url") || str_eqz(name, "arn"));
}

static struct value *
walk_instance(struct program *p, struct object *o, const struct path *path, uint32_t i, struct span at)
{
	const struct name *name = path->part[i].name;
	struct param *q = param_find(o->component->params, name);
	if (q)
		return walk(p, with_origin(p, instance_param(p, o, q, at), at), path, i + 1, at);
	const struct name *label = i + 1 < path->n ? path->part[i + 1].name : NULL;
	struct object *first = NULL;
	for (struct object *c = o->children; c; c = c->next) {
		bool same = c->kind == K_component ? c->component->name == name
						   : p->compile->schema->kind_names[c->kind] == name;
		if (!same)
			continue;
		if (label && c->label == label)
			return walk(p, object_value(p, c, at), path, i + 2, at);
		if (first == NULL && c->label == o->label)
			first = c;
	}
	if (first)
		return walk(p, object_value(p, first, at), path, i + 1, at);
	struct nearest best = nearest_to(name_str(name));
	for (q = o->component->params; q; q = q->next)
		nearest_try(&best, name_str(q->name));
	return no_member(p, object_words(p->arena, o), &path->part[i], &best);
}

static struct value *
walk_child(struct program *p, struct object *o, int kind, const struct path *path, uint32_t i, struct span at)
{
	const struct schema *s = p->compile->schema;
	const struct kind_row *row = kind_row((enum kind_id)kind);
	const struct part *part = &path->part[i];
	const struct name *label = NULL;
	if (row->variant) {
		if (i + 1 >= path->n) {
			object_expand(p, o);
			for (struct object *c = o->children; c; c = c->next)
				if (s->kind_names[c->kind] == part->name && !c->gone)
					return object_value(p, c, at);
			return value_new(p, V_NONE, at);
		}
		int k = schema_variant(s, o->kind, part->name, path->part[i + 1].name);
		if (k < 0)
			return no_member(p, row->name, &path->part[i + 1], NULL);
		kind = k;
		i++;
	} else if (row->label == LABEL_REQUIRED && i + 1 < path->n) {
		label = path->part[++i].name;
	} else if (kind == K_statement) {
		label = part->name;
	}
	struct object *c = object_child(p, o, (enum kind_id)kind, label);
	if (c)
		return walk(p, object_value(p, c, at), path, i + 1, at);
	if (label && row->label == LABEL_REQUIRED) {
		struct nearest best = nearest_to(name_str(label));
		for (c = o->children; c; c = c->next)
			if (c->kind == (enum kind_id)kind && c->label)
				nearest_try(&best, name_str(c->label));
		return no_member(p, object_words(p->arena, o), &path->part[i], &best);
	}
	return value_new(p, V_NONE, at);
}

static struct value *
walk_object(struct program *p, struct object *o, const struct path *path, uint32_t i, struct span at)
{
	const struct schema *s = p->compile->schema;
	const struct part *part = &path->part[i];
	if (o->kind == K_component)
		return walk_instance(p, o, path, i, at);
	if (kind_row(o->kind)->map) {
		object_expand(p, o);
		struct entry *e = object_entry(p, o, name_str(part->name), part->at, false);
		return e && e->slot.top ? walk(p, with_origin(p, entry_value(p, o, e), at), path, i + 1, at)
					: value_new(p, V_NONE, at);
	}
	int a = schema_attr(s, o->kind, part->name);
	if (a >= 0) {
		const struct value *v = object_peek(p, o, (enum attr_id)a);
		if (v == NULL) {
			int child = schema_child(s, o->kind, part->name);
			if (child >= 0)
				return walk_child(p, o, child, path, i, at);
			return value_new(p, V_NONE, at);
		}
		return walk(p, with_origin(p, v, at), path, i + 1, at);
	}
	int child = schema_child(s, o->kind, part->name);
	if (child >= 0)
		return walk_child(p, o, child, path, i, at);
	if (is_platform_attr(o->kind, name_str(part->name)) && i + 1 == path->n) {
		struct value *v = value_new(p, V_ATTR, at);
		v->object = o;
		v->text = name_str(part->name);
		return v;
	}
	if (str_eqz(name_str(part->name), "exempt") && p->policy_self) {
		struct value *v = value_new(p, V_BOOL, at);
		return v;
	}
	struct nearest best = nearest_to(name_str(part->name));
	for (unsigned k = 0; k < kind_attr_count(s, o->kind); k++)
		nearest_try(&best, name_str(s->attr_names[kind_first_attr(s, o->kind) + k]));
	for (int k = schema_next_child(s, o->kind, -1); k >= 0; k = schema_next_child(s, o->kind, k))
		nearest_try(&best, str_of(kind_row((enum kind_id)k)->name));
	return no_member(p, object_words(p->arena, o), part, &best);
}

static struct value *
walk(struct program *p, struct value *v, const struct path *path, uint32_t i, struct span at)
{
	if (i >= path->n || v->kind == V_ERROR || v->kind == V_UNKNOWN || v->kind == V_NONE)
		return v;
	struct str name = name_str(path->part[i].name);
	switch (v->kind) {
	case V_OBJECT: return walk_object(p, v->object, path, i, at);
	case V_MAP: return walk_map(p, v, path, i, at);
	case V_RANGE:
		if (i + 1 == path->n && (str_eqz(name, "min") || str_eqz(name, "max")))
			return with_origin(p, str_eqz(name, "min") ? v->items : v->items->next, at);
		break;
	case V_EXTERNAL:
		if (v->items == NULL)
			return value_new(p, V_UNKNOWN, at);
		return walk(p, v->items, path, i, at);
	case V_INT:
		if (i + 1 == path->n && (str_eqz(name, "min") || str_eqz(name, "max")))
			return v;
		break;
	default: break;
	}
	return no_member(p, value_kind_words(v), &path->part[i], NULL);
}

/* ---- the first part ---- */

static struct value *
eval_stage(struct program *p, const struct path *path, struct span at)
{
	if (path->n == 1)
		return object_value(p, p->stage_object, at);
	struct str name = name_str(path->part[1].name);
	if (str_eqz(name, "name")) {
		struct value *v = value_text(p, at, name_str(p->stage->name));
		return walk(p, v, path, 2, at);
	}
	if (!str_eqz(name, "outputs"))
		return walk_object(p, p->stage_object, path, 1, at);
	struct value *outputs = outputs_get(p, at);
	if (outputs->kind != V_MAP)
		return outputs;
	if (path->n == 2)
		return outputs;
	struct str key = name_str(path->part[2].name);
	struct nearest best = nearest_to(key);
	for (struct value *x = outputs->items; x; x = x->next) {
		if (!str_eqz(key, x->key)) {
			nearest_try(&best, str_of(x->key));
			continue;
		}
		if (x->sensitive) {
			struct diag *g = report(p, D_E0125, path->part[2].at, "output \"%.*s\" is sensitive", (int)key.n, key.p);
			diag_hint(p->compile->diags, g, "berth never reads secrets; keep the value in a secret store and name it with ssm(…) or secretsmanager(…).");
			return value_error(p, at);
		}
		return walk(p, with_origin(p, x, at), path, 3, at);
	}
	struct diag *g = report(p, D_E0124, path->part[2].at, "stage \"%s\" has no output \"%.*s\"", p->stage->name->text, (int)key.n,
				key.p);
	diag_note(p->compile->diags, g, outputs->origin, "its outputs are read from here");
	if (best.word.p)
		diag_hint(p->compile->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	return value_error(p, at);
}

static void
unknown_declaration(struct program *p, int kind, const struct part *part)
{
	struct compile *c = p->compile;
	const char *cause = arena_printf(p->arena, "%s %s", kind_row((enum kind_id)kind)->name, part->name->text);
	if (c->incomplete || diag_again(c->diags, part->at, "and used here", cause))
		return; /* when incomplete, it is probably the declaration that was refused */
	struct diag *g = report(p, D_E0110, part->at, "there is no %s \"%s\"", kind_row((enum kind_id)kind)->name, part->name->text);
	diag_cause(c->diags, cause, g);
	struct nearest best = nearest_to(name_str(part->name));
	for (struct object *o = program_first(p, (enum kind_id)kind); o; o = object_next(o))
		if (o->label)
			nearest_try(&best, name_str(o->label));
	if (best.word.p)
		diag_hint(p->compile->diags, g, "Did you mean \"%s.%.*s\"?", kind_row((enum kind_id)kind)->name, (int)best.word.n,
			  best.word.p);
}

static struct value *
unknown_first(struct program *p, const struct path *path)
{
	const struct part *first = &path->part[0];
	struct diag *g = report(p, D_E0110, first->at, "nothing is named \"%s\"", first->name->text);
	struct nearest best = nearest_to(name_str(first->name));
	static const char *const roots[] = {"stage", "self", "param", "queue", "service", "container", "log", "job", "schedule"};
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		nearest_try(&best, str_of(roots[i]));
	for (struct component *c = p->compile->project.components; c; c = c->next)
		nearest_try(&best, name_str(c->name));
	if (best.word.p)
		diag_hint(p->compile->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else
		diag_hint(p->compile->diags, g, "A reference begins with a kind such as `queue.` or `service.`, a component, `stage.`, `self.` or `param.`; text stands in quotes.");
	return value_error(p, path->at);
}

/* `workers.blue.x`, `rails.sidekiq.worker.x`. */
static struct value *
eval_component(struct program *p, const struct path *path, struct scope *scope, struct span at)
{
	for (uint32_t n = 1; n <= 2 && n < path->n; n++) {
		struct path kind = {n, path->at, path->part};
		const struct component *comp = compile_component(p->compile, scope->module, &kind);
		if (comp == NULL)
			continue;
		struct object *o = component_instance(p, comp, path->part[n].name);
		if (o)
			return walk(p, object_value(p, o, at), path, n + 1, at);
		report(p, D_E0110, path->part[n].at, "there is no %s \"%s\"", comp->name->text, path->part[n].name->text);
		return value_error(p, at);
	}
	return NULL;
}

/*
 * What stands inside the declaration around: its containers, their ports, its volumes. `port.grpc` is looked for in
 * all its containers.
 */
static struct object *
inner_object(struct program *p, const struct path *path, const struct scope *scope)
{
	static const enum kind_id kinds[] = {K_container, K_volume};
	struct object *self = scope->self;
	const struct name *word = path->part[0].name;
	if (self == NULL || self->kind == K_COUNT || path->n < 2)
		return NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (p->compile->schema->kind_names[kinds[i]] == word)
			return object_child(p, self, kinds[i], path->part[1].name);
	if (p->compile->schema->kind_names[K_port] != word)
		return NULL;
	for (struct object *c = object_child(p, self, K_container, NULL); c; c = object_next(c)) {
		struct object *port = object_child(p, c, K_port, path->part[1].name);
		if (port)
			return port;
	}
	return NULL;
}

struct value *
eval_path(struct program *p, const struct path *path, struct scope *scope, struct span at)
{
	const struct name *first = path->part[0].name;
	struct str word = name_str(first);
	if (str_eqz(word, "stage"))
		return eval_stage(p, path, at);
	if (str_eqz(word, "self")) {
		if (scope->self == NULL) {
			report(p, D_E0110, path->part[0].at, "`self` means nothing here");
			return value_error(p, at);
		}
		return walk(p, object_value(p, scope->self, at), path, 1, at);
	}
	if (str_eqz(word, "project") && p->project_object) {
		if (path->n == 2 && str_eqz(name_str(path->part[1].name), "name"))
			return value_text(p, at, name_str(p->compile->project_name));
		return walk(p, object_value(p, p->project_object, at), path, 1, at);
	}
	struct value *v = eval_component(p, path, scope, at);
	if (v)
		return v;
	int k = schema_child(p->compile->schema, K_COUNT, first);
	if (k < 0 && (str_eqz(word, "port") || str_eqz(word, "volume")))
		k = schema_kind_by_word(word, -1);
	if (k < 0)
		return unknown_first(p, path);
	struct object *o = declaration(p, (enum kind_id)k, path->part[1].name);
	if (o == NULL || o->gone) {
		unknown_declaration(p, k, &path->part[1]);
		return value_error(p, at);
	}
	return walk(p, object_value(p, o, at), path, 2, at);
}

struct value *
eval_ref(struct program *p, const struct expr *e, struct scope *scope)
{
	const struct path *path = e->path;
	if (e->param) {
		struct value *v = eval_param(p, path->part[0].name, scope, e->at);
		return walk(p, v, path, 1, e->at);
	}
	if (path->n == 1) {
		struct str word = name_str(path->part[0].name);
		if (str_eqz(word, "self") || str_eqz(word, "stage"))
			return eval_path(p, path, scope, e->at);
		struct value *v = value_new(p, str_eqz(word, "external") ? V_EXTERNAL : V_WORD, e->at);
		v->text = word;
		return v;
	}
	struct object *inner = inner_object(p, path, scope);
	if (inner && !inner->gone)
		return walk(p, object_value(p, inner, e->at), path, 2, e->at);
	return eval_path(p, path, scope, e->at);
}

struct object *
from_object(struct program *p, const struct path *path, struct scope *scope)
{
	struct value *v;
	if (str_eqz(name_str(path->part[0].name), "param") && path->n > 1) {
		struct path rest = {path->n - 1, path->at, path->part + 1};
		v = walk(p, eval_param(p, path->part[1].name, scope, path->at), &rest, 1, path->at);
	} else if (path->n == 1) {
		struct diag *g = report(p, D_E0121, path->at, "`from` needs a reference with its kind");
		diag_hint(p->compile->diags, g, "Write the kind too: from container.%s", path->part[0].name->text);
		return NULL;
	} else {
		v = eval_path(p, path, scope, path->at);
	}
	if (v->kind == V_OBJECT)
		return v->object;
	if (v->kind != V_ERROR && v->kind != V_UNKNOWN)
		report(p, D_E0121, path->at, "`from` names a declaration, not %s", value_kind_words(v));
	return NULL;
}
