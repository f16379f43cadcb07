/*
 * What an earlier berth.json says was written. It may have been edited or
 * come from elsewhere, so that nothing in it is believed beyond paths that
 * stay below their folder.
 *
 * jansson: json_loadb gives the one reference freed here; all others are
 * borrowed.
 */
#include "folder.h"

#include <jansson.h>
#include <stdlib.h>

static void
add_file(struct arena *a, const json_t *file, listed_files *out)
{
	const char *path = json_string_value(json_object_get(file, "path")); /* NULL when it is no string */
	const char *sha256 = json_string_value(json_object_get(file, "sha256"));

	if (path && folder_path_ok(path))
		*VEC_PUSH(a, out) = (struct listed){arena_strz(a, str_of(path)), sha256 ? arena_strz(a, str_of(sha256)) : ""};
}

static void
add_files(struct arena *a, const json_t *resource, listed_files *out)
{
	const json_t *files = json_object_get(resource, "files");

	for (size_t i = 0; i < json_array_size(files); i++)
		add_file(a, json_array_get(files, i), out);
}

void
manifest_files(struct arena *a, struct str text, listed_files *out)
{
	const json_t *resources, *extra;
	json_t *root;

	json_set_alloc_funcs(xmalloc, free);
	root = json_loadb(text.p, text.n, 0, NULL);
	resources = json_object_get(root, "resources");
	for (size_t i = 0; i < json_array_size(resources); i++)
		add_files(a, json_array_get(resources, i), out);
	extra = json_object_get(root, "extra_files");
	for (size_t i = 0; i < json_array_size(extra); i++)
		add_file(a, json_array_get(extra, i), out);
	json_decref(root);
}
