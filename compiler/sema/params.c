/*
 * Parameters: their types as rows of the schema, and their values.
 */
#include "internal.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned bits;
} base_types[] = {
	{"string", TY_STRING}, {"int", TY_INT}, {"number", TY_NUMBER}, {"bool", TY_BOOL}, {"duration", TY_DURATION},
	{"bytes", TY_BYTES}, {"cpu", TY_CPU}, {"percent", TY_PERCENT}, {"rate", TY_RATE}, {"cron", TY_CRON},
	{"secret", TY_SECRET}, {"range", TY_RANGE | TY_INT},
};
enum { BASE_TYPES = sizeof base_types / sizeof *base_types };

static bool
base_type(struct str name, unsigned *bits)
{
	for (size_t i = 0; i < BASE_TYPES; i++) {
		if (str_eqz(name, base_types[i].name)) {
			*bits |= base_types[i].bits;
			return true;
		}
	}
	return false;
}

static void
add_word(struct compile *c, struct attr_row *row, struct str word)
{
	row->types |= TY_WORD;
	row->words = row->words ? arena_printf(c->arena, "%s %.*s", row->words, (int)word.n, word.p)
				: arena_strz(c->arena, word);
}

static void
read_type(struct compile *c, const struct type *t, struct attr_row *row, bool in_union)
{
	if (t == NULL)
		return;
	if (t->alternatives) {
		for (const struct type *x = t->alternatives; x; x = x->next)
			read_type(c, x, row, true);
		return;
	}
	struct str name = name_str(t->name);
	if (str_eqz(name, "list") && t->inner) {
		row->types |= TY_LIST;
		read_type(c, t->inner, row, in_union);
		return;
	}
	int kind = -1;
	if (base_type(name, &row->types))
		return;
	kind = schema_kind_by_word(name, -1);
	if (kind >= 0 && !in_union) {
		row->types |= TY_REF;
		row->ref = (enum kind_id)kind;
		return;
	}
	if (in_union) {
		add_word(c, row, name);
		return;
	}
	struct diag *g = diag_add(c->diags, D_E0104, t->at, "unknown type \"%.*s\"", (int)name.n, name.p);
	struct nearest best = nearest_to(name);
	for (size_t i = 0; i < BASE_TYPES; i++)
		nearest_try(&best, str_of(base_types[i].name));
	if (best.word.p)
		diag_hint(c->diags, g, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else
		diag_hint(c->diags, g, "Types are string, int, number, bool, duration, bytes, cpu, percent, rate, range, cron, secret, a kind such as queue, list(T), T? and unions of words such as blue | green.");
	row->types = ~0u;
}

static bool
type_optional(const struct type *t)
{
	return t && t->optional;
}

void
param_read(struct compile *c, const struct stmt *st, struct param *out)
{
	out->name = st->name;
	out->stmt = st;
	out->row.name = st->name->text;
	read_type(c, st->type, &out->row, false);
	out->row.required = st->value == NULL && !type_optional(st->type);
	if (st->type == NULL)
		out->row.types = ~0u;
}

struct param *
param_find(struct param *list, const struct name *name)
{
	for (; list; list = list->next)
		if (list->name == name)
			return list;
	return NULL;
}

struct value *
value_parse(struct program *p, const struct attr_row *row, struct str text, struct span at)
{
	struct value *v = value_new(p, V_STRING, at);
	unsigned t = row->types;
	int64_t n;
	v->text = text;
	if ((t & TY_WORD) && row->words) {
		for (const char *w = row->words; *w; w += strcspn(w, " "), w += *w == ' ')
			if (str_eq(text, (struct str){w, strcspn(w, " ")})) {
				v->kind = V_WORD;
				return v;
			}
	}
	if ((t & TY_RANGE) && text.n > 2) {
		for (size_t i = 1; i + 2 < text.n; i++) {
			if (text.p[i] != '.' || text.p[i + 1] != '.')
				continue;
			struct attr_row side = *row;
			side.types &= ~(unsigned)TY_RANGE;
			struct value *lo = value_parse(p, &side, (struct str){text.p, i}, at);
			struct value *hi = value_parse(p, &side, (struct str){text.p + i + 2, text.n - i - 2}, at);
			if (lo == NULL || hi == NULL)
				return NULL;
			v->kind = V_RANGE;
			v->items = lo;
			lo->next = hi;
			return v;
		}
	}
	if ((t & TY_BOOL) && (str_eqz(text, "true") || str_eqz(text, "false"))) {
		v->kind = V_BOOL;
		v->n = text.p[0] == 't';
	} else if ((t & TY_INT) && lit_int(text, &n)) {
		v->kind = V_INT;
		v->n = n;
	} else if ((t & TY_NUMBER) && lit_number(text, &n)) {
		v->kind = V_NUMBER;
		v->n = n;
	} else if ((t & TY_DURATION) && text.n > 0 && lit_duration(text, &n)) {
		v->kind = V_DURATION;
		v->n = n;
	} else if ((t & TY_BYTES) && lit_bytes(text, &n)) {
		v->kind = V_BYTES;
		v->n = n;
	} else if ((t & TY_CPU) && lit_cpu(text, &n)) {
		v->kind = V_CPU;
		v->n = n;
	} else if ((t & TY_PERCENT) && lit_percent(text, &n)) {
		v->kind = V_PERCENT;
		v->n = n;
	} else if ((t & TY_RATE) && lit_rate(text, &v->n, &v->m)) {
		v->kind = V_RATE;
	} else if (!(t & (TY_STRING | TY_CRON))) {
		return NULL;
	}
	return v;
}

static struct value *
param_own(struct program *p, struct param *param, struct span at)
{
	struct value *v;
	if (param->set) {
		v = value_parse(p, &param->row, str_of(param->set), param->set_at);
		if (v == NULL)
			return value_error(p, at); /* reported once by compile_resolve */
		v->origin = param->set_at;
		return coerce(p, v, &param->row, NULL);
	}
	if (param->stmt->value)
		return coerce(p, eval_expr(p, param->stmt->value, &p->scope), &param->row, NULL);
	if (!param->row.required)
		return value_new(p, V_NONE, at);
	if (p->compile->need_values) {
		struct diag *g = report(p, D_E0190, param->stmt->at, "parameter \"%s\" has no value", param->name->text);
		diag_hint(p->compile->diags, g, "Give it with --set %s=VALUE.", param->name->text);
		return value_error(p, at);
	}
	return value_new(p, V_UNKNOWN, param->stmt->at);
}

struct value *
param_value(struct program *p, struct param *param, struct span at)
{
	struct value *own = NEW(p->arena, struct value);
	*own = *param_own(p, param, at); /* a default may be somebody else's value */
	own->param = param->name->text;
	own->next = NULL;
	return own;
}
