/*
 * lower: from the graph to resources. What a platform needs is decided here,
 * once; forms only choose how it is written.
 */
#ifndef BERTH_LOWER_H
#define BERTH_LOWER_H

#include "berth/graph.h"
#include "berth/resource.h"

/*
 * All resources of the stage, ordered for creation. Reports what is missing
 * (E0170), refused (E0181) or not built (E0180); then the result must not be
 * written. Each body is validated against its shape (E0900).
 */
struct resources *lower_stage(struct graph *g);

/* lower_ecs.c, lower_k8s.c: one workload each */
struct lower {
	struct graph *g;
	struct arena *arena;
	struct resources *out;
	/* Text for an attribute of a queue: set by the platform that has the queue. */
	struct doc *(*attribute)(void *ctx, const struct value *v);
	void *ctx;
};
void lower_ecs(struct lower *l);
void lower_k8s(struct lower *l);

/* A document string from a value: text, or attributes of resources. NULL value gives NULL. */
struct doc *doc_value(struct lower *l, const struct value *v);
/* Add a resource; a clash of addresses is reported (E0156). */
struct resource *lower_add(struct lower *l, int kind, const char *name, struct object *declaration, struct doc *body);
/*
 * Append each document of a YAML source to `list`, with the place of every value. What readers of YAML do not agree on
 * is reported (E0184), unless `keys_only`: then its values are not to be used. False after a report; `file` is the number of `s`.
 */
bool yaml_read(struct arena *a, struct diags *diags, const struct source *s, uint32_t file, bool keys_only, struct doc *list);
/* limits.c: sizes of whole documents (E0186), ARNs of another partition or region (E0155). */
void lower_limits(struct lower *l, struct str region);
/* Items of a list that would have one name, some of them made by berth (E0156). NULL list is fine. */
void lower_unique(struct lower *l, const struct doc *list, const char *key, const char *what, const char *hint);
/* Messages a copy may have by a `scale queue`: said, or how many it finishes in the time that one may wait. 0 after a report. */
int64_t per_copy(struct graph *g, struct object *scale, const struct value **from);
/* Apply the `patch` blocks of a declaration to its resources: checked against the schema (E0183). */
void lower_patches(struct lower *l, struct object *declaration);

#endif
