/*
 * emit: the forms in which resources are written. A form sees resources only,
 * never the graph or the tree.
 */
#ifndef BERTH_EMIT_H
#define BERTH_EMIT_H

#include "berth/output.h"

enum form {
#define FORM(id, name, built, platform) FORM_##id,
#include "berth/platform/forms.def"
#undef FORM
	FORM_COUNT
};
const char *form_name(enum form f);
bool form_built(enum form f);
/* The names of the built ones, in words: arena text. */
const char *form_list(struct arena *a);
/* FORM_COUNT when there is none of that name. */
enum form form_find(struct str name);
/* The form a stage of the platform gets when none is named. */
enum form form_default(enum resource_platform p);

/* What berth.json says of the set. */
struct emit_head {
	const char *project, *stage, *platform;
	const char *prefix, *region, *account, *cluster; /* as far as the stage says them, else "" */
	struct sources *sources;
	unsigned forms; /* bit set: emit_set fills it in, so that nothing is held twice */
};
/* All files of the forms in the bit set, and berth.json as the last. Returns what is beyond a form's limits, or NULL. */
const char *emit_set(unsigned forms, const struct emit_head *head, struct resources *rs, struct out_set *set);

#endif
