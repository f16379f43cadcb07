/*
 * emit: the forms in which resources are written. A form sees resources only,
 * never the graph or the tree.
 */
#ifndef BERTH_EMIT_H
#define BERTH_EMIT_H

#include "berth/output.h"

enum form {
#define FORM(id, name, platform) FORM_##id,
#include "berth/platform/forms.def"
#undef FORM
	FORM_COUNT
};
const char *form_name(enum form f);
/* The names of all, in words: arena text. */
const char *form_list(struct arena *a);
/* The forms for the platform: a bit set. */
unsigned form_mask(enum resource_platform p);
/* FORM_COUNT when there is none of that name. */
enum form form_find(struct str name);
/* The form a stage of the platform gets when none is named. */
enum form form_default(enum resource_platform p);

/* What berth.json says of the set. */
struct emit_head {
	const char *project, *stage, *platform;
	const char *prefix, *region, *account, *cluster, *namespace; /* as far as the stage says them, else "" */
	struct sources *sources;
	unsigned forms; /* bit set: emit_set fills it in, so that nothing is held twice */
};
/* All files of the forms in the bit set, and berth.json as the last. Returns what is beyond a form's limits, or NULL. */
const char *emit_set(unsigned forms, const struct emit_head *head, struct resources *rs, struct out_set *set);

/* The first value below `d` that CI gives (`external`): by the name, or any (NULL). NULL when there is none. */
const struct doc *find_external(const struct doc *d, const char *name);
/* One stage's part in the chart: its resources, of which the Kubernetes objects are taken. */
struct chart_stage {
	const struct emit_head *head;
	const struct resources *resources;
};
/* The files of form `helm`: one chart of n stages, PROJECT/…, and berth.json as the last. Returns what cannot be a chart, or NULL. */
const char *emit_chart(const struct chart_stage *stages, unsigned n, struct out_set *set);

#endif
