/*
 * The built-in functions: four that name secrets, and a few pure ones.
 */
#include "internal.h"

#include <string.h>

static const struct function_row functions[] = {
#define FUNCTION(id, name, fewest, most, doc, example) {name, fewest, most, doc, example},
#include "berth/schema/functions.def"
#undef FUNCTION
};

const struct function_row *
function_row(enum function_id f)
{
	return &functions[f];
}

static int
find_function(struct str name)
{
	for (int i = 0; i < FN_COUNT; i++)
		if (str_eqz(name, functions[i].name))
			return i;
	return -1;
}

static struct value *
bad_argument(struct program *p, const struct expr *e, const struct value *v, const char *wants)
{
	if (v->kind == V_ERROR || v->kind == V_UNKNOWN)
		return value_new(p, v->kind, e->at);
	report(p, v->kind == V_SECRET ? D_E0116 : D_E0129, v->origin, "%s takes %s, not %s", e->path->part[0].name->text, wants,
	       value_kind_words(v));
	return value_error(p, e->at);
}

static struct value *
change_case(struct program *p, const struct expr *e, const struct value *v, bool upper)
{
	if (v->kind != V_STRING)
		return bad_argument(p, e, v, "text");
	char *t = arena_strz(p->arena, v->text);
	for (size_t i = 0; i < v->text.n; i++) {
		if (upper && t[i] >= 'a' && t[i] <= 'z')
			t[i] = (char)(t[i] - 32);
		else if (!upper && t[i] >= 'A' && t[i] <= 'Z')
			t[i] = (char)(t[i] + 32);
	}
	return value_text(p, e->at, (struct str){t, v->text.n});
}

/* Where `needle` begins in s from `from`, or s.n. */
static size_t
find_text(struct str s, struct str needle, size_t from)
{
	for (; needle.n > 0 && from + needle.n <= s.n; from++)
		if (memcmp(s.p + from, needle.p, needle.n) == 0)
			return from;
	return s.n;
}

static struct value *
fn_replace(struct program *p, const struct expr *e, const struct value *s, const struct value *from, const struct value *to)
{
	struct buf b = {0};
	size_t at = 0, hit;
	while ((hit = find_text(s->text, from->text, at)) < s->text.n) {
		buf_add(&b, s->text.p + at, hit - at);
		buf_adds(&b, to->text);
		at = hit + from->text.n;
	}
	buf_add(&b, s->text.p + at, s->text.n - at);
	struct value *v = value_text(p, e->at, arena_str(p->arena, buf_str(&b)));
	buf_free(&b);
	return v;
}

static struct value *
fn_split(struct program *p, const struct expr *e, const struct value *s, const struct value *sep)
{
	struct value *list = value_new(p, V_LIST, e->at), **at = &list->items;
	size_t from = 0;
	for (;;) {
		size_t hit = find_text(s->text, sep->text, from);
		*at = value_text(p, e->at, (struct str){s->text.p + from, hit - from});
		at = &(*at)->next;
		list->count++;
		if (hit >= s->text.n)
			return list;
		from = hit + sep->text.n;
	}
}

static struct value *
fn_join(struct program *p, const struct expr *e, const struct value *list, const struct value *sep)
{
	struct buf b = {0};
	bool ok = true;
	for (const struct value *i = list->items; i && ok; i = i->next) {
		ok = value_as_text(p, i, i->origin, &b);
		if (i->next)
			buf_adds(&b, sep->text);
	}
	struct value *v = ok ? value_text(p, e->at, arena_str(p->arena, buf_str(&b))) : value_error(p, e->at);
	buf_free(&b);
	return v;
}

static struct value *
fn_extreme(struct program *p, const struct expr *e, struct value *args, int sign)
{
	struct value *best = args->kind == V_LIST && args->next == NULL ? args->items : args;
	if (best == NULL)
		return bad_argument(p, e, args, "at least one value");
	for (struct value *v = best->next; v; v = v->next) {
		int c = value_compare(v, best);
		if (c == -2)
			return bad_argument(p, e, v, "values of one kind");
		if (c * sign > 0)
			best = v;
	}
	struct value *out = value_new(p, best->kind, e->at);
	*out = *best;
	out->next = NULL;
	out->origin = e->at;
	return out;
}

static struct value *
secret(struct program *p, const struct expr *e, struct value *args)
{
	for (struct value *v = args; v; v = v->next)
		if (v->kind != V_STRING)
			return bad_argument(p, e, v, "text");
	struct value *s = value_new(p, V_SECRET, e->at);
	s->text = name_str(e->path->part[0].name);
	s->items = args;
	return s;
}

static struct value *
call(struct program *p, const struct expr *e, enum function_id f, struct value *args)
{
	struct value *b = args->next, *c = b ? b->next : NULL;
	switch (f) {
	case FN_SSM:
	case FN_SECRETSMANAGER:
	case FN_SOPS:
	case FN_KUBERNETES_SECRET: return secret(p, e, args);
	case FN_EXTERNAL: {
		struct value *v = value_new(p, V_EXTERNAL, e->at);
		v->items = args;
		return v;
	}
	case FN_LOWER: return change_case(p, e, args, false);
	case FN_UPPER: return change_case(p, e, args, true);
	case FN_LEN: {
		if (args->kind != V_LIST && args->kind != V_STRING)
			return bad_argument(p, e, args, "a list or text");
		struct value *v = value_new(p, V_INT, e->at);
		v->n = args->kind == V_LIST ? args->count : (int64_t)utf8_count(args->text);
		return v;
	}
	case FN_MIN: return fn_extreme(p, e, args, -1);
	case FN_MAX: return fn_extreme(p, e, args, 1);
	case FN_JOIN:
		if (args->kind != V_LIST)
			return bad_argument(p, e, args, "a list and a separator");
		return b->kind == V_STRING ? fn_join(p, e, args, b) : bad_argument(p, e, b, "text as separator");
	case FN_SPLIT:
	case FN_REPLACE:
		for (struct value *v = args; v; v = v->next)
			if (v->kind != V_STRING)
				return bad_argument(p, e, v, "text");
		if (b->text.n == 0) {
			report(p, D_E0129, b->origin, "the text to look for is empty");
			return value_error(p, e->at);
		}
		return f == FN_SPLIT ? fn_split(p, e, args, b) : fn_replace(p, e, args, b, c);
	case FN_COUNT: break;
	}
	return value_error(p, e->at);
}

struct value *
eval_call(struct program *p, const struct expr *e, struct scope *scope)
{
	struct str name = name_str(e->path->part[0].name);
	int f = e->path->n == 1 ? find_function(name) : -1;
	if (f < 0) {
		struct diag *g = report(p, D_E0129, e->path->at, "there is no function \"%.*s\"", (int)name.n, name.p);
		struct nearest best = nearest_to(name);
		for (int i = 0; i < FN_COUNT; i++)
			nearest_try(&best, str_of(functions[i].name));
		if (best.word.p)
			diag_hint(p->compile->diags, g, "Did you mean %.*s(…)?", (int)best.word.n, best.word.p);
		return value_error(p, e->at);
	}
	struct value *args = NULL, **at = &args;
	unsigned n = 0;
	enum value_kind silent = V_NONE;
	for (const struct expr *i = e->items; i; i = i->next, n++) {
		struct value *v = eval_expr(p, i, scope);
		if (v->kind == V_ERROR || (v->kind == V_UNKNOWN && silent != V_ERROR))
			silent = v->kind;
		*at = value_new(p, V_NONE, i->at);
		**at = *v;
		(*at)->next = NULL;
		at = &(*at)->next;
	}
	if (n < functions[f].fewest || n > functions[f].most) {
		struct diag *g = report(p, D_E0129, e->at, "%s takes %u argument%s%s, not %u", functions[f].name, functions[f].fewest,
					functions[f].fewest == 1 ? "" : "s", functions[f].most > functions[f].fewest ? " or more" : "", n);
		diag_hint(p->compile->diags, g, "For example: %s", functions[f].example);
		return value_error(p, e->at);
	}
	if (silent != V_NONE)
		return value_new(p, silent, e->at);
	return call(p, e, (enum function_id)f, args);
}
