/*
 * Making a value fit its row: type, words, bounds. Units convert only within
 * their dimension; nothing is guessed.
 */
#include "internal.h"

#include "berth/cron.h"

#include <string.h>

/* The type bit a plain value answers to. */
static unsigned
bit_of(const struct value *v)
{
	switch (v->kind) {
	case V_BOOL: return TY_BOOL;
	case V_INT: return TY_INT;
	case V_NUMBER: return TY_NUMBER;
	case V_STRING: return TY_STRING;
	case V_DURATION: return TY_DURATION;
	case V_BYTES: return TY_BYTES;
	case V_CPU: return TY_CPU;
	case V_PERCENT: return TY_PERCENT;
	case V_RATE: return TY_RATE;
	case V_RANGE: return TY_RANGE;
	case V_WORD: return TY_WORD;
	case V_LIST: return TY_LIST;
	case V_OBJECT: return TY_REF;
	case V_SECRET: return TY_SECRET;
	case V_ATTR:
	case V_TEXT: return TY_STRING;
	case V_EXTERNAL: return TY_EXTERNAL;
	default: return 0;
	}
}

static bool
word_in(const char *words, struct str w)
{
	for (; words && *words; words += strcspn(words, " "), words += *words == ' ')
		if (str_eq(w, (struct str){words, strcspn(words, " ")}))
			return true;
	return false;
}

static void
hint_word(struct program *p, struct diag *g, const char *words, struct str w)
{
	struct nearest best = nearest_to(w);
	struct buf all = {0};
	for (; words && *words; words += strcspn(words, " "), words += *words == ' ') {
		struct str one = {words, strcspn(words, " ")};
		nearest_try(&best, one);
		if (all.n > 0)
			buf_addz(&all, ", ");
		buf_adds(&all, one);
	}
	if (best.word.p)
		diag_hint(p->compile->diags, g, "Did you mean %.*s? The words are %.*s.", (int)best.word.n, best.word.p, (int)all.n, all.p);
	else
		diag_hint(p->compile->diags, g, "The words are %.*s.", (int)all.n, all.p);
	buf_free(&all);
}

/* "cpu of container \"puma\"": only made when there is something to say. */
static const char *
subject(struct program *p, const struct attr_row *row, const struct object *o)
{
	return o ? arena_printf(p->arena, "%s of %s", row->name, object_words(p->arena, o))
		 : arena_printf(p->arena, "parameter \"%s\"", row->name);
}

/* The cause of a refusal: one place may be read for many declarations that take it over. */
static const char *
wrong_value(struct program *p, const struct value *v, const struct attr_row *row)
{
	return arena_printf(p->arena, "value %u:%u:%u for %s", v->origin.file, v->origin.off, v->origin.len, row->name);
}

static struct value *
wrong_type(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	struct buf shown = {0};
	const char *what = subject(p, row, o), *cause = wrong_value(p, v, row);
	struct diag *g;
	struct diags *d = p->compile->diags;
	if (diag_again(d, v->origin, NULL, cause))
		return value_error(p, v->origin);
	value_show(v, &shown);
	const char *wants = schema_type_words(p->arena, row->types, row->words, row->ref);
	if (v->kind == V_SECRET) {
		g = report(p, D_E0116, v->origin, "%s cannot be a secret", what);
		diag_hint(d, g, "Secrets stand in `secrets { NAME = … }` of a container only.");
	} else if (v->kind == V_WORD && (row->types & TY_WORD)) {
		g = report(p, D_E0106, v->origin, "%s cannot be \"%.*s\"", what, (int)v->text.n, v->text.p);
		hint_word(p, g, row->words, v->text);
	} else {
		g = report(p, D_E0104, v->origin, "%s cannot be %s %.*s", what, value_kind_words(v), shown.n > 60 ? 0 : (int)shown.n,
			   shown.p);
		if (v->kind == V_PERCENT && (row->types & TY_RANGE))
			diag_hint(d, g, "It takes a pair, for example: %s", row->example);
		else if (v->kind == V_WORD && (row->types & (TY_STRING | TY_ANY)))
			diag_hint(d, g, "Text stands in quotes: \"%.*s\".", (int)v->text.n, v->text.p);
		else if (v->kind == V_STRING && (row->types & TY_WORD) && word_in(row->words, v->text))
			diag_hint(d, g, "Write the bare word %.*s, without quotes.", (int)v->text.n, v->text.p);
		else if (v->kind == V_INT && (row->types & TY_DURATION))
			diag_hint(d, g, "A duration has a unit: %.*ss.", (int)shown.n, shown.p);
		else if (v->kind == V_INT && (row->types & TY_BYTES))
			diag_hint(d, g, "A size has a unit: %.*sMiB.", (int)shown.n, shown.p);
		else if ((v->kind == V_INT || v->kind == V_NUMBER) && (row->types & TY_CPU))
			diag_hint(d, g, "CPU has a unit: %.*svcpu.", (int)shown.n, shown.p);
		else if (v->kind == V_INT && (row->types & TY_PERCENT))
			diag_hint(d, g, "A share is a percentage: %.*s%%.", (int)shown.n, shown.p);
		else
			diag_hint(d, g, "It takes %s.", wants);
	}
	diag_cause(d, cause, g);
	buf_free(&shown);
	return value_error(p, v->origin);
}

static void
show_bound(struct program *p, const struct value *like, int64_t n, struct buf *b)
{
	struct value v = *like;
	v.n = n;
	(void)p;
	value_show(&v, b);
}

static struct value *
check_bounds(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	int64_t n = v->n;
	if (v->kind == V_NUMBER || v->kind == V_BOOL || v->kind == V_RATE || (row->max == 0 && row->min == 0))
		return v;
	bool low = n < row->min, high = row->max != 0 && n > row->max;
	if (!low && !high)
		return v;
	const char *cause = wrong_value(p, v, row);
	if (diag_again(p->compile->diags, v->origin, NULL, cause))
		return value_error(p, v->origin);
	struct buf shown = {0}, bound = {0};
	value_show(v, &shown);
	show_bound(p, v, low ? row->min : row->max, &bound);
	const char *what = subject(p, row, o);
	struct diag *g = report(p, D_E0105, v->origin, "%s is %.*s, %s than %.*s", what, (int)shown.n, shown.p,
				low ? "less" : "more", (int)bound.n, bound.p);
	diag_hint(p->compile->diags, g, "The %s that works is %.*s%s%s%s.", low ? "least" : "most", (int)bound.n, bound.p,
		  row->source ? " (" : "", row->source ? row->source : "", row->source ? ")" : "");
	diag_cause(p->compile->diags, cause, g);
	buf_free(&shown);
	buf_free(&bound);
	return value_error(p, v->origin);
}

static struct value *
check_cron(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	struct cron c;
	const char *why = NULL;
	size_t at = 0, len = 0;
	enum cron_error e = cron_parse(p->arena, v->text, &c, &why, &at, &len);
	if (e == CRON_OK)
		return v;
	struct span where = v->origin;
	const struct source *s = where.file ? sources_get(p->compile->sources, where.file) : NULL;
	/* inside a plain literal the place is exact */
	if (s && where.len == v->text.n + 2 && s->text.p[where.off] == '"') {
		where.off += 1 + (uint32_t)at;
		where.len = len ? (uint32_t)len : 1;
	}
	report(p, D_E0132, where, "%s is not a schedule that every cron reads alike: %s", subject(p, row, o), why ? why : cron_error_word(e));
	return value_error(p, v->origin);
}

static struct value *
coerce_list(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	struct attr_row item = *row;
	item.types &= ~(unsigned)(TY_LIST | TY_EXTERNAL);
	struct value *out = value_new(p, V_LIST, v->origin), *last = NULL;
	out->count = v->count;
	for (struct value *i = v->items, *next; i; i = next) {
		next = i->next;
		struct value *c = coerce(p, i, &item, o);
		if (c->kind == V_ERROR)
			return c;
		if (c == i) {
			c = value_new(p, V_NONE, i->origin);
			*c = *i;
		}
		c->next = NULL;
		if (last)
			last->next = c;
		else
			out->items = c;
		last = c;
	}
	return out;
}

static struct value *
coerce_range(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	struct attr_row side = *row;
	side.types &= ~(unsigned)(TY_RANGE | TY_EXTERNAL);
	for (const struct value *i = v->items; i; i = i->next) {
		if ((side.types & bit_of(i)) == 0)
			return wrong_type(p, v, row, o);
		struct value copy = *i;
		copy.origin = v->origin;
		if (check_bounds(p, &copy, &side, o)->kind == V_ERROR)
			return value_error(p, v->origin);
	}
	return v;
}

struct value *
coerce(struct program *p, struct value *v, const struct attr_row *row, const struct object *o)
{
	unsigned types = row->types;
	if (v->kind == V_ERROR || v->kind == V_UNKNOWN || v->kind == V_NONE || types == ~0u)
		return v;
	unsigned bit = bit_of(v);
	if (v->kind == V_LIST && (types & TY_LIST))
		return coerce_list(p, v, row, o);
	if (v->kind == V_RANGE && (types & TY_RANGE))
		return coerce_range(p, v, row, o);
	if (v->kind == V_WORD && (types & TY_WORD))
		return row->words == NULL || word_in(row->words, v->text) ? v : wrong_type(p, v, row, o);
	if (v->kind == V_EXTERNAL && (types & TY_EXTERNAL)) {
		if (v->items) {
			struct attr_row first = *row;
			first.types &= ~(unsigned)TY_EXTERNAL;
			if (coerce(p, v->items, &first, o)->kind == V_ERROR)
				return value_error(p, v->origin);
		}
		return v;
	}
	if (v->kind == V_OBJECT && (types & TY_REF))
		return v->object->kind == row->ref ? v : wrong_type(p, v, row, o);
	if ((types & TY_CRON) && v->kind == V_STRING)
		return check_cron(p, v, row, o);
	if ((types & TY_ANY) && (bit & (TY_STRING | TY_INT | TY_NUMBER | TY_BOOL)))
		return v;
	/* healthy = 100%..200% is a pair and nothing less */
	if ((types & TY_RANGE) && (types & TY_PERCENT) && v->kind == V_PERCENT)
		return wrong_type(p, v, row, o);
	if (v->kind == V_INT && !(types & TY_INT) && (types & TY_NUMBER)) {
		struct value *n = value_new(p, V_NUMBER, v->origin);
		if (__builtin_mul_overflow(v->n, 1000000, &n->n))
			return wrong_type(p, v, row, o);
		return n;
	}
	if ((bit & types & ~(unsigned)(TY_WORD | TY_REF | TY_LIST | TY_RANGE)) == 0)
		return wrong_type(p, v, row, o);
	if (v->kind == V_STRING || v->kind == V_TEXT || v->kind == V_ATTR || v->kind == V_SECRET)
		return v;
	return check_bounds(p, v, row, o);
}
