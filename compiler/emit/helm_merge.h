/* Shared by the files that merge the stages' objects into templates: helm_path.c, helm_leaf.c, helm_merge.c. */
#ifndef BERTH_EMIT_HELM_MERGE_H
#define BERTH_EMIT_HELM_MERGE_H

#include "helm.h"

#define SWITCH "enabled"

struct token {
	struct str text;
	enum { TOKEN_MEMBER, TOKEN_ITEM, TOKEN_INDEX } kind;
};

/* One object being merged. A row is a document of each stage, NULL where it has none. */
struct merger {
	struct chart *c;
	const struct chart_object *o;
	VEC(struct token) trail; /* from the object to where we are */
	bool one_container;
	VEC(struct hole *) own; /* of the object */
};

/* helm_path.c: where we are, and what a value from there is called. */
void m_enter(struct merger *m, struct str text, int kind);
void m_leave(struct merger *m);
/* spec.rules[].host: the place in the shape. */
const char *m_shape_path(struct merger *m);
/* Is step i of the trail an item of such a list? */
bool m_in_list(struct merger *m, size_t i, const char *list);
/* The value's name for the place, with `last` behind it when that is not NULL; "" for a place that is one value as a whole. */
const char *m_values_path(struct merger *m, const char *last);
/* The value's name for what somebody else may decide, or NULL. */
const char *m_owned_path(struct merger *m);
bool m_is_image(struct merger *m);

/* helm_leaf.c: rows and what becomes of scalars. */
const struct doc *m_first(const struct merger *m, const struct doc **d);
bool m_all_equal(const struct merger *m, const struct doc **d);
bool m_all_are(const struct merger *m, const struct doc **d, enum doc_kind kind);
bool m_is_scalar(const struct doc *d);
/* Text in its last form, as strings; what is known later stays. */
const struct doc **m_settle(struct merger *m, const struct doc **d);
struct template *m_template(struct merger *m, enum template_kind kind);
struct template *m_add(struct template *to, struct template *t);
struct template *m_literal(struct merger *m, const struct doc *d);
struct template *m_hole(struct merger *m, struct hole *h);
/* A value of the row's kind; a named one is shared with what comes from the same setting or parameter. */
struct hole *m_scalar_hole(struct merger *m, const char *path, const struct doc **d, bool optional);
struct hole *m_named_hole(struct merger *m, const char *path, const struct doc **d);
bool m_has_external(const struct merger *m, const struct doc **d);
/* The value of an object's name that the row refers to, or NULL. */
struct hole *m_object_name(const struct merger *m, const struct doc **d);
bool m_is_namespace(const struct merger *m, const struct doc **d);
struct template *m_image(struct merger *m, const struct doc **d);
struct template *m_scalar(struct merger *m, const struct doc **d);

#endif
