/*
 * `files` on ECS, which has no files of its own: a container of the same image
 * runs first. It copies what the image holds in the files' folders to volumes
 * of the task, writes the files there and ends; then the volumes are mounted
 * over the folders. The same image, because only that one can be copied from,
 * is pulled anyway and has the right architecture; it needs /bin/sh and cp.
 */
#include "ecs.h"

#include <string.h>

#define STAGING "/berth"

static bool
is_inside(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	if (n == 1)
		return true;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* /etc/nginx of /etc/nginx/nginx.conf. */
static const char *
folder_of(struct ecs *e, struct str path)
{
	size_t n = path.n;
	while (n > 1 && path.p[n - 1] != '/')
		n--;
	return arena_strz(e->a, (struct str){path.p, n > 1 ? n - 1 : n});
}

/* Folders that cannot be covered by a volume: the platform writes its own files there. */
static bool
is_platforms(const char *folder)
{
	return strcmp(folder, "/") == 0 || strcmp(folder, "/etc") == 0 || is_inside(folder, "/dev") || is_inside(folder, "/proc") || is_inside(folder, "/sys");
}

void
file_folders(struct ecs *e, struct object *c, folder_list *out)
{
	struct object *files = object_child(e->p, c, K_files, NULL);
	for (struct entry *x = files ? files->entries : NULL; x; x = x->next) {
		const char *folder = folder_of(e, x->key);
		size_t kept = 0;
		bool covered = false;
		for (size_t i = 0; i < out->n; i++) {
			covered |= is_inside(folder, out->v[i]);
			if (covered || !is_inside(out->v[i], folder))
				out->v[kept++] = out->v[i];
		}
		out->n = kept;
		if (!covered)
			*VEC_PUSH(e->a, out) = folder;
	}
}

const char *
file_volume(struct ecs *e, struct object *c, size_t n)
{
	return n == 0 ? arena_printf(e->a, "files-%s", c->label->text) : arena_printf(e->a, "files-%s-%zu", c->label->text, n + 1);
}

static void
check_folder(struct ecs *e, struct object *c, struct object *files, const char *folder)
{
	if (is_platforms(folder)) {
		struct diag *d = complain(e->g, D_E0181, files->at, "files in %s itself cannot be done on ecs", folder);
		diag_hint(e->g->compile->diags, d, "A volume is mounted over the folder, and the platform writes there: use a folder of its own, such as %s%s/.",
			  strcmp(folder, "/") == 0 ? "/" : "/etc/", c->label->text);
	}
	for (struct object *m = object_child(e->p, c, K_mount, NULL); m; m = object_next(m)) {
		struct str path = get_text(e->g, m, A_mount_path);
		while (path.n > 1 && path.p[path.n - 1] == '/')
			path.n--;
		if (path.n == 0 || !is_inside(folder, arena_strz(e->a, path)))
			continue;
		struct diag *d = complain(e->g, D_E0169, files->at, "files in %s would hide a part of volume \"%s\"", folder, m->label->text);
		diag_note(e->g->compile->diags, d, m->at, "it is mounted here");
		diag_hint(e->g->compile->diags, d, "Use a folder outside the mount.");
	}
}

static void
add_file(struct ecs *e, const folder_list *folders, struct entry *x, unsigned number, struct buf *script)
{
	const char *path = arena_strz(e->a, x->key);
	size_t n = 0;
	while (!is_inside(path, folders->v[n]))
		n++;
	struct str to = arena_strf(e->a, STAGING "/%zu%s", n + 1, path + strlen(folders->v[n]));
	const char *folder = folder_of(e, to);
	if (strlen(folder) > strlen(STAGING "/1")) {
		buf_addz(script, "mkdir -p ");
		buf_add_shell(script, str_of(folder));
		buf_addc(script, '\n');
	}
	buf_addz(script, "rm -f "); /* a link of the image is replaced, not followed */
	buf_add_shell(script, to);
	buf_addf(script, "\nprintf %%s \"$FILE_%u\" > ", number);
	buf_add_shell(script, to);
	buf_addc(script, '\n');
}

/* Fills `env` with the files' contents. */
static struct doc *
script_doc(struct ecs *e, struct object *files, const folder_list *folders, struct doc *env)
{
	struct buf script = {0};
	unsigned number = 0;
	buf_addz(&script, "set -e\numask 022\n");
	for (size_t i = 0; i < folders->n; i++) {
		struct buf folder = {0};
		buf_add_shell(&folder, str_of(folders->v[i]));
		buf_addf(&script, "if [ -d %.*s ]; then cp -a %.*s/. " STAGING "/%zu/; fi\n", (int)folder.n, folder.p, (int)folder.n, folder.p, i + 1);
		buf_free(&folder);
	}
	for (struct entry *x = files->entries; x; x = x->next) {
		struct doc *content = doc_value(e->l, entry_value(e->p, files, x));
		if (content == NULL)
			continue;
		struct doc *pair = doc_map(e->a, content->origin);
		doc_set(e->a, pair, "name", add_f(e, files, "the content travels with the revision", "FILE_%u", ++number));
		doc_set(e->a, pair, "value", content);
		doc_add(env, pair);
		add_file(e, folders, x, number, &script);
	}
	struct doc *d = doc_string(e->a, files->at, arena_str(e->a, buf_str(&script)));
	d->because = "copies what the image has in the folders and writes the files";
	buf_free(&script);
	return d;
}

struct doc *
files_container(struct task *t, struct object *c, struct doc *image)
{
	struct ecs *e = t->e;
	struct object *files = object_child(e->p, c, K_files, NULL);
	folder_list folders = {0};
	file_folders(e, c, &folders);
	if (folders.n == 0)
		return NULL;
	struct doc *d = doc_map(e->a, files->at), *entry = doc_list(e->a, files->at), *command = doc_list(e->a, files->at), *env = doc_list(e->a, files->at),
		   *mounts = doc_list(e->a, files->at);
	for (size_t i = 0; i < folders.n; i++) {
		struct doc *m = doc_map(e->a, files->at);
		check_folder(e, c, files, folders.v[i]);
		doc_set(e->a, m, "sourceVolume", add_z(e, files, file_volume(e, c, i), "the files' folder"));
		doc_set(e->a, m, "containerPath", add_f(e, files, "where the folder is filled", STAGING "/%zu", i + 1));
		doc_set(e->a, m, "readOnly", doc_bool(e->a, files->at, false));
		doc_add(mounts, m);
	}
	doc_add(entry, add_z(e, files, "/bin/sh", "ECS has no files of its own"));
	doc_add(entry, doc_z(e->a, files->at, "-c"));
	doc_add(command, script_doc(e, files, &folders, env));
	doc_set(e->a, d, "name", add_f(e, files, "writes the files and ends", "%s-files", c->label->text));
	doc_set(e->a, d, "image", image);
	doc_set(e->a, d, "essential", add_bool(e, files, false, "it ends before the container begins"));
	doc_set(e->a, d, "entryPoint", entry);
	doc_set(e->a, d, "command", command);
	doc_set(e->a, d, "user", add_z(e, files, "0", "a volume is root's until something is copied to it"));
	doc_set(e->a, d, "environment", env);
	doc_set(e->a, d, "mountPoints", mounts);
	doc_set(e->a, d, "readonlyRootFilesystem", add_bool(e, files, true, "it writes to the volumes only"));
	container_logging(t, c, d);
	return d;
}
