/*
 * Steps of the folder writer, each relative to an open folder and none
 * following a symbolic link. Private to the emit layer.
 */
#ifndef BERTH_EMIT_FOLDER_H
#define BERTH_EMIT_FOLDER_H

#include "berth/output.h"

#define TEMP_PREFIX ".berth-tmp-"

/* Relative, '/' separated, no empty, "." or ".." part, none of the names that the writer itself uses. */
bool folder_path_ok(const char *path);
/*
 * Open the folder that holds the last part of `path`, from the folder `top`
 * on; *base becomes that part. Returns -1 with errno set: ELOOP where a part
 * is a symbolic link, ENOTDIR where it is a file.
 */
int folder_parent(int top, const char *path, const char **base);
enum folder_entry { ENTRY_NONE, ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK, ENTRY_OTHER, ENTRY_FAILED };
/* What stands at path. A missing folder on the way is ENTRY_NONE; ENTRY_FAILED leaves errno. */
enum folder_entry folder_entry(int top, const char *path);
/* Does the regular file hold exactly this text with this permission to run? */
bool folder_same(int top, const char *path, struct str text, bool executable);
/* Create a file that must not exist, write, sync (if asked) and close it. 0 or an errno value; then it is gone again. */
int folder_create(int parent, const char *name, struct str text, bool executable, bool sync);
/* Sync all that was written to the file system of `top`, where that can be asked for. 0 or an errno value. */
bool folder_can_sync_all(void);
int folder_sync_all(int top);
/* Read a regular file; false when it is missing, no file, unreadable or larger than max. */
bool folder_read(struct arena *a, int top, const char *path, size_t max, struct str *out);
/* Remove what killed runs left below the folder at path ("" = top). */
void folder_sweep(int top, const char *path);
/* 0 or an errno value. */
int folder_sync(int top, const char *path);
/* mkdir -p; symbolic links are followed, since the user named this one. 0 or an errno value. */
int folder_make(const char *dir);

/*
 * Lock the folder. Returns a descriptor for folder_unlock, or -1 with errno:
 * EAGAIN after wait_ms, *holder then being the process (0 = unknown).
 */
int folder_lock(int top, unsigned wait_ms, long *holder);
void folder_unlock(int top, int lock);

typedef VEC(const char *) path_list;
/* Files that an earlier berth.json lists, as far as folder_path_ok; malformed text lists none. */
struct listed {
	const char *path;
	const char *sha256; /* "" when it says none */
};
typedef VEC(struct listed) listed_files;
void manifest_files(struct arena *a, struct str text, listed_files *out);

#endif
