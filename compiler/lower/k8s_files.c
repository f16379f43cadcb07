/*
 * What containers mount: `files` as an immutable ConfigMap whose name says its
 * content, so that a change rolls the pods and a rollback finds the old one;
 * volumes as space on the node, as a file system of EFS, or as disks that a
 * StatefulSet keeps for each copy. Sources: Kubernetes 1.36 API, core/v1;
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

/* ---- volumes ---- */

static struct doc *
words_doc(struct k8s *k, struct object *o, const char *word, const char *because)
{
	struct doc *list = doc_list(k->a, o->at);
	doc_add(list, k_add(k, o, word, because));
	return list;
}

/*
 * A file system of EFS: a volume of the cluster that is the file system, and the workload's claim to it. Source: AWS EFS
 * CSI driver, static provisioning.
 */
static struct doc *
efs_doc(struct k8s *k, struct object *node, struct object *v, const struct value *efs)
{
	static const char size[] = "5Gi", why[] = "the API wants a size; EFS has none";
	const struct value *path = get(k->g, v, A_volume_path);
	const char *claim = arena_printf(k->a, "%s-%s", name_cut(k->a, node_name(k->g, node), 180), v->label->text);
	const char *name = arena_printf(k->a, "%.*s-%s", (int)k->ns->text.n, k->ns->text.p, claim);
	struct doc *pv = k_object(k, RK_K_PV, node, name), *spec = doc_map(k->a, v->at), *capacity = doc_map(k->a, v->at), *csi = doc_map(k->a, v->at), *ref = doc_map(k->a, v->at);
	doc_set(k->a, capacity, "storage", k_add(k, v, size, why));
	doc_set(k->a, spec, "capacity", capacity);
	doc_set(k->a, spec, "volumeMode", k_add(k, v, "Filesystem", "the API's default, written out"));
	doc_set(k->a, spec, "accessModes", words_doc(k, v, "ReadWriteMany", "EFS is one for all copies"));
	doc_set(k->a, spec, "persistentVolumeReclaimPolicy", k_add(k, v, "Retain", "the files are not the cluster's"));
	doc_set(k->a, spec, "storageClassName", k_add(k, v, "", "nothing is provisioned: it exists"));
	doc_set(k->a, csi, "driver", k_add(k, v, "efs.csi.aws.com", "the driver of EFS"));
	doc_set(k->a, csi, "volumeHandle", path && !str_eqz(path->text, "/") ? k_of(k, efs, arena_printf(k->a, "%.*s:%.*s", (int)efs->text.n, efs->text.p, (int)path->text.n, path->text.p)) : doc_value(k->l, efs));
	doc_set(k->a, spec, "csi", csi);
	doc_set(k->a, ref, "namespace", doc_value(k->l, k->ns));
	doc_set(k->a, ref, "name", k_add(k, v, claim, "for this workload alone"));
	doc_set(k->a, spec, "claimRef", ref);
	doc_set(k->a, pv, "spec", spec);
	struct resource *volume = k_add_once(k, RK_K_PV, name, node, pv);
	struct doc *pvc = k_object(k, RK_K_PVC, node, claim), *asks = doc_map(k->a, v->at), *resources = doc_map(k->a, v->at), *requests = doc_map(k->a, v->at), *use = doc_map(k->a, v->at);
	doc_set(k->a, asks, "accessModes", words_doc(k, v, "ReadWriteMany", "EFS is one for all copies"));
	doc_set(k->a, asks, "volumeMode", k_add(k, v, "Filesystem", "the API's default, written out"));
	doc_set(k->a, asks, "storageClassName", k_add(k, v, "", "nothing is provisioned: it exists"));
	doc_set(k->a, asks, "volumeName", k_add(k, v, name, "the volume above"));
	doc_set(k->a, requests, "storage", k_add(k, v, size, why));
	doc_set(k->a, resources, "requests", requests);
	doc_set(k->a, asks, "resources", resources);
	doc_set(k->a, pvc, "spec", asks);
	struct resource *r = k_add_once(k, RK_K_PVC, claim, node, pvc);
	resource_edge(k->l->out, r, volume);
	k_need(k, r);
	doc_set(k->a, use, "claimName", k_add(k, v, claim, "the workload's claim"));
	return use;
}

static bool
is_kept(struct k8s *k, struct object *v)
{
	return get_bool(k->g, v, A_volume_keep);
}

bool
k_keeps(struct k8s *k, struct object *node)
{
	for (struct object *v = object_child(k->p, node, K_volume, NULL); v; v = object_next(v))
		if (is_kept(k, v))
			return true;
	return false;
}

struct doc *
k_claims(struct k8s *k, struct object *node)
{
	struct doc *list = doc_list(k->a, node->at);
	for (struct object *v = object_child(k->p, node, K_volume, NULL); v; v = object_next(v)) {
		const struct value *size = get(k->g, v, A_volume_size);
		struct doc *d = doc_map(k->a, v->at), *meta = doc_map(k->a, v->at), *spec = doc_map(k->a, v->at), *resources = doc_map(k->a, v->at), *requests = doc_map(k->a, v->at);
		if (!is_kept(k, v))
			continue;
		if (size == NULL || get(k->g, v, A_volume_efs)) {
			struct diag *g = complain(k->g, D_E0170, v->at, size ? "volume \"%s\" is kept, and EFS keeps its files by itself" : "volume \"%s\" is kept and does not say its size", v->label->text);
			diag_hint(k->g->compile->diags, g, size ? "Write keep for a disk of each copy's own, or efs for one file system for all." : "Write size = 20GiB: the disk of each copy.");
			continue;
		}
		doc_set(k->a, meta, "name", doc_z(k->a, v->at, v->label->text));
		doc_set(k->a, d, "metadata", meta);
		doc_set(k->a, spec, "accessModes", words_doc(k, v, "ReadWriteOnce", "a disk of the copy's own"));
		doc_set(k->a, spec, "volumeMode", k_add(k, v, "Filesystem", "the API's default, written out"));
		doc_set(k->a, requests, "storage", k_bytes(k, size));
		doc_set(k->a, resources, "requests", requests);
		doc_set(k->a, spec, "resources", resources);
		doc_set(k->a, d, "spec", spec);
		doc_add(list, d);
	}
	return list;
}

void
k_volumes(struct k8s *k, struct object *node, struct doc *volumes)
{
	for (struct object *v = object_child(k->p, node, K_volume, NULL); v; v = object_next(v)) {
		struct doc *d = doc_map(k->a, v->at), *empty = doc_map(k->a, v->at);
		const struct value *size = get(k->g, v, A_volume_size), *efs = get(k->g, v, A_volume_efs);
		if (is_kept(k, v) && node->kind == K_service)
			continue; /* a claim of the StatefulSet's */
		if (is_kept(k, v)) {
			struct diag *g = complain(k->g, D_E0181, v->at, "a kept volume of %s cannot be done on kubernetes", object_words(k->a, node));
			diag_hint(k->g->compile->diags, g, "Only the copies of a service have names to keep disks for; efs keeps files for runs.");
			continue;
		}
		doc_set(k->a, d, "name", doc_z(k->a, v->at, v->label->text));
		if (efs) {
			doc_set(k->a, d, "persistentVolumeClaim", efs_doc(k, node, v, efs));
			doc_add(volumes, d);
			continue;
		}
		if (size)
			doc_set(k->a, empty, "sizeLimit", k_bytes(k, size));
		doc_set(k->a, d, "emptyDir", empty);
		doc_add(volumes, d);
	}
}
