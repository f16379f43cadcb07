/*
 * What containers mount: `files` as an immutable ConfigMap whose name says its
 * content, so that a change rolls the pods and a rollback finds the old one;
 * volumes as space on the node. Sources: Kubernetes 1.36 API, core/v1;
 * core validation (ConfigMap: keys, 1 MiB of values).
 */
#include "k8s.h"

#include <string.h>

enum { CONFIG_MAX = 1024 * 1024, KEY_MAX = 240 };

/* The last part of the path, in the letters a key may have; a number makes it the only one. */
static const char *
key_of(struct k8s *k, const struct doc *data, struct str path)
{
	struct buf b = {0};
	size_t from = path.n;
	while (from > 0 && path.p[from - 1] != '/')
		from--;
	for (size_t i = from; i < path.n; i++) {
		char c = path.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
		buf_addc(&b, good && !(c == '.' && b.n == 0) ? c : '-');
	}
	const char *base = name_cut(k->a, arena_strz(k->a, buf_str(&b)), KEY_MAX), *key = base;
	buf_free(&b);
	for (unsigned n = 2; doc_get(data, key); n++)
		key = arena_printf(k->a, "%u-%s", n, base);
	return key;
}

static void
check_paths(struct k8s *k, struct object *c, struct object *files)
{
	for (struct object *m = object_child(k->p, c, K_mount, NULL); m; m = object_next(m)) {
		struct str path = get_text(k->g, m, A_mount_path);
		while (path.n > 0 && path.p[path.n - 1] == '/')
			path.n--;
		for (struct entry *x = files->entries; x; x = x->next) {
			if (x->key.n < path.n || memcmp(x->key.p, path.p, path.n) != 0 || (x->key.n > path.n && x->key.p[path.n] != '/'))
				continue;
			struct diag *d = complain(k->g, D_E0169, x->key_at, "a file inside volume \"%s\" would be hidden or hide", m->label->text);
			diag_note(k->g->compile->diags, d, m->at, "it is mounted here");
			diag_hint(k->g->compile->diags, d, "Use a folder outside the mount.");
		}
	}
}

void
k_files(struct k8s *k, struct object *node, const char *name, struct object *c, struct doc *mounts, struct doc *volumes)
{
	struct object *files = object_child(k->p, c, K_files, NULL);
	if (files == NULL)
		return;
	struct doc *data = doc_map(k->a, files->at);
	const char *volume = name_cut(k->a, arena_printf(k->a, "files-%s", c->label->text), 63);
	struct buf content = {0};
	uint64_t bytes = 0;
	check_paths(k, c, files);
	for (struct entry *x = files->entries; x; x = x->next) {
		struct doc *text = doc_value(k->l, entry_value(k->p, files, x));
		if (text == NULL)
			continue;
		const char *key = key_of(k, data, x->key);
		struct doc *m = doc_map(k->a, x->key_at);
		bytes += text->text.n;
		buf_addf(&content, "%s %zu ", key, text->text.n);
		buf_adds(&content, text->text);
		doc_set(k->a, data, key, text);
		doc_set(k->a, m, "name", k_add(k, files, volume, "the container's files"));
		doc_set(k->a, m, "mountPath", doc_string(k->a, x->key_at, x->key));
		doc_set(k->a, m, "subPath", k_add(k, files, key, "one file: what the image has beside it stays"));
		doc_set(k->a, m, "readOnly", k_bool(k, files, true, "a ConfigMap is never written to"));
		doc_add(mounts, m);
	}
	if (bytes > CONFIG_MAX) {
		struct diag *d = complain(k->g, D_E0186, files->at, "the files of %s have %llu bytes, more than %d", object_words(k->a, c), (unsigned long long)bytes, CONFIG_MAX);
		diag_hint(k->g->compile->diags, d, "The limit is the platform's (core validation, ConfigMap); put large files into the image.");
	}
	char hex[65];
	sha256_hex(buf_str(&content), hex);
	buf_free(&content);
	const char *stem = arena_printf(k->a, "%s-%s", name_cut(k->a, name, 200), c->label->text);
	struct doc *d, *v = doc_map(k->a, files->at), *from = doc_map(k->a, files->at);
	struct resource *map = k_add_hashed(k, RK_K_CONFIG_MAP, node, stem, hex, &d);
	doc_set(k->a, d, "immutable", k_bool(k, files, true, "other content has another name"));
	doc_set(k->a, d, "data", data);
	k_need(k, map);
	doc_set(k->a, from, "name", k_add(k, files, map->name, "the name says the content, so that a change rolls the pods"));
	doc_set(k->a, v, "name", k_add(k, files, volume, "the container's files"));
	doc_set(k->a, v, "configMap", from);
	doc_add(volumes, v);
}

void
k_mounts(struct k8s *k, struct object *c, struct doc *mounts)
{
	for (struct object *m = object_child(k->p, c, K_mount, NULL); m; m = object_next(m)) {
		struct doc *d = doc_map(k->a, m->at);
		const struct value *read_only = get(k->g, m, A_mount_read_only);
		doc_set(k->a, d, "name", doc_z(k->a, m->at, m->label->text));
		doc_set(k->a, d, "mountPath", doc_value(k->l, get(k->g, m, A_mount_path)));
		if (read_only->n)
			doc_set(k->a, d, "readOnly", k_of_bool(k, read_only));
		doc_add(mounts, d);
	}
}

void
k_volumes(struct k8s *k, struct object *node, struct doc *volumes)
{
	for (struct object *v = object_child(k->p, node, K_volume, NULL); v; v = object_next(v)) {
		struct doc *d = doc_map(k->a, v->at), *empty = doc_map(k->a, v->at);
		const struct value *size = get(k->g, v, A_volume_size);
		if (size)
			doc_set(k->a, empty, "sizeLimit", k_bytes(k, size));
		doc_set(k->a, d, "name", doc_z(k->a, v->at, v->label->text));
		doc_set(k->a, d, "emptyDir", empty);
		doc_add(volumes, d);
	}
}
