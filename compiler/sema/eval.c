/*
 * Expressions to values. Pure: what an expression gives depends on the
 * program, the stage and --set alone. An operand that was reported, or that is
 * not known, makes a result that is silent in the same way.
 */
#include "internal.h"

#include <string.h>

static bool
silent(const struct value *v)
{
	return v->kind == V_ERROR || v->kind == V_UNKNOWN;
}

static struct value *
too_large(struct program *p, const struct expr *e)
{
	int n = e->text.n > 40 ? 40 : (int)e->text.n;
	struct diag *g = report(p, D_E0105, e->at, "%.*s%s does not fit", n, e->text.p, e->text.n > 40 ? "…" : "");
	diag_hint(p->compile->diags, g, "Numbers go up to about nine million million, with at most six decimals; a size is a whole number of bytes, CPU has at most three decimals.");
	return value_error(p, e->at);
}

struct value *
value_literal(struct program *p, const struct expr *e)
{
	struct value *v = value_new(p, V_NONE, e->at);
	bool ok = true;
	switch (e->kind) {
	case EX_NUMBER:
		v->kind = memchr(e->text.p, '.', e->text.n) ? V_NUMBER : V_INT;
		ok = v->kind == V_INT ? lit_int(e->text, &v->n) : lit_number(e->text, &v->n);
		break;
	case EX_DURATION: v->kind = V_DURATION; ok = lit_duration(e->text, &v->n); break;
	case EX_BYTES: v->kind = V_BYTES; ok = lit_bytes(e->text, &v->n); break;
	case EX_CPU: v->kind = V_CPU; ok = lit_cpu(e->text, &v->n); break;
	case EX_PERCENT: v->kind = V_PERCENT; ok = lit_percent(e->text, &v->n); break;
	case EX_RATE: v->kind = V_RATE; ok = lit_rate(e->text, &v->n, &v->m); break;
	case EX_TRUE: v->kind = V_BOOL; v->n = 1; break;
	case EX_FALSE: v->kind = V_BOOL; break;
	default: break;
	}
	return ok ? v : too_large(p, e);
}

bool
value_as_text(struct program *p, const struct value *v, struct span at, struct buf *b)
{
	switch (v->kind) {
	case V_STRING:
	case V_WORD: buf_adds(b, v->text); return true;
	case V_BOOL:
	case V_INT:
	case V_NUMBER:
	case V_DURATION:
	case V_BYTES:
	case V_CPU:
	case V_PERCENT:
	case V_RATE: value_show(v, b); return true;
	case V_SECRET: {
		struct diag *g = report(p, D_E0116, at, "a secret cannot become part of a text");
		diag_hint(p->compile->diags, g, "Give the whole value in `secrets { }`; the application reads it from its environment.");
		return false;
	}
	case V_ERROR: return false;
	default: {
		struct diag *g = report(p, D_E0104, at, "%s cannot become part of a text", value_kind_words(v));
		if (v->kind == V_NONE)
			diag_hint(p->compile->diags, g, "The value is not set in this stage.");
		return false;
	}
	}
}

/* Append a part to a list of text parts, joining neighbouring strings. */
static void
flush_text(struct program *p, struct value *text, struct value **last, struct buf *b, struct span at)
{
	if (b->n == 0)
		return;
	struct value *v = value_text(p, at, arena_str(p->arena, buf_str(b)));
	b->n = 0;
	if (*last)
		(*last)->next = v;
	else
		text->items = v;
	*last = v;
	text->count++;
}

static struct value *
eval_string(struct program *p, const struct expr *e, struct scope *scope)
{
	const struct expr *part = e->items;
	if (part == NULL || (part->next == NULL && part->kind == EX_STRING && part->items == NULL))
		return value_text(p, e->at, part ? part->text : STR(""));
	struct value *text = value_new(p, V_TEXT, e->at), *last = NULL;
	struct buf b = {0};
	bool bad = false, unknown = false, attrs = false;
	for (; part; part = part->next) {
		if (part->kind == EX_STRING && part->items == NULL) {
			buf_adds(&b, part->text);
			continue;
		}
		struct value *v = eval_expr(p, part, scope);
		unknown |= v->kind == V_UNKNOWN;
		if (v->kind == V_ATTR || v->kind == V_TEXT) {
			flush_text(p, text, &last, &b, e->at);
			attrs = true;
			struct value *copy = value_new(p, V_NONE, v->origin);
			*copy = *v;
			copy->next = NULL;
			if (last)
				last->next = copy;
			else
				text->items = copy;
			last = copy;
			text->count++;
		} else if (!silent(v) && !value_as_text(p, v, part->at, &b)) {
			bad = true;
		} else {
			bad |= v->kind == V_ERROR;
		}
	}
	struct value *out = text;
	if (bad)
		out = value_error(p, e->at);
	else if (unknown)
		out = value_new(p, V_UNKNOWN, e->at);
	else if (!attrs)
		out = value_text(p, e->at, arena_str(p->arena, buf_str(&b)));
	else
		flush_text(p, text, &last, &b, e->at);
	buf_free(&b);
	return out;
}

static struct value *
eval_list(struct program *p, const struct expr *e, struct scope *scope)
{
	struct value *list = value_new(p, V_LIST, e->at), *last = NULL;
	for (const struct expr *i = e->items; i; i = i->next) {
		struct value *v = eval_expr(p, i, scope);
		if (v->kind == V_ERROR)
			return v;
		if (v->next || v == last || v->origin.off != i->at.off) {
			struct value *copy = value_new(p, V_NONE, i->at);
			*copy = *v;
			copy->next = NULL;
			v = copy;
		}
		if (last)
			last->next = v;
		else
			list->items = v;
		last = v;
		list->count++;
	}
	return list;
}

static struct value *
bool_value(struct program *p, const struct expr *e, bool b)
{
	struct value *v = value_new(p, V_BOOL, e->at);
	v->n = b;
	return v;
}

static struct value *
bad_operands(struct program *p, const struct expr *e, const struct value *a, const struct value *b)
{
	struct diag *g = a->kind == V_SECRET || b->kind == V_SECRET
		? report(p, D_E0116, e->at, "a secret cannot be compared or calculated with")
		: report(p, D_E0117, e->at, "\"%s\" does not work between %s and %s", op_text(e->op), value_kind_words(a),
			 value_kind_words(b));
	if (a->kind != V_SECRET && b->kind != V_SECRET)
		diag_hint(p->compile->diags, g, "Both sides must be of one kind; units convert only within their dimension.");
	return value_error(p, e->at);
}

static struct value *
eval_logic(struct program *p, const struct expr *e, struct scope *scope)
{
	struct value *a = eval_expr(p, e->left, scope);
	if (a->kind == V_BOOL && (a->n != 0) == (e->op == OP_OR))
		return a;
	struct value *b = eval_expr(p, e->right, scope);
	if (b->kind == V_BOOL && (b->n != 0) == (e->op == OP_OR))
		return b;
	if (silent(a) || silent(b))
		return silent(a) ? a : b;
	if (a->kind != V_BOOL || b->kind != V_BOOL)
		return bad_operands(p, e, a, b);
	return b;
}

/* `x in a..b`, `x in [..]`. */
static struct value *
eval_in(struct program *p, const struct expr *e, const struct value *a, const struct value *b)
{
	if (b->kind == V_LIST) {
		for (const struct value *i = b->items; i; i = i->next)
			if (value_equal(a, i))
				return bool_value(p, e, true);
		return bool_value(p, e, false);
	}
	if (b->kind != V_RANGE)
		return bad_operands(p, e, a, b);
	int lo = value_compare(a, b->items), hi = value_compare(a, b->items->next);
	if (lo == -2 || hi == -2)
		return bad_operands(p, e, a, b);
	return bool_value(p, e, lo >= 0 && hi <= 0);
}

static bool
is_scalar_number(const struct value *v)
{
	return v->kind == V_INT || v->kind == V_NUMBER || v->kind == V_DURATION || v->kind == V_BYTES || v->kind == V_CPU ||
	       v->kind == V_PERCENT;
}

static struct value *
eval_range(struct program *p, const struct expr *e, struct value *a, struct value *b)
{
	if (!is_scalar_number(a) || a->kind != b->kind)
		return bad_operands(p, e, a, b);
	if (a->n > b->n) {
		struct diag *g = report(p, D_E0105, e->at, "the range runs backwards");
		diag_hint(p->compile->diags, g, "Write the smaller side first.");
		return value_error(p, e->at);
	}
	struct value *v = value_new(p, V_RANGE, e->at);
	struct value *lo = value_new(p, a->kind, a->origin), *hi = value_new(p, b->kind, b->origin);
	lo->n = a->n;
	hi->n = b->n;
	lo->next = hi;
	v->items = lo;
	v->count = 2;
	return v;
}

static struct value *
overflow(struct program *p, const struct expr *e)
{
	report(p, D_E0105, e->at, "the result does not fit");
	return value_error(p, e->at);
}

/* + - between one kind; * and / with a plain number on one side, or / between one kind. */
static struct value *
eval_arithmetic(struct program *p, const struct expr *e, struct value *a, struct value *b)
{
	if (!is_scalar_number(a) || !is_scalar_number(b))
		return bad_operands(p, e, a, b);
	struct value *v = value_new(p, a->kind, e->at);
	int64_t x = a->n, y = b->n;
	bool scaled = false;
	if (a->kind == V_NUMBER && b->kind == V_INT && (e->op == OP_ADD || e->op == OP_SUB))
		scaled = __builtin_mul_overflow(y, 1000000, &y);
	else if (a->kind == V_INT && b->kind == V_NUMBER && (e->op == OP_ADD || e->op == OP_SUB)) {
		scaled = __builtin_mul_overflow(x, 1000000, &x);
		v->kind = V_NUMBER;
	} else if (e->op == OP_ADD || e->op == OP_SUB) {
		if (a->kind != b->kind)
			return bad_operands(p, e, a, b);
	} else if (e->op == OP_MUL) {
		if (a->kind != V_INT && a->kind != V_NUMBER) {
			if (b->kind != V_INT && b->kind != V_NUMBER)
				return bad_operands(p, e, a, b);
		} else {
			v->kind = b->kind == V_INT ? a->kind : b->kind;
		}
	}
	if (scaled)
		return overflow(p, e);
	__int128 r = 0;
	switch (e->op) {
	case OP_ADD: r = (__int128)x + y; break;
	case OP_SUB: r = (__int128)x - y; break;
	case OP_MUL:
		r = (__int128)x * y;
		if (a->kind == V_NUMBER || b->kind == V_NUMBER)
			r /= 1000000;
		break;
	default:
		if (y == 0) {
			report(p, D_E0117, e->at, "division by zero");
			return value_error(p, e->at);
		}
		if (a->kind == b->kind) {
			v->kind = V_NUMBER;
			r = (__int128)x * 1000000 / y;
			if (r % 1000000 == 0) {
				v->kind = V_INT;
				r /= 1000000;
			}
		} else if (b->kind == V_INT) {
			r = x / y;
		} else if (b->kind == V_NUMBER) {
			r = (__int128)x * 1000000 / y * (a->kind == V_INT ? 1 : 1);
		} else {
			return bad_operands(p, e, a, b);
		}
	}
	if (r > INT64_MAX || r < INT64_MIN)
		return overflow(p, e);
	v->n = (int64_t)r;
	return v;
}

/* A bare word against a closed set: the word must be in it. */
static void
check_word(struct program *p, const struct value *closed, const struct value *word)
{
	if (word->kind != V_WORD || closed->kind != V_STRING || closed->text.p != p->stage->name->text)
		return;
	const struct name *n = name_find(p->compile->names, word->text.p, word->text.n);
	if (n == NULL || map_get(&p->compile->stage_by_name, n) == NULL) {
		struct diag *g = report(p, D_E0111, word->origin, "there is no stage \"%.*s\"", (int)word->text.n, word->text.p);
		struct nearest best = nearest_to(word->text);
		for (size_t i = 0; i < p->compile->stages.n; i++)
			nearest_try(&best, name_str(p->compile->stages.v[i].name));
		if (best.word.p)
			diag_hint(p->compile->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	}
}

static struct value *
eval_binary(struct program *p, const struct expr *e, struct scope *scope)
{
	if (e->op == OP_AND || e->op == OP_OR)
		return eval_logic(p, e, scope);
	struct value *a = eval_expr(p, e->left, scope), *b = eval_expr(p, e->right, scope);
	if (silent(a) || silent(b))
		return a->kind == V_ERROR || b->kind != V_ERROR ? (silent(a) ? a : b) : b;
	bool none = a->kind == V_NONE || b->kind == V_NONE;
	int c;
	switch (e->op) {
	case OP_EQ:
	case OP_NE:
		if ((a->kind == V_SECRET || b->kind == V_SECRET) && !none)
			return bad_operands(p, e, a, b);
		check_word(p, a, b);
		check_word(p, b, a);
		if (!none && a->kind != b->kind && value_compare(a, b) == -2 &&
		    !((a->kind == V_STRING || a->kind == V_WORD) && (b->kind == V_STRING || b->kind == V_WORD)))
			return bad_operands(p, e, a, b);
		return bool_value(p, e, value_equal(a, b) == (e->op == OP_EQ));
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		c = value_compare(a, b);
		if (c == -2)
			return bad_operands(p, e, a, b);
		return bool_value(p, e, e->op == OP_LT ? c < 0 : e->op == OP_LE ? c <= 0 : e->op == OP_GT ? c > 0 : c >= 0);
	case OP_IN: return eval_in(p, e, a, b);
	case OP_RANGE: return eval_range(p, e, a, b);
	default: return eval_arithmetic(p, e, a, b);
	}
}

static struct value *
eval_unary(struct program *p, const struct expr *e, struct scope *scope)
{
	struct value *a = eval_expr(p, e->left, scope);
	if (silent(a))
		return a;
	if (e->op == OP_NOT && a->kind == V_BOOL)
		return bool_value(p, e, a->n == 0);
	if (e->op == OP_NEG && is_scalar_number(a)) {
		struct value *v = value_new(p, a->kind, e->at);
		v->n = -a->n;
		return v;
	}
	report(p, D_E0117, e->at, "\"%s\" does not work on %s", op_text(e->op), value_kind_words(a));
	return value_error(p, e->at);
}

struct value *
eval_expr(struct program *p, const struct expr *e, struct scope *scope)
{
	if (e == NULL)
		return value_error(p, NO_SPAN);
	if (p->depth >= EVAL_DEPTH_MAX) {
		report(p, D_E0114, e->at, "values depend on each other more than %d deep", EVAL_DEPTH_MAX);
		return value_error(p, e->at);
	}
	struct value *v = NULL;
	p->depth++;
	switch (e->kind) {
	case EX_STRING: v = eval_string(p, e, scope); break;
	case EX_LIST: v = eval_list(p, e, scope); break;
	case EX_REF: v = eval_ref(p, e, scope); break;
	case EX_CALL: v = eval_call(p, e, scope); break;
	case EX_UNARY: v = eval_unary(p, e, scope); break;
	case EX_BINARY: v = eval_binary(p, e, scope); break;
	case EX_ERROR: v = value_error(p, e->at); break;
	default: v = value_literal(p, e); break;
	}
	p->depth--;
	return v;
}
