/* Shared by the forms; private to the emit layer. */
#ifndef BERTH_EMIT_FORMS_H
#define BERTH_EMIT_FORMS_H

#include "berth/emit.h"

typedef VEC(struct out_file) file_list;

/* Does a file of the form hold the resource? */
typedef bool taker(const struct emit_head *head, const struct resources *rs, const struct resource *r);

/* What berth.json says of a file. */
struct doc *file_doc(struct arena *a, struct span at, const struct out_file *f);

/* A file name from a resource's: what a path cannot hold is written %XX. */
void add_file_name(struct buf *b, const char *name);

/* One more argument of a shell's command. */
void add_argument(struct buf *b, struct str s);
/* The kind of a Kubernetes object in a file name: networkpolicy. */
void add_kind_name(struct buf *b, const struct resource *r);
/* Another reference to the same value: documents are trees, so the top node is made anew. */
struct doc *doc_share(struct arena *a, const struct doc *d);
/* The map with its members shared, but for the one of that name ("": all of them). */
struct doc *doc_without(struct arena *a, const struct doc *map, const char *key);

/*
 * cloudformation.c: one template of the resources that `take` accepts. *problem is set when it is beyond CloudFormation's
 * limits.
 */
struct str cloudformation_template(struct arena *a, const struct emit_head *head, const struct resources *rs, taker *take,
				   const char **problem);

/* The resource's name in a template. */
const char *cloudformation_id(struct arena *a, const struct resource *r);

/* terraform.c: main.tf.json of the resources that `take` accepts. */
struct str terraform_file(struct arena *a, const struct emit_head *head, const struct resources *rs, taker *take);

/* ecspresso.c: what it takes itself, and what its two templates hold: before and after the services. */
bool ecspresso_takes(const struct resource *r);
taker ecspresso_leaves_before, ecspresso_leaves_after;
void ecspresso_resource(struct arena *a, const struct emit_head *head, const struct resources *rs, const struct resource *r, file_list *files);
struct str ecspresso_script(struct arena *a, const struct emit_head *head, const struct resources *rs, bool after);

/* ecschedule.c: the rules it takes, and its file. */
bool ecschedule_takes(const struct resources *rs, const struct resource *r);
struct str ecschedule_file(struct arena *a, const struct emit_head *head, const struct resources *rs);

/* secrets.c: a Secret whose values are put in when it is deployed; the script that does. */
bool is_filled_later(const struct resource *r);
struct str secrets_script(struct arena *a, const struct emit_head *head, const struct resources *rs);

/* forms.c: values that CI owns (`external`), by name. */
typedef VEC(const char *) name_list;
void external_names(struct arena *a, const struct resources *rs, name_list *out);
void external_names_of(struct arena *a, const struct doc *d, name_list *out);
/* The value it has when CI says none, or NULL. */
const char *external_first(const struct resources *rs, const char *name);

/* api.c: the files of one resource, and deploy.sh, which names the files of each resource in their order. */
void api_resource(struct arena *a, const struct resource *r, file_list *files);
struct str api_script(struct arena *a, const struct emit_head *head, const struct resources *rs, const file_list *files);

#endif
