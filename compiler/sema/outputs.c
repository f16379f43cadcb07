/*
 * The outputs file of a stage: `terraform output -json` or a plain JSON
 * object. jansson reads it; its objects do not leave this file (json_loadb
 * gives a new reference, released here; the accessors lend).
 */
#include "internal.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum { OUTPUTS_MAX = 16 << 20, JSON_DEPTH_MAX = 64 };

/* One loaded file; values of later stages are copies made from the JSON. */
struct outputs {
	const char *path;
	uint32_t source; /* 0 when it could not be read */
	json_t *root;
	struct outputs *next;
};

/* The span of a top-level key in the text: for provenance of values nobody wrote in berth. */
static struct span
key_span(const struct source *s, uint32_t file, const char *key)
{
	size_t klen = strlen(key);
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < s->text.n; i++) {
		char c = s->text.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			if (depth == 1 && i + klen + 1 < s->text.n && memcmp(s->text.p + i + 1, key, klen) == 0 &&
			    s->text.p[i + 1 + klen] == '"')
				return (struct span){file, (uint32_t)i, (uint32_t)klen + 2};
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return (struct span){file, 0, 1};
}

static struct value *
convert(struct program *p, const json_t *j, struct span at, int depth)
{
	struct value *v = value_new(p, V_NONE, at);
	switch (json_typeof(j)) {
	case JSON_STRING:
		v->kind = V_STRING;
		v->text = arena_str(p->arena, (struct str){json_string_value(j), json_string_length(j)});
		break;
	case JSON_INTEGER:
		v->kind = V_INT;
		v->n = json_integer_value(j);
		break;
	case JSON_REAL: {
		double d = json_real_value(j) * 1e6;
		v->kind = d > -9e18 && d < 9e18 ? V_NUMBER : V_NONE;
		v->n = v->kind == V_NUMBER ? (int64_t)(d < 0 ? d - 0.5 : d + 0.5) : 0;
		break;
	}
	case JSON_TRUE:
	case JSON_FALSE:
		v->kind = V_BOOL;
		v->n = json_is_true(j);
		break;
	case JSON_NULL: break;
	case JSON_ARRAY: {
		struct value **tail = &v->items;
		v->kind = V_LIST;
		for (size_t i = 0; depth < JSON_DEPTH_MAX && i < json_array_size(j); i++, tail = &(*tail)->next) {
			*tail = convert(p, json_array_get(j, i), at, depth + 1);
			v->count++;
		}
		break;
	}
	case JSON_OBJECT: {
		struct value **tail = &v->items;
		const char *key;
		json_t *item;
		v->kind = V_MAP;
		if (depth >= JSON_DEPTH_MAX)
			break;
		json_object_foreach((json_t *)(uintptr_t)j, key, item) {
			*tail = convert(p, item, at, depth + 1);
			(*tail)->key = arena_strz(p->arena, str_of(key));
			tail = &(*tail)->next;
			v->count++;
		}
		break;
	}
	}
	return v;
}

/* Terraform wraps each output: {"value": …, "type": …, "sensitive": …}. */
static struct value *
convert_root(struct program *p, const struct outputs *o)
{
	const struct source *s = sources_get(p->compile->sources, o->source);
	struct value *map = value_new(p, V_MAP, (struct span){o->source, 0, 1}), **tail = &map->items;
	const char *key;
	json_t *item;
	json_object_foreach(o->root, key, item) {
		struct span at = key_span(s, o->source, key);
		const json_t *inner = json_is_object(item) ? json_object_get(item, "value") : NULL;
		bool sensitive = inner && json_is_true(json_object_get(item, "sensitive"));
		struct value *v = sensitive ? value_new(p, V_STRING, at) : convert(p, inner ? inner : item, at, 0);
		v->sensitive = sensitive;
		v->key = arena_strz(p->arena, str_of(key));
		*tail = v;
		tail = &v->next;
	}
	return map;
}

static void
report_unreadable(struct program *p, const char *path, int error, struct span at)
{
	struct diag *g = report(p, D_E0123, at, "outputs file \"%s\" cannot be read: %s", path,
				error == EISDIR ? "it is a folder" : error == ENOENT ? "it does not exist" : strerror(error));
	diag_hint(p->compile->diags, g, "Commit it: terraform output -json > %s", path);
}

static struct outputs *
load(struct program *p, const char *path, struct span at)
{
	struct compile *c = p->compile;
	for (struct outputs *o = c->outputs; o; o = o->next)
		if (strcmp(o->path, path) == 0)
			return o;
	struct outputs *o = NEW(c->arena, struct outputs);
	o->path = arena_strz(c->arena, str_of(path));
	o->next = c->outputs;
	c->outputs = o;
	struct str text;
	int error = c->read(c->read_ctx, c->arena, path, &text);
	if (error == 0 && text.n > OUTPUTS_MAX)
		error = EFBIG;
	if (error != 0) {
		report_unreadable(p, path, error, at);
		return o;
	}
	json_error_t je;
	uint32_t source = sources_add(c->sources, o->path, text, false);
	json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &je);
	if (root == NULL) {
		struct span where = {source, je.position > 0 && (size_t)je.position <= text.n ? (uint32_t)je.position - 1 : 0, 1};
		struct diag *g = report(p, D_E0123, where, "outputs file \"%s\" is not JSON: %s", path, je.text);
		diag_note(c->diags, g, at, "read for this stage");
		return o;
	}
	if (!json_is_object(root)) {
		struct diag *g = report(p, D_E0123, (struct span){source, 0, 1}, "outputs file \"%s\" is not a JSON object", path);
		diag_note(c->diags, g, at, "read for this stage");
		json_decref(root);
		return o;
	}
	o->source = source;
	o->root = root;
	return o;
}

/* The outputs of the stage as V_MAP (cached on the stage object's slot), or V_ERROR. */
struct value *
outputs_get(struct program *p, struct span at)
{
	if (p->outputs)
		return p->outputs;
	const struct value *path = object_get(p, p->stage_object, A_stage_outputs);
	if (path == NULL || path->kind == V_NONE) {
		if (span_none(at))
			return value_new(p, V_NONE, at);
		struct diag *g = report(p, D_E0124, at, "stage \"%s\" names no outputs file", p->stage->name->text);
		diag_hint(p->compile->diags, g, "Add outputs = \"infra/%s.json\" to the stage.", p->stage->name->text);
		return p->outputs = value_error(p, at);
	}
	if (path->kind != V_STRING)
		return p->outputs = value_error(p, at);
	const char *full = arena_printf(p->arena, "%s%.*s", path->text.n > 0 && path->text.p[0] == '/' ? "" : p->compile->dir,
					(int)path->text.n, path->text.p);
	struct outputs *o = load(p, full, path->origin);
	return p->outputs = o->root ? convert_root(p, o) : value_error(p, at);
}

struct value *
stage_output(struct program *p, const char *name, struct span at)
{
	struct value *all = outputs_get(p, NO_SPAN);
	if (all->kind != V_MAP)
		return NULL;
	for (struct value *v = all->items; v; v = v->next) {
		if (strcmp(v->key, name) != 0)
			continue;
		if (!v->sensitive)
			return v;
		struct diag *g = report(p, D_E0125, span_none(at) ? v->origin : at, "output \"%s\" is sensitive", name);
		diag_hint(p->compile->diags, g, "berth never reads secrets; write the setting itself.");
		return NULL;
	}
	return NULL;
}

void
outputs_free(struct compile *c)
{
	for (struct outputs *o = c->outputs; o; o = o->next)
		json_decref(o->root);
	c->outputs = NULL;
}
