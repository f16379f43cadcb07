/*
 * Constructors of the tree: one call for each action of the grammar. They look
 * nothing up, decide nothing and report nothing.
 */
#include "internal.h"

#include <string.h>

struct stmt *
ast_stmt(struct parse *p, enum stmt_kind kind, struct span at, struct span head)
{
	struct stmt *s = NEW(p->arena, struct stmt);
	s->kind = kind;
	s->at = at;
	s->head = head;
	s->key_at = at;
	return s;
}

/* The key is a path, or a quoted text whose first part is its name. */
struct stmt *
ast_setting(struct parse *p, struct span at, struct path *key, struct expr *quoted, struct span key_at, struct expr *value)
{
	struct stmt *s = ast_stmt(p, ST_SETTING, at, at);
	s->path = key;
	s->key_at = key_at;
	s->value = value;
	if (quoted)
		s->key_text = quoted->items ? quoted->items->text : STR("");
	return s;
}

struct stmt *
ast_block(struct parse *p, struct span at, struct span head, struct path *kind, struct path_list labels, struct path *from, struct body body)
{
	struct stmt *s = ast_stmt(p, ST_BLOCK, at, head);
	s->path = kind;
	s->labels = labels.v;
	s->label_count = labels.n;
	s->from = from;
	s->body = body.first;
	s->one_line = body.one_line;
	return s;
}

struct stmt *
ast_inner(struct parse *p, enum stmt_kind kind, struct span at, struct span head, struct path_list names, struct expr *cond, struct body body)
{
	struct stmt *s = ast_stmt(p, kind, at, head);
	s->labels = names.v;
	s->label_count = names.n;
	s->value = cond;
	s->body = body.first;
	s->one_line = body.one_line;
	return s;
}

struct stmt *
ast_rule(struct parse *p, enum stmt_kind kind, struct span at, struct expr *cond, struct expr *message)
{
	struct stmt *s = ast_stmt(p, kind, at, at);
	s->value = cond;
	s->message = message;
	return s;
}

struct stmt *
ast_param(struct parse *p, struct span at, const struct name *name, struct type *type, struct expr *value)
{
	struct stmt *s = ast_stmt(p, ST_PARAM, at, at);
	s->name = name;
	s->type = type;
	s->value = value;
	return s;
}

struct stmt_list
ast_add(struct stmt_list l, struct stmt *s)
{
	if (s == NULL)
		return l;
	if (l.last)
		l.last->next = s;
	else
		l.first = s;
	l.last = s;
	return l;
}

/* ---- paths ---- */

struct path *
ast_path(struct parse *p, const struct name *name, struct span at)
{
	struct path *path = NEW(p->arena, struct path);
	path->n = 1;
	path->at = at;
	path->part = NEW(p->arena, struct part);
	path->part->name = name;
	path->part->at = at;
	return path;
}

struct path *
ast_path_add(struct parse *p, struct path *path, const struct name *name, struct span at, struct span all)
{
	if ((path->n & (path->n - 1)) == 0) { /* full at every power of two */
		struct part *parts = arena_array(p->arena, 2 * (size_t)path->n, sizeof *parts);
		memcpy(parts, path->part, path->n * sizeof *parts);
		path->part = parts;
	}
	path->part[path->n] = (struct part){name, at};
	path->n++;
	path->at = all;
	return path;
}

/* `param.x` as a path whose first part is the word itself, for `from`. */
struct path *
ast_param_path(struct parse *p, struct span param, struct path *rest, struct span all)
{
	struct path *path = ast_path(p, name_getz(p->names, "param"), param);
	for (uint32_t i = 0; i < rest->n; i++)
		path = ast_path_add(p, path, rest->part[i].name, rest->part[i].at, all);
	return path;
}

struct path_list
ast_paths(struct parse *p, struct path_list l, const struct path *path)
{
	if ((l.n & (l.n - 1)) == 0) {
		struct path *v = arena_array(p->arena, l.n ? 2 * (size_t)l.n : 1, sizeof *v);
		if (l.n > 0)
			memcpy(v, l.v, l.n * sizeof *v);
		l.v = v;
	}
	l.v[l.n++] = *path;
	return l;
}

/* ---- expressions ---- */

struct expr *
ast_literal(struct parse *p, enum expr_kind kind, struct span at, struct str text)
{
	struct expr *e = NEW(p->arena, struct expr);
	e->kind = kind;
	e->at = at;
	e->text = text;
	return e;
}

struct expr *
ast_binary(struct parse *p, enum op op, struct expr *left, struct expr *right, struct span at)
{
	struct expr *e = ast_literal(p, EX_BINARY, at, STR(""));
	e->op = op;
	e->left = left;
	e->right = right;
	return e;
}

struct expr *
ast_unary(struct parse *p, enum op op, struct expr *operand, struct span at)
{
	struct expr *e = ast_literal(p, EX_UNARY, at, STR(""));
	e->op = op;
	e->left = operand;
	return e;
}

struct expr *
ast_ref(struct parse *p, struct path *path, bool param, struct span at)
{
	struct expr *e = ast_literal(p, EX_REF, at, STR(""));
	e->path = path;
	e->param = param;
	return e;
}

struct expr *
ast_call(struct expr *ref, struct expr_list args, struct span at)
{
	ref->kind = EX_CALL;
	ref->at = at;
	ref->items = args.first;
	return ref;
}

struct expr *
ast_list(struct parse *p, struct expr_list items, struct span at)
{
	struct expr *e = ast_literal(p, EX_LIST, at, STR(""));
	e->items = items.first;
	return e;
}

struct expr *
ast_string(struct parse *p, struct expr_list parts, bool is_text, struct span at)
{
	struct expr *e = ast_literal(p, EX_STRING, at, STR(""));
	e->items = parts.first;
	e->is_text = is_text;
	return e;
}

struct expr_list
ast_append(struct expr_list l, struct expr *e)
{
	if (l.last)
		l.last->next = e;
	else
		l.first = e;
	l.last = e;
	return l;
}

struct expr_list
ast_part(struct parse *p, struct expr_list l, struct str text, struct span at)
{
	return ast_append(l, ast_literal(p, EX_STRING, at, text));
}

struct expr_list
ast_join(struct expr_list a, struct expr_list b)
{
	if (b.first == NULL)
		return a;
	if (a.last)
		a.last->next = b.first;
	else
		a.first = b.first;
	a.last = b.last;
	return a;
}

/* ---- types ---- */

struct type *
ast_type(struct parse *p, const struct name *name, struct type *inner, struct span at)
{
	struct type *t = NEW(p->arena, struct type);
	t->name = name;
	t->inner = inner;
	t->at = at;
	return t;
}

struct type *
ast_union(struct parse *p, struct type *left, struct type *right, struct span at)
{
	struct type *last;
	if (left->alternatives == NULL) {
		struct type *u = ast_type(p, NULL, NULL, at);
		u->alternatives = left;
		u->optional = left->optional;
		left = u;
	}
	for (last = left->alternatives; last->next; last = last->next)
		;
	last->next = right;
	left->optional |= right->optional;
	left->at = at;
	return left;
}

struct type *
ast_optional(struct type *t)
{
	t->optional = true;
	return t;
}
