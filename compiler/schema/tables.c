/*
 * The vocabulary rows as arrays, and the look-ups over them. The rows are the
 * only source; the index of one compile is made from them at start.
 */
#include "berth/schema.h"

#include <string.h>

static const struct kind_row kinds[] = {
#define KIND(id, ...) {__VA_ARGS__},
#include "berth/schema/kinds.def"
#undef KIND
};

static const struct attr_row attrs[] = {
#define ATTR(k, id, ...) {.kind = K_##k, .name = #id, __VA_ARGS__},
#include "berth/schema/attrs.def"
#undef ATTR
};

const struct kind_row *
kind_row(enum kind_id k)
{
	return &kinds[k];
}

const struct attr_row *
attr_row(enum attr_id a)
{
	return &attrs[a];
}

const char *
fidelity_word(enum fidelity f)
{
	switch (f) {
	case FID_UNBUILT: return "not yet built";
	case FID_EXACT: return "exact";
	case FID_EMULATED: return "emulated";
	case FID_REFUSED: return "refused";
	}
	return "";
}

const char *
target_word(enum target t)
{
	return t == TARGET_ECS ? "ecs" : "kubernetes";
}

/* ---- the index of one compile ---- */

/* The first child row of one word in one parent; -1 where there is none. */
struct schema_index {
	unsigned first[K_COUNT];
	unsigned count[K_COUNT];
	unsigned words;          /* number of vocabulary words */
	int16_t *attr_of;        /* [kind * words + word]: attr id or -1 */
	int16_t *child_of;       /* [(parent or K_COUNT) * words + word]: kind id or -1 */
	bool in[K_COUNT + 1][K_COUNT]; /* may stand in */
};

enum attr_id
kind_first_attr(const struct schema *s, enum kind_id k)
{
	return (enum attr_id)s->index->first[k];
}

unsigned
kind_attr_count(const struct schema *s, enum kind_id k)
{
	return s->index->count[k];
}

static const struct name *
intern_word(struct schema *s, const char *word)
{
	struct name *n = (struct name *)(uintptr_t)name_getz(s->names, word);
	if (n->word == 0)
		n->word = ++s->index->words;
	return n;
}

static bool
stands_in(const char *list, const char *id)
{
	size_t n = strlen(id);
	for (const char *p = list; (p = strstr(p, id)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

static const char *const kind_ids[] = {
#define KIND(id, ...) #id,
#include "berth/schema/kinds.def"
#undef KIND
	"top"
};

static void
index_children(struct arena *a, struct schema *s)
{
	struct schema_index *x = s->index;
	size_t words = x->words + 1;
	x->attr_of = arena_array(a, K_COUNT * words, sizeof *x->attr_of);
	x->child_of = arena_array(a, (K_COUNT + 1) * words, sizeof *x->child_of);
	memset(x->attr_of, 0xff, K_COUNT * words * sizeof *x->attr_of);
	memset(x->child_of, 0xff, (K_COUNT + 1) * words * sizeof *x->child_of);
	for (size_t i = 0; i < A_COUNT; i++) {
		if (x->count[attrs[i].kind]++ == 0)
			x->first[attrs[i].kind] = (unsigned)i;
		x->attr_of[attrs[i].kind * words + s->attr_names[i]->word] = (int16_t)i;
	}
	for (size_t k = 0; k < K_COUNT; k++) {
		for (size_t p = 0; p <= K_COUNT; p++) {
			if (!stands_in(kinds[k].in, kind_ids[p]))
				continue;
			x->in[p][k] = true;
			int16_t *cell = &x->child_of[p * words + s->kind_names[k]->word];
			if (*cell < 0)
				*cell = (int16_t)k;
		}
	}
}

struct schema *
schema_new(struct arena *a, struct names *names)
{
	struct schema *s = NEW(a, struct schema);
	s->names = names;
	s->index = NEW(a, struct schema_index);
	const struct name **an = arena_array(a, A_COUNT, sizeof *an);
	const struct name **kn = arena_array(a, K_COUNT, sizeof *kn);
	const struct name **vn = arena_array(a, K_COUNT, sizeof *vn);
	for (size_t i = 0; i < A_COUNT; i++)
		an[i] = intern_word(s, attrs[i].name);
	for (size_t i = 0; i < K_COUNT; i++) {
		kn[i] = intern_word(s, kinds[i].name);
		vn[i] = kinds[i].variant ? intern_word(s, kinds[i].variant) : NULL;
	}
	s->attr_names = an;
	s->kind_names = kn;
	s->variant_names = vn;
	index_children(a, s);
	return s;
}

int
schema_attr(const struct schema *s, enum kind_id kind, const struct name *name)
{
	const struct schema_index *x = s->index;
	return x->attr_of[kind * (x->words + 1) + name->word];
}

int
schema_child(const struct schema *s, enum kind_id parent, const struct name *name)
{
	const struct schema_index *x = s->index;
	if (name->word == 0)
		return parent == K_allow ? K_statement : -1;
	int k = x->child_of[parent * (x->words + 1) + name->word];
	return k < 0 && parent == K_allow ? K_statement : k;
}

int
schema_variant(const struct schema *s, enum kind_id parent, const struct name *name, const struct name *variant)
{
	for (int k = schema_child(s, parent, name); k >= 0 && k < K_COUNT && s->kind_names[k] == name; k++)
		if (s->variant_names[k] == variant && s->index->in[parent][k])
			return k;
	return -1;
}

int
schema_next_child(const struct schema *s, enum kind_id parent, int after)
{
	for (int k = after + 1; k < K_COUNT; k++)
		if (s->index->in[parent][k])
			return k;
	return -1;
}

int
schema_kind_by_word(struct str word, int after)
{
	for (int k = after + 1; k < K_COUNT; k++)
		if (str_eqz(word, kinds[k].name))
			return k;
	return -1;
}

static void
add_alternative(struct buf *b, unsigned *n, const char *text)
{
	if ((*n)++ > 0)
		buf_addz(b, " or ");
	buf_addz(b, text);
}

const char *
schema_type_words(struct arena *a, unsigned types, const char *words, enum kind_id ref)
{
	static const struct {
		unsigned bit;
		const char *text;
	} rows[] = {
		{TY_STRING, "text in quotes"}, {TY_INT, "a whole number"}, {TY_NUMBER, "a number"},
		{TY_BOOL, "true or false"}, {TY_DURATION, "a duration such as 30s"},
		{TY_BYTES, "a size such as 512MiB"}, {TY_CPU, "CPU such as 0.5vcpu"},
		{TY_PERCENT, "a percentage such as 60%"}, {TY_RATE, "a rate such as 900/m"},
		{TY_CRON, "a crontab expression in quotes"}, {TY_SECRET, "a secret such as ssm(\"/name\")"},
		{TY_EXTERNAL, "external"}, {TY_ANY, "text, a number or true or false"}, {TY_STAGE, "a stage"},
	};
	struct buf b = {0};
	unsigned n = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (types & rows[i].bit)
			add_alternative(&b, &n, rows[i].text);
	if (types & TY_REF) {
		char *t = arena_printf(a, "a %s", kinds[ref].name);
		add_alternative(&b, &n, t);
	}
	if (types & TY_WORD) {
		struct str w = words ? str_of(words) : STR("a word");
		char *t = arena_printf(a, words ? "one of %.*s" : "%.*s", (int)w.n, w.p);
		for (char *c = words ? t + 7 : t; *c && words; c++)
			if (*c == ' ')
				*c = '|';
		add_alternative(&b, &n, t);
	}
	if (types & TY_RANGE)
		add_alternative(&b, &n, "a range such as 2..10");
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return (types & TY_LIST) ? arena_printf(a, "%s, or a list of such", out.p) : out.p;
}
