/*
 * The chart: what the objects of all stages have in common, with holes where
 * they differ or where somebody else decides, and the values that fill them.
 * Private to the files of form `helm`.
 */
#ifndef BERTH_EMIT_HELM_H
#define BERTH_EMIT_HELM_H

#include "berth/emit.h"

/* ---- values ---- */

enum hole_type {
	HOLE_STRING,
	HOLE_INT,
	HOLE_BOOL,
	HOLE_NUMBER, /* a decimal */
	HOLE_RAW,    /* an integer that a double does not hold: its digits */
	HOLE_SECRET, /* a string that comes from a SOPS file; no stage has a value */
	HOLE_ANY,    /* a whole list or map, or scalars of several kinds */
};

struct hole {
	const char *path;         /* web.image.tag: where its value stands */
	enum hole_type type;
	const struct doc **value; /* by stage; NULL where the stage has none */
	const char *required;     /* what Helm says when there is no value; or NULL: nothing, as the values files have it */
	const struct hole *param; /* the parameter whose value stands where there is none: stages that do not say otherwise; or NULL */
	const char *fallback;     /* what stands where a values file of one's own says nothing, or NULL */
	bool by_stage;            /* every stage says it for itself, even where all say the same */
	bool optional;            /* what has no value is left out: its uses agree in all stages */
};

/* One name in the values, with a hole or with more names. */
struct chart_value {
	struct str name;
	struct hole *hole;
	const char *comment;      /* or NULL */
	struct chart_value *items, *last, *next;
	struct map by_name;       /* items */
};

/* ---- templates ---- */

enum template_kind {
	TEMPLATE_LITERAL,   /* doc */
	TEMPLATE_MAP,       /* items by key */
	TEMPLATE_LIST,      /* items */
	TEMPLATE_HOLE,      /* hole */
	TEMPLATE_IMAGE,     /* items: HOLE and LITERAL, one string together that needs no quotes inside */
	TEMPLATE_LINES,     /* the same, of several lines */
	TEMPLATE_NAMESPACE, /* the stage's */
};

struct template {
	enum template_kind kind;
	struct str key;        /* in a map */
	const struct doc *doc;
	struct hole *hole;
	struct hole *guard;    /* left out when it is false or, if it is optional, null; or NULL */
	struct template *items, *last, *next;
};

/* ---- the chart ---- */

struct chart_object {
	const struct resource **of; /* by stage; NULL where the stage has none */
	const struct resource *any; /* the first that is there */
	bool own_name;              /* it is called as its workload */
	const char *place;          /* its folder and the beginning of its values: the declaration's key */
	const struct doc **body;    /* by stage, with what Helm is told of it */
	const char *part;           /* below it, when it is not the workload itself: ingress, configMap.nginx; else "" */
	const char *file;           /* templates/… */
	struct hole *guard;
	struct template *root;
};

struct chart {
	struct arena *a;
	const char *name;
	unsigned n; /* stages */
	const struct chart_stage *stages;
	struct chart_value values;
	VEC(struct hole *) names; /* of objects, where the stages' differ: references follow them */
	VEC(struct chart_object *) objects;
	const char *problem;      /* why there is no chart, or NULL */
	struct names *words;
	struct map places;        /* declaration -> its place */
	struct map place_names;   /* place -> declaration */
	struct map files;         /* path -> object */
	struct map by_name;       /* kind and name -> object */
	struct map workloads;     /* stage and declaration -> its workload */
};

/* helm_values.c: the hole at the path: a known one that agrees, or a new one, if need be at the path with a number. */
struct hole *chart_hole(struct chart *c, const char *path, enum hole_type type, const struct doc **value, bool optional);
/* A row of documents, one for each stage. */
const struct doc **chart_row(struct chart *c);
/* Do all stages have one value, that of the first? Then it stands in values.yaml. */
bool hole_common(const struct chart *c, const struct hole *h);
/* .Values.web.image.tag, as an operand. */
void add_operand(struct buf *b, const struct hole *h);
/* values.yaml (stage = n) and values-STAGE.yaml. */
struct str chart_values(struct chart *c, unsigned stage);
struct str chart_schema(struct chart *c);
/* some-name as someName: letters and digits only. */
void add_camel(struct buf *b, struct str s);

/* helm_merge.c: the value of the object's name where the stages' differ, for all objects first; then the template of the object. */
void chart_name(struct chart *c, struct chart_object *o);
void chart_merge(struct chart *c, struct chart_object *o);

/* helm_text.c: the object's name as it stands in a template; the object's file; text for a template, with its braces escaped. */
void add_object_name(struct buf *b, const struct chart_object *o);
struct str chart_template(struct chart *c, const struct chart_object *o);
void add_template_text(struct buf *b, struct str s);

#endif
