/* Shared by the files of sema; nothing outside includes it. */
#ifndef BERTH_SEMA_INTERNAL_H
#define BERTH_SEMA_INTERNAL_H

#include "berth/sema.h"

/* Nesting of evaluation, and of components in components. */
enum { EVAL_DEPTH_MAX = 200, INSTANCE_DEPTH_MAX = 32 };

enum object_state { OBJ_NEW, OBJ_LINKING, OBJ_LINKED, OBJ_EXPANDING, OBJ_EXPANDED };

struct removal {
	enum kind_id kind;
	const struct name *label; /* or NULL: all of the kind */
	int rank;
	struct removal *next;
};

enum function_id {
#define FUNCTION(id, ...) FN_##id,
#include "berth/schema/functions.def"
#undef FUNCTION
	FN_COUNT
};
struct function_row {
	const char *name;
	unsigned fewest, most;
	const char *doc, *example;
};
const struct function_row *function_row(enum function_id f);

/* compile.c */
struct component *compile_component(struct compile *c, const struct module *m, const struct path *kind);
struct param *param_find(struct param *list, const struct name *name);

/* params.c: fill row from the declared type; reports unknown types. */
void param_read(struct compile *c, const struct stmt *st, struct param *out);
/* The value of a project parameter. */
struct value *param_value(struct program *p, struct param *param, struct span at);

/* static.c: everything about a body that needs no stage. */
void static_check(struct compile *c);

/* objects.c */
struct object *object_new(struct program *p, enum kind_id kind, const struct name *label, struct object *parent,
			  const struct stmt *stmt, struct scope *scope);
void object_add_part(struct program *p, struct object *o, const struct stmt *st, int level, int cond, struct scope *scope);
void object_expand(struct program *p, struct object *o);
struct entry *object_entry(struct program *p, struct object *o, struct str key, struct span at, bool make);
/* Absorb the statements of the project's files into the root. */
void declare_all(struct program *p);
/* A declaration by kind and label; expands component instances until it turns up. NULL when there is none. */
struct object *declaration(struct program *p, enum kind_id kind, const struct name *label);
struct object *component_instance(struct program *p, const struct component *comp, const struct name *label);
/* The object a `from` path names, or NULL after a report. */
struct object *from_object(struct program *p, const struct path *path, struct scope *scope);

/* eval.c, refs.c, coerce.c, functions.c */
struct value *value_new(struct program *p, enum value_kind kind, struct span at);
struct value *value_error(struct program *p, struct span at);
struct value *value_text(struct program *p, struct span at, struct str s);
struct value *eval_ref(struct program *p, const struct expr *e, struct scope *scope);
struct value *eval_call(struct program *p, const struct expr *e, struct scope *scope);
struct value *eval_path(struct program *p, const struct path *path, struct scope *scope, struct span at);
/* Text of a value for interpolation, or NULL after a report. */
bool value_as_text(struct program *p, const struct value *v, struct span at, struct buf *b);
/*
 * Make a value fit a row: types, words, bounds. What cannot fit is reported,
 * named as the object's setting (NULL: a parameter), and becomes V_ERROR.
 */
struct value *coerce(struct program *p, struct value *v, const struct attr_row *row, const struct object *o);
/* Read --set text as the row's type; NULL when it does not fit. */
struct value *value_parse(struct program *p, const struct attr_row *row, struct str text, struct span at);
struct value *value_literal(struct program *p, const struct expr *e);
/* -2 when not comparable. */
int value_compare(const struct value *a, const struct value *b);

/* outputs.c */
struct value *outputs_get(struct program *p, struct span at);
void outputs_free(struct compile *c);

/* policy.c */
void policies_run(struct program *p);
void rules_run(struct program *p, struct object *o);
void tests_run(struct program *p);

/* "container \"puma\"" or "project" */
struct diag *report(struct program *p, enum diag_code code, struct span at, const char *fmt, ...) BERTH_PRINTF(4, 5);

#endif
