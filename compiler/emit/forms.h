/* Shared by the forms; private to the emit layer. */
#ifndef BERTH_EMIT_FORMS_H
#define BERTH_EMIT_FORMS_H

#include "berth/emit.h"

typedef VEC(struct out_file) file_list;

/* A file name from a resource's: what a path cannot hold is written %XX. */
void add_file_name(struct buf *b, const char *name);

/*
 * cloudformation.c: one template of the resources that `take` accepts. *problem is set when it is beyond CloudFormation's
 * limits.
 */
struct str cloudformation_template(struct arena *a, const struct emit_head *head, const struct resources *rs, bool (*take)(const struct resource *),
				   const char **problem);

/* api.c: the files of one resource, and deploy.sh. */
void api_resource(struct arena *a, const struct resource *r, file_list *files);
struct str api_script(struct arena *a, const struct emit_head *head, const struct resources *rs);

#endif
