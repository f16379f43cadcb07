/*
 * schema: the vocabulary as one table.
 *
 * Every kind of block and every setting is one row of schema/kinds.def or
 * schema/attrs.def: name, type, default, bounds, what each platform makes of
 * it, a sentence and an example. Checker, evaluator, `explain`, completion,
 * hover, documentation and tests read these rows and nothing else.
 */
#ifndef BERTH_SCHEMA_H
#define BERTH_SCHEMA_H

#include "berth/base.h"

/* What a setting may hold; a union is several bits. `none` is always legal. */
enum type_bits {
	TY_STRING = 1 << 0,
	TY_INT = 1 << 1,
	TY_NUMBER = 1 << 2,
	TY_BOOL = 1 << 3,
	TY_DURATION = 1 << 4,
	TY_BYTES = 1 << 5,
	TY_CPU = 1 << 6,
	TY_PERCENT = 1 << 7,
	TY_RATE = 1 << 8,
	TY_RANGE = 1 << 9,     /* lo..hi of the other scalar bits */
	TY_WORD = 1 << 10,     /* one of .words */
	TY_CRON = 1 << 11,
	TY_SECRET = 1 << 12,
	TY_REF = 1 << 13,      /* a declaration of kind .ref */
	TY_LIST = 1 << 14,     /* a list of the other bits instead of one */
	TY_EXTERNAL = 1 << 15, /* external, external(first value) */
	TY_ANY = 1 << 16,      /* a scalar that can be written as text: env values */
	TY_STAGE = 1 << 17     /* the word of a stage */
};

/* What a platform makes of a setting. Nothing written means not yet built. */
enum fidelity { FID_UNBUILT, FID_EXACT, FID_EMULATED, FID_REFUSED };
const char *fidelity_word(enum fidelity f);

enum target { TARGET_ECS, TARGET_K8S, TARGET_COUNT };
const char *target_word(enum target t);

enum label_rule { LABEL_NONE, LABEL_REQUIRED, LABEL_OPTIONAL };

enum kind_id {
#define KIND(id, ...) K_##id,
#include "berth/schema/kinds.def"
#undef KIND
	K_COUNT
};

/* One row of schema/kinds.def. */
struct kind_row {
	const char *name;    /* the word a program writes */
	const char *variant; /* `deploy rolling`: the second word; rows of one name and parent are variants */
	const char *in;      /* ids of the kinds it may stand in, separated by blanks; "" = top level of a file */
	enum label_rule label;
	unsigned map;        /* type bits of the values when the keys are the user's own, else 0 */
	bool many;           /* several of one variant may stand side by side */
	bool variants_replace; /* a higher layer's variant replaces the lower layers' ones */
	enum fidelity fid[TARGET_COUNT];
	const char *how[TARGET_COUNT]; /* how it is emulated or why it is refused */
	const char *also;    /* words of other tools for the same, separated by blanks, or NULL */
	const char *doc;     /* one sentence */
	const char *example; /* what a program would write */
};

enum attr_id {
#define ATTR(kind, id, ...) A_##kind##_##id,
#include "berth/schema/attrs.def"
#undef ATTR
	A_COUNT
};

/* One row of schema/attrs.def. */
struct attr_row {
	enum kind_id kind;
	const char *name;
	unsigned types;
	const char *words;   /* legal words, separated by blanks */
	enum kind_id ref;    /* TY_REF */
	const char *def;     /* the default as a program would write it, or NULL */
	bool required;
	const char *outputs; /* stage outputs that stand in when it is not written, in order, separated by blanks */
	int64_t min, max;    /* in the base unit: ms, bytes, thousandths of a vCPU or percent, plain integers; max 0 = none */
	enum fidelity fid[TARGET_COUNT];
	const char *how[TARGET_COUNT];
	const char *source;  /* of the bound */
	const char *also;    /* words of other tools for the same, separated by blanks, or NULL */
	const char *doc;
	const char *example;
};

const struct kind_row *kind_row(enum kind_id k);
const struct attr_row *attr_row(enum attr_id a);
/* The look-up tables of one compile, made from the rows once. */
struct schema {
	struct names *names;
	const struct name *const *attr_names; /* by attr id */
	const struct name *const *kind_names; /* by kind id */
	const struct name *const *variant_names;
	struct schema_index *index;
};
struct schema *schema_new(struct arena *a, struct names *names);
/* The settings of a kind are the attr ids first .. first + count - 1. */
enum attr_id kind_first_attr(const struct schema *s, enum kind_id k);
unsigned kind_attr_count(const struct schema *s, enum kind_id k);
/* A setting of the kind, or -1. */
int schema_attr(const struct schema *s, enum kind_id kind, const struct name *name);
/*
 * A block that may stand in `parent` (K_COUNT = top level of a file), or -1. For kinds with variants the
 * first row of the name; schema_variant then picks.
 */
int schema_child(const struct schema *s, enum kind_id parent, const struct name *name);
/* The variant row of `name variant` in parent, or -1. */
int schema_variant(const struct schema *s, enum kind_id parent, const struct name *name, const struct name *variant);
/* Next kind id after `after` (start with -1) that may stand in parent, or -1. */
int schema_next_child(const struct schema *s, enum kind_id parent, int after);
/* "string, list of strings or `external`": the types in words, arena text. */
const char *schema_type_words(struct arena *a, unsigned types, const char *words, enum kind_id ref);
/* Any kind with that word (explain), from `after`; -1 at the end. */
int schema_kind_by_word(struct str word, int after);

/* ---- literals and their units ---- */

/* Each reads a literal as the scanner accepts it; false when out of range or not whole. */
bool lit_int(struct str s, int64_t *out);
bool lit_number(struct str s, int64_t *millionths);
bool lit_duration(struct str s, int64_t *ms);
bool lit_bytes(struct str s, int64_t *bytes);
bool lit_cpu(struct str s, int64_t *thousandths);
bool lit_percent(struct str s, int64_t *thousandths);
/* "900/m": count and the period's unit s m h d as milliseconds. */
bool lit_rate(struct str s, int64_t *count, int64_t *period_ms);
/* And back, in the shortest spelling: 90s -> 1m30s, 1536MiB -> 1.5GiB. */
void show_duration(struct buf *b, int64_t ms);
void show_bytes(struct buf *b, int64_t bytes);
void show_cpu(struct buf *b, int64_t thousandths);
void show_percent(struct buf *b, int64_t thousandths);
void show_number(struct buf *b, int64_t millionths);

#endif
