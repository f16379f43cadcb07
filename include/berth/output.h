/*
 * output: writing documents and folders. Part of the emit layer.
 *
 * The folder writer is the only code that touches the output directory.
 */
#ifndef BERTH_OUTPUT_H
#define BERTH_OUTPUT_H

#include "berth/resource.h"

/*
 * JSON text with two-space indentation, members in document order, a final
 * newline. DOC_ATTR is written as "${address.Attribute}" (inside DOC_TEXT and
 * DOC_JSON too).
 */
void json_write(const struct doc *d, struct buf *out);
/* The same on one line without spaces or a final newline: for DOC_JSON strings. */
void json_write_compact(const struct doc *d, struct buf *out);
/*
 * One YAML 1.1/1.2 document that every reader (libyaml, Go, PyYAML, Psych)
 * reads back equal: plain only for `[A-Za-z][A-Za-z0-9_./-]*` that no reader
 * takes for something else, block scalars for safe multi-line text, else
 * double quotes. Keys follow the same rule. Block style, two spaces.
 */
void yaml_write(const struct doc *d, struct buf *out);

/* One file of a set: path relative to the folder, '/' separated, never with "..". */
struct out_file {
	const char *path;
	struct str text;
	bool executable;
};
struct out_set {
	struct arena *arena;
	VEC(struct out_file) files;
	bool stream; /* for standard output: of manifests, nothing but the manifests is looked at */
};
struct out_result {
	unsigned written, unchanged, removed;
	const char *problem; /* arena text on failure: what the system said about which path */
	const char *path;    /* the path it was about */
};
/*
 * Make `dir`/`sub` hold exactly the set: lock DIR/.berth.lock (wait up to
 * `wait_ms`, then fail saying which process holds it), write each changed file to a temporary name beside its
 * target, sync, rename; files listed in the earlier `sub`/berth.json that are
 * not in the set are removed, and folders left empty by that; `berth.json`
 * itself (part of the set) is renamed last. Symbolic links inside the folder
 * are never followed: a link where a file or folder should be is refused.
 * Nothing else is touched. Temporary files of a killed run are cleaned by the
 * next. Returns 0 or -1 with result->problem. With `check_only`, nothing is
 * written and the counts say what would be.
 */
int out_write(const char *dir, const char *sub, const struct out_set *set, bool check_only, unsigned wait_ms,
	      struct arena *a, struct out_result *result);

#endif
