/*
 * sema: what the program means in one stage.
 *
 * From the trees of all files to objects: one for every declaration, with
 * every setting as a stack of layers (from < own < if < in), evaluated on
 * demand. Objects live as long as the evaluation of their stage; the trees
 * outlive them.
 */
#ifndef BERTH_SEMA_H
#define BERTH_SEMA_H

#include "berth/schema.h"
#include "berth/syntax.h"

/* ---- values ---- */

enum value_kind {
	V_NONE,
	V_BOOL,     /* n */
	V_INT,      /* n */
	V_NUMBER,   /* n in millionths */
	V_STRING,   /* text */
	V_DURATION, /* n in ms */
	V_BYTES,    /* n */
	V_CPU,      /* n in thousandths of a vCPU */
	V_PERCENT,  /* n in thousandths of a percent */
	V_RATE,     /* n per m ms */
	V_RANGE,    /* items: low, high */
	V_WORD,     /* text */
	V_LIST,     /* items */
	V_OBJECT,   /* object */
	V_SECRET,   /* text: the function; items: its arguments */
	V_ATTR,     /* object's attribute `text` that the platform decides: url, arn */
	V_TEXT,     /* items: V_STRING and V_ATTR, one string together */
	V_EXTERNAL, /* items: the first value, or none */
	V_MAP,      /* items with their names in key: a JSON object of the outputs */
	V_UNKNOWN,  /* a parameter without value: legal, of the type asked for */
	V_ERROR,    /* was reported; agrees with everything */
	V_COUNT
};

struct value {
	uint8_t kind;        /* enum value_kind */
	bool sensitive;      /* an output whose content is not read */
	uint32_t count;      /* of items */
	struct span origin;
	union {              /* by kind, as noted above */
		struct str text;
		struct {
			int64_t n, m;
		};
	};
	struct object *object;
	struct value *items;
	struct value *next;
	const char *key;     /* in V_MAP */
	const char *param;   /* the project's parameter whose value this is, unchanged; or NULL */
};
const char *value_kind_words(const struct value *v);
/* As a program would write it; never a secret's content, which berth does not know. */
void value_show(const struct value *v, struct buf *b);
bool value_equal(const struct value *a, const struct value *b);

/* ---- objects ---- */

/* One place that set a setting. Higher rank wins: 4 * (- depth of `from`) + 2 for `in`, 1 for `if`. */
struct layer {
	int rank;
	const struct stmt *stmt;
	struct scope *scope;
	struct layer *below;
};

enum force_state { FORCE_TODO, FORCE_BUSY, FORCE_DONE };

struct slot {
	struct layer *top;
	struct value *value; /* when done; NULL: not written and no default */
	uint8_t state;
	bool used;           /* something read it while lowering */
	bool misspelt;       /* written under a word that probably means it: reported, so neither missing nor known */
	bool implied;        /* a default or a stage output, not written */
	const char *why;     /* implied: where it is from */
};

/* An entry of a map block (env, tags, …). */
struct entry {
	struct str key;
	struct slot slot;
	struct span key_at;
	struct entry *next;
};

struct contribution {
	int level; /* - depth of `from` */
	int cond;  /* 0 own, 1 if, 2 in */
	const struct stmt *stmt;  /* the block */
	struct scope *scope;
	struct contribution *next;
};

struct rule; /* an assert or warn waiting to be checked */

struct object {
	enum kind_id kind;
	const struct name *label;   /* or NULL */
	struct object *parent;      /* the root object's is NULL */
	const struct stmt *stmt;    /* the first block that wrote it */
	struct span at;             /* its head */
	struct contribution *parts, *last_part;
	struct slot *slots;         /* by attr id - first */
	struct entry *entries, *last_entry; /* map kinds and patches */
	struct map *entry_index;
	struct object *children, *last_child, *next;
	struct removal *removals;
	struct rule *rules;
	struct scope *scope;        /* of its first part */
	struct object *instance;    /* the component instance it was made by, or NULL */
	const struct component *component; /* kind component: what it is an instance of */
	uint8_t state;
	bool gone;                  /* removed by none, or replaced by a sibling variant */
	bool used;
	bool referenced;            /* an edge of the graph leads here */
	bool partial;               /* what it takes over is missing: no more is said of it */
	bool exempt_hit;
};

/* Where names are looked up. */
struct scope {
	struct scope *up;
	struct object *self;
	struct object *instance;    /* component instance whose parameters are visible */
	const struct module *module;
};

struct rule {
	const struct stmt *stmt;
	struct scope *scope;
	struct rule *next;
};

struct component {
	const struct name *name;
	const struct stmt *stmt;
	const struct module *module;
	struct param *params;
	struct component *next;
	unsigned busy; /* being instantiated: recursion */
};

struct param {
	const struct name *name;
	const struct stmt *stmt;
	struct attr_row row; /* its type as a row of the schema */
	struct param *next;
	const char *set;     /* --set text, or NULL */
	struct span set_at;
};

/* A project or an imported module: a set of files with components. */
struct module {
	const struct name *name; /* NULL for the project itself */
	struct span at;
	struct file **files;
	size_t file_count;
	struct component *components;
	struct map by_name;
	const char *dir;         /* "" or ends with '/' */
	struct module *next;
};

struct stage {
	const struct name *name;
	const struct stmt *stmt;
	unsigned number; /* from 0 */
};

/* ---- one compile ---- */

/* Reads a project file for the compile: 0 or an errno value. */
typedef int file_reader(void *ctx, struct arena *a, const char *path, struct str *out);

struct compile {
	struct arena *arena;      /* trees, sources, diagnostics */
	struct names *names;
	struct schema *schema;
	struct sources *sources;
	struct diags *diags;
	file_reader *read;
	void *read_ctx;
	const char *today;        /* YYYY-MM-DD or NULL */
	const char *dir;          /* of the project: "" or ends with '/' */
	struct module project;
	struct module *imports;
	struct param *params;     /* of the project */
	const struct stmt *project_stmt;
	const struct name *project_name;
	VEC(struct stage) stages;
	struct map stage_by_name;
	struct outputs *outputs;  /* loaded files, by path */
	bool broken;              /* syntax errors: nothing is evaluated */
	bool incomplete;          /* a declaration was refused as a whole: names may be missing because of it */
	bool blocks_missing;      /* a block inside a declaration was refused: what should stand in it is not asked for */
	bool need_values;         /* compile and plan: an unknown parameter is an error */
	bool run_tests;
	struct map meant;         /* statement -> struct name: the setting that an unknown word probably means */
	struct map exempt_used;   /* exempt statements that excused something */
	unsigned tests_passed, tests_failed;
};

/*
 * Start a compile. `sets` are "name=value" texts of --set.
 */
struct compile *compile_new(struct arena *a, file_reader *read, void *ctx);
/* Add one source file of the project, already read. */
void compile_add(struct compile *c, const char *path, struct str text);
/* After the last file: imports, project, stages, parameters; then the checks that need no stage. */
void compile_resolve(struct compile *c, const char *const *sets, size_t set_count);

/* Release what lives outside the arena; before arena_free. */
void compile_end(struct compile *c);

/* ---- one stage ---- */

struct program {
	struct compile *compile;
	struct arena *arena;      /* of this stage */
	const struct stage *stage;
	struct object *root;
	struct object *stage_object;
	struct object *project_object;
	struct scope scope;       /* of the project's files */
	struct map decls[K_COUNT];/* label -> object, of declarations */
	struct map instances;     /* label -> object of kind component, per component: keyed by component pointer -> struct map */
	unsigned depth;
	struct object *pending;   /* next component instance to expand */
	struct value *outputs;    /* of the stage, once read */
	const struct name *policy_self; /* while a policy runs */
	bool quiet;               /* evaluating to look, not to report */
};

/*
 * Evaluate one stage whole: every declaration expanded, every setting forced,
 * bounds and required settings checked, assertions and policies run. Reports
 * to compile->diags. The program lives in `a`.
 */
struct program *sema_stage(struct compile *c, const struct stage *stage, struct arena *a);
/* After all stages: exemptions that nothing needed. */
void sema_finish(struct compile *c, bool all_stages);

/* The value of a setting; NULL when it is not written and has no default. Marks it used. */
const struct value *object_get(struct program *p, struct object *o, enum attr_id a);
/* The same, without marking. */
const struct value *object_peek(struct program *p, struct object *o, enum attr_id a);
struct slot *object_slot(struct program *p, struct object *o, enum attr_id a);
/* The slot's value, forced with the row's type. */
struct value *slot_force(struct program *p, struct object *o, struct slot *slot, const struct attr_row *row);
/* The value of a map entry, forced. */
struct value *entry_value(struct program *p, struct object *o, struct entry *e);
/* First child of that kind (not gone) with that label (NULL = any), or NULL. */
struct object *object_child(struct program *p, struct object *o, enum kind_id kind, const struct name *label);
/* Next sibling of the same kind, not gone. */
struct object *object_next(struct object *o);
/* First declaration of a kind in order of the program; then object_next. */
struct object *program_first(struct program *p, enum kind_id kind);
/* "service.web", "service.web.container.puma"; arena text. */
const char *object_path(struct arena *a, const struct object *o);
/* `container "puma"`: for messages. */
const char *object_words(struct arena *a, const struct object *o);
/* A nested block that is there although nobody wrote it: its settings have their defaults. Found or made. */
struct object *object_implied(struct program *p, struct object *parent, enum kind_id kind);
/* Evaluate an expression in a scope. */
struct value *eval_expr(struct program *p, const struct expr *e, struct scope *scope);
/* Look up an output of the stage by name; NULL when the stage has none of it. Reports a sensitive one at `at`. */
struct value *stage_output(struct program *p, const char *name, struct span at);

#endif
