/*
 * Task definitions: containers, the Fargate size, order of start and stop.
 * Sources: ECS API, RegisterTaskDefinition and ContainerDefinition.
 */
#include "ecs.h"

#include <string.h>

enum { STOP_DEFAULT_S = 30, STOP_LEAST_S = 2 };

static int64_t
seconds_up(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* NAME_TAG from the image's own name: containers of one image share the tag that CI gives. */
static const char *
variable_name(struct ecs *e, struct str image, const char *suffix)
{
	struct buf b = {0};
	size_t from = image.n;
	while (from > 0 && image.p[from - 1] != '/')
		from--;
	for (size_t i = from; i < image.n; i++) {
		char c = image.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9' && i > from);
		buf_addc(&b, !letter ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
	}
	buf_addz(&b, suffix);
	const char *name = arena_strz(e->a, buf_str(&b));
	buf_free(&b);
	return name;
}

/* A value that CI owns: a hole that each form fills in its own way. */
static struct doc *
hole(struct ecs *e, const struct value *v, const char *name)
{
	struct doc *d = doc_attr(e->a, v->origin, "external", name);
	d->value = v;
	if (v->items && v->items->kind == V_STRING)
		d->items = doc_string(e->a, v->items->origin, v->items->text);
	return d;
}

static struct doc *
image_doc(struct ecs *e, struct object *c)
{
	const struct value *image = get(e->g, c, A_container_image), *tag = get(e->g, c, A_container_tag),
			   *digest = get(e->g, c, A_container_digest);
	if (image == NULL)
		return NULL;
	if (image->kind == V_EXTERNAL)
		return hole(e, image, variable_name(e, str_of(c->label->text), "_IMAGE"));
	if (tag && tag->kind == V_EXTERNAL && !digest) {
		struct doc *text = doc_new(e->a, DOC_TEXT, tag->origin);
		text->value = tag;
		doc_add(text, of_f(e, image, "%.*s:", (int)image->text.n, image->text.p));
		doc_add(text, hole(e, tag, variable_name(e, image->text, "_TAG")));
		return text;
	}
	const struct value *last = digest ? digest : tag ? tag : image;
	return of_f(e, last, "%.*s%s%.*s%s%.*s", (int)image->text.n, image->text.p, tag && tag->kind == V_STRING ? ":" : "",
		    tag && tag->kind == V_STRING ? (int)tag->text.n : 0, tag ? tag->text.p : "", digest ? "@" : "", digest ? (int)digest->text.n : 0,
		    digest ? digest->text.p : "");
}

struct doc *
command_doc(struct ecs *e, const struct value *v)
{
	if (v == NULL || v->kind == V_LIST)
		return of_list(e, v);
	struct doc *list = doc_list(e->a, v->origin);
	list->value = v;
	doc_add(list, doc_z(e->a, v->origin, "/bin/sh"));
	doc_add(list, doc_z(e->a, v->origin, "-c"));
	doc_add(list, doc_value(e->l, v));
	return list;
}

static void
add_port(struct ecs *e, struct doc *list, const struct value *port, const char *name, const char *protocol)
{
	struct doc *p = doc_map(e->a, port->origin);
	doc_set(e->a, p, "name", doc_z(e->a, port->origin, name));
	doc_set(e->a, p, "containerPort", of_int(e, port, port->n));
	doc_set(e->a, p, "protocol", doc_z(e->a, port->origin, protocol));
	doc_add(list, p);
}

static struct doc *
ports_doc(struct ecs *e, struct object *c)
{
	struct doc *list = doc_list(e->a, c->at);
	const struct value *v = get(e->g, c, A_container_port);
	if (v)
		add_port(e, list, v, "http", "tcp");
	for (struct object *p = object_child(e->p, c, K_port, NULL); p; p = object_next(p)) {
		v = get(e->g, p, A_port_number);
		if (v)
			add_port(e, list, v, p->label->text, arena_strz(e->a, get_text(e->g, p, A_port_protocol)));
	}
	return list->count ? list : NULL;
}

static struct doc *
env_doc(struct task *t, struct object *c)
{
	struct ecs *e = t->e;
	struct object *env = object_child(e->p, c, K_env, NULL);
	struct doc *list = doc_list(e->a, env ? env->at : c->at);
	for (struct entry *x = env ? env->entries : NULL; x; x = x->next) {
		struct doc *value = doc_value(e->l, entry_value(e->p, env, x));
		if (value == NULL)
			continue;
		struct doc *pair = doc_map(e->a, value->origin);
		doc_set(e->a, pair, "name", doc_string(e->a, x->key_at, x->key));
		doc_set(e->a, pair, "value", value);
		doc_add(list, pair);
	}
	if (!container_is_early(e->g, c))
		queue_env(e, t->node, env, list);
	return list->count ? list : NULL;
}

struct doc *
secret_ref(struct ecs *e, const struct value *v)
{
	struct str name = v->items->text;
	if (str_eqz(v->text, "ssm"))
		return str_starts(name, "arn:") ? of_f(e, v, "%.*s", (int)name.n, name.p)
						: of_z(e, v, arn(e, "ssm", arena_printf(e->a, "parameter%s%.*s", str_starts(name, "/") ? "" : "/", (int)name.n, name.p)));
	if (str_eqz(v->text, "secretsmanager")) {
		const char *base = str_starts(name, "arn:") ? arena_strz(e->a, name) : arn(e, "secretsmanager", arena_printf(e->a, "secret:%.*s", (int)name.n, name.p));
		const struct value *key = v->items->next;
		return key ? of_f(e, v, "%s:%.*s::", base, (int)key->text.n, key->text.p) : of_z(e, v, base);
	}
	struct diag *d = complain(e->g, D_E0181, v->origin, "%.*s cannot be done on ecs", (int)v->text.n, v->text.p);
	diag_hint(e->g->compile->diags, d, "Tasks read secrets from ssm(…) and secretsmanager(…).");
	return NULL;
}

static struct doc *
secrets_doc(struct ecs *e, struct object *c)
{
	struct object *secrets = object_child(e->p, c, K_secrets, NULL);
	struct doc *list = doc_list(e->a, secrets ? secrets->at : c->at);
	for (struct entry *x = secrets ? secrets->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, secrets, x);
		struct doc *from = v && v->kind == V_SECRET ? secret_ref(e, v) : NULL;
		if (from == NULL)
			continue;
		struct doc *pair = doc_map(e->a, v->origin);
		doc_set(e->a, pair, "name", doc_string(e->a, x->key_at, x->key));
		doc_set(e->a, pair, "valueFrom", from);
		doc_add(list, pair);
	}
	return list->count ? list : NULL;
}

/* An HTTP check becomes a command: curl, or wget where there is no curl. */
static struct doc *
health_command(struct ecs *e, struct object *c, struct object *h)
{
	const struct value *http = get(e->g, h, A_health_http), *command = get(e->g, h, A_health_command);
	struct doc *list;
	if (command && command->kind == V_LIST) {
		list = doc_list(e->a, command->origin);
		doc_add(list, doc_z(e->a, command->origin, "CMD"));
		for (const struct value *i = command->items; i; i = i->next)
			doc_add(list, doc_value(e->l, i));
		return list;
	}
	const struct value *from = command ? command : http;
	if (from == NULL)
		return NULL;
	list = doc_list(e->a, from->origin);
	doc_add(list, doc_z(e->a, from->origin, "CMD-SHELL"));
	if (command) {
		doc_add(list, doc_value(e->l, command));
		return list;
	}
	const struct value *port = get(e->g, c, A_container_port);
	struct object *named = object_child(e->p, c, K_port, NULL);
	if (port == NULL && named)
		port = get(e->g, named, A_port_number);
	doc_add(list, of_f(e, http, "url=http://127.0.0.1:%lld%.*s; curl -fsS -o /dev/null \"$url\" || wget -q -O /dev/null \"$url\" || exit 1",
			   (long long)(port ? port->n : 80), (int)http->text.n, http->text.p));
	return list;
}

static struct doc *
health_doc(struct ecs *e, struct object *c)
{
	struct object *h = object_child(e->p, c, K_health, NULL);
	struct doc *command = h ? health_command(e, c, h) : NULL;
	if (command == NULL)
		return NULL;
	struct doc *d = doc_map(e->a, h->at);
	doc_set(e->a, d, "command", command);
	static const struct {
		const char *key;
		enum attr_id attr;
		bool time;
	} rows[] = {{"interval", A_health_every, true}, {"timeout", A_health_timeout, true}, {"retries", A_health_retries, false},
		    {"startPeriod", A_health_grace, true}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct value *v = get(e->g, h, rows[i].attr);
		if (v)
			doc_set(e->a, d, rows[i].key, of_int(e, v, rows[i].time ? seconds_up(v->n) : v->n));
	}
	return d;
}

static struct doc *
stop_doc(struct ecs *e, struct object *c)
{
	const struct value *drain = get(e->g, c, A_container_drain);
	if (drain == NULL)
		return add_int(e, c, STOP_DEFAULT_S, "ECS's own default, written out: no drain is set");
	int64_t s = seconds_up(drain->n);
	return of_int(e, drain, s < STOP_LEAST_S ? STOP_LEAST_S : s);
}

static struct doc *
linux_doc(struct task *t, struct object *c)
{
	struct ecs *e = t->e;
	struct doc *d = doc_map(e->a, c->at);
	const struct value *init = get(e->g, c, A_container_init_process);
	if (init && init->n)
		doc_set(e->a, d, "initProcessEnabled", doc_bool(e->a, init->origin, true));
	else if (t->shell)
		doc_set(e->a, d, "initProcessEnabled", add_bool(e, c, true, "a process that ends a shell's children, as ECS Exec asks for"));
	struct object *caps = object_child(e->p, c, K_capabilities, NULL);
	if (caps) {
		struct doc *k = doc_map(e->a, caps->at);
		const struct value *add = get(e->g, caps, A_capabilities_add), *drop = get(e->g, caps, A_capabilities_drop);
		for (const struct value *i = add ? (add->kind == V_LIST ? add->items : add) : NULL; i; i = i->next) {
			if (str_eqz(i->text, "SYS_PTRACE"))
				continue;
			struct diag *g = complain(e->g, D_E0181, i->origin, "capability \"%.*s\" cannot be added on Fargate", (int)i->text.n, i->text.p);
			diag_hint(e->g->compile->diags, g, "Fargate adds SYS_PTRACE only (ECS API, KernelCapabilities).");
		}
		doc_set(e->a, k, "add", of_list(e, add));
		doc_set(e->a, k, "drop", of_list(e, drop));
		if (k->count)
			doc_set(e->a, d, "capabilities", k);
	}
	return d->count ? d : NULL;
}

static struct doc *
ulimits_doc(struct ecs *e, struct object *c)
{
	struct object *u = object_child(e->p, c, K_ulimits, NULL);
	struct doc *list = doc_list(e->a, u ? u->at : c->at);
	for (struct entry *x = u ? u->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, u, x);
		if (v == NULL || (v->kind != V_INT && v->kind != V_RANGE))
			continue;
		struct doc *l = doc_map(e->a, v->origin);
		doc_set(e->a, l, "name", doc_string(e->a, x->key_at, x->key));
		doc_set(e->a, l, "softLimit", of_int(e, v, v->kind == V_RANGE ? v->items->n : v->n));
		doc_set(e->a, l, "hardLimit", of_int(e, v, v->kind == V_RANGE ? v->items->next->n : v->n));
		doc_add(list, l);
	}
	return list->count ? list : NULL;
}

static struct doc *
user_doc(struct ecs *e, struct object *c)
{
	struct object *security = object_child(e->p, c->parent, K_security, NULL);
	const struct value *own = get(e->g, c, A_container_user), *user = security ? get(e->g, security, A_security_user) : NULL,
			   *group = security ? get(e->g, security, A_security_group) : NULL;
	if (own && own->kind == V_STRING && (group == NULL || memchr(own->text.p, ':', own->text.n)))
		return doc_value(e->l, own);
	if (own && own->kind == V_STRING)
		return of_f(e, own, "%.*s:%lld", (int)own->text.n, own->text.p, (long long)group->n);
	if (own)
		user = own;
	if (user == NULL && group) {
		struct diag *d = complain(e->g, D_E0181, group->origin, "a group without a user cannot be done on ecs");
		diag_hint(e->g->compile->diags, d, "Give both: security { user = %lld, group = %lld }", (long long)group->n, (long long)group->n);
		return NULL;
	}
	if (user == NULL)
		return NULL;
	return group ? of_f(e, user, "%lld:%lld", (long long)user->n, (long long)group->n) : of_f(e, user, "%lld", (long long)user->n);
}

/* ---- order ---- */

void
depend(struct ecs *e, struct object *c, struct doc *def, const char *other, const char *word, const char *because)
{
	struct doc *list = doc_get(def, "dependsOn"), *d = doc_map(e->a, c->at);
	if (list == NULL)
		list = doc_set(e->a, def, "dependsOn", doc_list(e->a, c->at));
	for (const struct doc *i = list->items; i; i = i->next)
		if (str_eqz(doc_get(i, "containerName")->text, other))
			return;
	doc_set(e->a, d, "containerName", add_z(e, c, other, because));
	doc_set(e->a, d, "condition", add_z(e, c, word, because));
	doc_add(list, d);
}

/* When may others rely on the container? */
static const char *
ready(struct ecs *e, struct object *c)
{
	return get_bool(e->g, c, A_container_init) ? "SUCCESS" : object_child(e->p, c, K_health, NULL) ? "HEALTHY" : "START";
}

/* `init` and `sidecar` containers start one after the other, as written; the others after all of them. */
static void
add_order(struct task *t, struct object *c, struct doc *def)
{
	struct ecs *e = t->e;
	bool early = container_is_early(e->g, c);
	struct object *last = NULL;
	for (struct object *o = object_child(e->p, t->node, K_container, NULL); o && (!early || o != c); o = object_next(o)) {
		if (!container_is_early(e->g, o))
			continue;
		if (early)
			last = o;
		else
			depend(e, c, def, o->label->text, ready(e, o), get_bool(e->g, o, A_container_init) ? "init runs first" : "a sidecar starts before, and stops after");
	}
	if (last)
		depend(e, c, def, last->label->text, ready(e, last), "init and sidecar containers start in the order in which they are written");
	const struct value *after = get(e->g, c, A_container_after);
	for (const struct value *v = after && after->kind == V_LIST ? after->items : after; v; v = after->kind == V_LIST ? v->next : NULL) {
		struct object *o = object_child(e->p, t->node, K_container, v->object->label);
		if (o)
			depend(e, c, def, o->label->text, ready(e, o), "after");
	}
}

/* ---- volumes ---- */

/* What a read-only container writes goes to /tmp, which no other container sees. */
static const char *
own_tmp(struct ecs *e, struct object *c)
{
	folder_list folders = {0};
	if (!get_bool(e->g, c, A_container_read_only))
		return NULL;
	file_folders(e, c, &folders);
	for (size_t i = 0; i < folders.n; i++)
		if (strcmp(folders.v[i], "/tmp") == 0)
			return NULL;
	for (struct object *m = object_child(e->p, c, K_mount, NULL); m; m = object_next(m))
		if (str_eqz(get_text(e->g, m, A_mount_path), "/tmp"))
			return NULL;
	return arena_printf(e->a, "tmp-%s", c->label->text);
}

/* A mount that berth adds. */
static void
add_mount(struct ecs *e, struct doc *list, struct object *at, const char *volume, const char *path, bool read_only, const char *because)
{
	struct doc *d = doc_map(e->a, at->at);
	doc_set(e->a, d, "sourceVolume", add_z(e, at, volume, because));
	doc_set(e->a, d, "containerPath", add_z(e, at, path, because));
	doc_set(e->a, d, "readOnly", doc_bool(e->a, at->at, read_only));
	doc_add(list, d);
}

static struct doc *
mounts_doc(struct ecs *e, struct object *c)
{
	folder_list folders = {0};
	struct doc *list = doc_list(e->a, c->at);
	for (struct object *m = object_child(e->p, c, K_mount, NULL); m; m = object_next(m)) {
		struct doc *d = doc_map(e->a, m->at);
		const struct value *read_only = get(e->g, m, A_mount_read_only);
		doc_set(e->a, d, "sourceVolume", doc_z(e->a, m->at, m->label->text));
		doc_set(e->a, d, "containerPath", doc_value(e->l, get(e->g, m, A_mount_path)));
		doc_set(e->a, d, "readOnly", doc_bool(e->a, read_only->origin, read_only->n != 0));
		doc_add(list, d);
	}
	const char *tmp = own_tmp(e, c);
	if (tmp)
		add_mount(e, list, c, tmp, "/tmp", false, "read_only leaves /tmp to write to");
	file_folders(e, c, &folders);
	for (size_t i = 0; i < folders.n; i++)
		add_mount(e, list, object_child(e->p, c, K_files, NULL), file_volume(e, c, i), folders.v[i],
			  get_bool(e->g, c, A_container_read_only) && strcmp(folders.v[i], "/tmp") != 0, "what the image has there, and the files");
	return list->count ? list : NULL;
}

static struct doc *
efs_doc(struct ecs *e, struct object *v, const struct value *efs)
{
	struct doc *d = doc_map(e->a, v->at);
	const struct value *path = get(e->g, v, A_volume_path);
	doc_set(e->a, d, "fileSystemId", doc_value(e->l, efs));
	doc_set(e->a, d, "rootDirectory", path ? doc_value(e->l, path) : add_z(e, v, "/", "the whole file system"));
	doc_set(e->a, d, "transitEncryption", add_z(e, v, "ENABLED", "files do not travel in clear text"));
	return d;
}

static void
add_volume(struct ecs *e, struct doc *list, struct object *at, const char *name, const char *because)
{
	struct doc *d = doc_map(e->a, at->at);
	doc_set(e->a, d, "name", add_z(e, at, name, because));
	doc_add(list, d);
}

/* The task's volumes, and how much of its own disk they take. */
static struct doc *
volumes_doc(struct ecs *e, struct object *node, int64_t *bytes, struct span *at)
{
	struct doc *list = doc_list(e->a, node->at);
	*bytes = 0;
	for (struct object *v = object_child(e->p, node, K_volume, NULL); v; v = object_next(v)) {
		struct doc *d = doc_map(e->a, v->at);
		const struct value *efs = get(e->g, v, A_volume_efs), *size = get(e->g, v, A_volume_size);
		doc_set(e->a, d, "name", doc_z(e->a, v->at, v->label->text));
		if (efs) {
			doc_set(e->a, d, "efsVolumeConfiguration", efs_doc(e, v, efs));
		} else if (size) {
			*bytes += size->n;
			*at = size->origin;
		}
		doc_add(list, d);
	}
	for (struct object *c = object_child(e->p, node, K_container, NULL); c; c = object_next(c)) {
		const char *tmp = own_tmp(e, c);
		folder_list folders = {0};
		if (tmp)
			add_volume(e, list, c, tmp, "read_only leaves /tmp to write to");
		file_folders(e, c, &folders);
		for (size_t i = 0; i < folders.n; i++)
			add_volume(e, list, object_child(e->p, c, K_files, NULL), file_volume(e, c, i), "what the image has there, and the files");
	}
	return list->count ? list : NULL;
}

/* Fargate's own disk: 20 GiB for images and layers, and what the volumes ask for. Source: ECS API, EphemeralStorage. */
static struct doc *
disk_doc(struct ecs *e, int64_t bytes, struct span at)
{
	enum { BASE_GIB = 20, MOST_GIB = 200 };
	if (bytes == 0)
		return NULL;
	int64_t gib = BASE_GIB + ((bytes + (1 << 30) - 1) >> 30);
	if (gib > MOST_GIB) {
		struct diag *d = complain(e->g, D_E0105, at, "the task's own disk would have %lld GiB, more than 200 GiB", (long long)gib);
		diag_hint(e->g->compile->diags, d, "Fargate has at most 200 GiB, 20 of them for images (ECS API, EphemeralStorage); EFS has no such limit: efs = \"fs-…\"");
	}
	struct doc *d = doc_map(e->a, at), *size = doc_int(e->a, at, gib);
	size->because = "20 GiB for images, and what the volumes ask for";
	doc_set(e->a, d, "sizeInGiB", size);
	return d;
}

/* ---- containers ---- */

static struct doc *
container_doc(struct task *t, struct object *c)
{
	struct ecs *e = t->e;
	struct doc *d = doc_map(e->a, c->at);
	const struct value *cpu = get(e->g, c, A_container_cpu), *memory = get(e->g, c, A_container_memory),
			   *read_only = get(e->g, c, A_container_read_only), *essential = get(e->g, c, A_container_essential);
	doc_set(e->a, d, "name", doc_z(e->a, c->at, c->label->text));
	doc_set(e->a, d, "image", image_doc(e, c));
	if (cpu)
		doc_set(e->a, d, "cpu", of_int(e, cpu, cpu->n * 1024 / 1000));
	if (memory)
		doc_set(e->a, d, "memory", of_int(e, memory, memory->n >> 20));
	if (get_bool(e->g, c, A_container_init)) {
		doc_set(e->a, d, "essential", add_bool(e, c, false, "init ends before the others begin"));
	} else if (essential) {
		struct doc *own = doc_bool(e->a, essential->origin, essential->n != 0);
		own->value = essential;
		doc_set(e->a, d, "essential", own);
	}
	doc_set(e->a, d, "entryPoint", of_list(e, get(e->g, c, A_container_entrypoint)));
	doc_set(e->a, d, "command", command_doc(e, get(e->g, c, A_container_command)));
	doc_set(e->a, d, "workingDirectory", doc_value(e->l, get(e->g, c, A_container_workdir)));
	doc_set(e->a, d, "user", user_doc(e, c));
	doc_set(e->a, d, "portMappings", ports_doc(e, c));
	doc_set(e->a, d, "environment", env_doc(t, c));
	doc_set(e->a, d, "secrets", secrets_doc(e, c));
	doc_set(e->a, d, "mountPoints", mounts_doc(e, c));
	doc_set(e->a, d, "healthCheck", health_doc(e, c));
	doc_set(e->a, d, "stopTimeout", stop_doc(e, c));
	doc_set(e->a, d, "linuxParameters", linux_doc(t, c));
	doc_set(e->a, d, "ulimits", ulimits_doc(e, c));
	if (read_only)
		doc_set(e->a, d, "readonlyRootFilesystem", doc_bool(e->a, read_only->origin, read_only->n != 0));
	container_logging(t, c, d);
	add_order(t, c, d);
	return d;
}

static void
add_container(struct task *t, struct object *c, struct doc *list)
{
	struct doc *d = container_doc(t, c), *files = files_container(t, c, image_doc(t->e, c));
	if (files) {
		doc_add(list, files);
		depend(t->e, c, d, arena_strz(t->e->a, doc_get(files, "name")->text), "SUCCESS", "its files are there before it starts");
	}
	doc_add(list, d);
}

static struct doc *
size_reason(struct ecs *e, struct object *node, int n, const char *what, struct size need)
{
	struct buf b = {0};
	buf_addz(&b, "the smallest Fargate size that holds ");
	show_cpu(&b, need.cpu);
	buf_addz(&b, " and ");
	show_bytes(&b, need.bytes);
	buf_addf(&b, " (%s)", what);
	struct doc *d = add_f(e, node, arena_strz(e->a, buf_str(&b)), "%d", n);
	buf_free(&b);
	return d;
}

/* One architecture for the task: containers of one task run on one machine. */
static struct doc *
runtime_doc(struct ecs *e, struct object *node)
{
	const struct value *first = NULL;
	for (struct object *c = object_child(e->p, node, K_container, NULL); c; c = object_next(c)) {
		const struct value *v = get(e->g, c, A_container_arch);
		if (first && v && !str_eq(first->text, v->text)) {
			struct diag *d = complain(e->g, D_E0181, v->origin, "two architectures in one task cannot be done on ecs");
			diag_note(e->g->compile->diags, d, first->origin, "the other container's is here");
			diag_hint(e->g->compile->diags, d, "Give all containers of the workload one arch.");
		}
		if (first == NULL)
			first = v;
	}
	struct doc *d = doc_map(e->a, node->at);
	bool arm = first && str_eqz(first->text, "arm64");
	doc_set(e->a, d, "cpuArchitecture", first ? of_z(e, first, arm ? "ARM64" : "X86_64") : add_z(e, node, "X86_64", "the default"));
	doc_set(e->a, d, "operatingSystemFamily", add_z(e, node, "LINUX", "berth runs Linux containers"));
	return d;
}

void
make_task(struct ecs *e, struct object *node, struct task *t)
{
	memset(t, 0, sizeof *t);
	t->e = e;
	t->node = node;
	t->name = aws_name(e, RK_TASK_DEFINITION, node_name(e->g, node));
	t->shell = node->kind == K_service && get_bool(e->g, node, A_service_exec);
	t->exec = new_statements(e, node);
	t->allow = new_statements(e, node);
	struct doc *containers = doc_list(e->a, node->at), *router = router_container(t);
	if (router)
		doc_add(containers, router);
	for (struct object *c = object_child(e->p, node, K_container, NULL); c; c = object_next(c))
		add_container(t, c, containers);
	lower_unique(e->l, containers, "name", "containers of the task", "berth adds log-router and NAME-files: choose another name.");
	task_roles(t);
	struct doc *d = doc_map(e->a, node->at), *needs = doc_list(e->a, node->at);
	struct size need = node_size(e->g, node);
	int cpu = 0, memory = 0;
	fargate_size(need, &cpu, &memory);
	doc_set(e->a, d, "family", add_z(e, node, t->name, "the prefix and the workload's name"));
	doc_set(e->a, d, "taskRoleArn", task_role_arn(t, false));
	doc_set(e->a, d, "executionRoleArn", task_role_arn(t, true));
	doc_set(e->a, d, "networkMode", add_z(e, node, "awsvpc", "Fargate has no other"));
	doc_add(needs, add_z(e, node, "FARGATE", "berth runs tasks on Fargate"));
	doc_set(e->a, d, "requiresCompatibilities", needs);
	doc_set(e->a, d, "cpu", size_reason(e, node, cpu, "the sum of the containers", need));
	doc_set(e->a, d, "memory", size_reason(e, node, memory, "the sum of the containers", need));
	doc_set(e->a, d, "runtimePlatform", runtime_doc(e, node));
	doc_set(e->a, d, "containerDefinitions", containers);
	int64_t disk;
	struct span disk_at = node->at;
	doc_set(e->a, d, "volumes", volumes_doc(e, node, &disk, &disk_at));
	lower_unique(e->l, doc_get(d, "volumes"), "name", "volumes of the task", "berth adds tmp-NAME and files-NAME: choose another name.");
	doc_set(e->a, d, "ephemeralStorage", disk_doc(e, disk, disk_at));
	doc_set(e->a, d, "tags", tags_of(e, node, false));
	t->definition = lower_add(e->l, RK_TASK_DEFINITION, t->name, node, d);
	if (t->exec_role)
		resource_edge(e->l->out, t->definition, t->exec_role);
	if (t->task_role)
		resource_edge(e->l->out, t->definition, t->task_role);
	for (size_t i = 0; i < t->needs.n; i++)
		resource_edge(e->l->out, t->definition, t->needs.v[i]);
}
