/*
 * Checks of queues and of what stands inside a workload: dead letters, the
 * time a message stays hidden against the time its worker takes to stop, the
 * order of containers, volumes.
 */
#include "graph_internal.h"

#include <inttypes.h>
#include <string.h>

/* ---- dead letters ---- */

void
check_queue(struct graph *g, struct object *q)
{
	struct object *dead = object_child(g->program, q, K_dead_letter, NULL);
	const struct value *to = dead ? get(g, dead, A_dead_letter_queue) : NULL, *kept = get(g, q, A_queue_retention);
	const struct value *dead_kept = to ? get(g, to->object, A_queue_retention) : dead ? get(g, dead, A_dead_letter_retention) : NULL;
	struct diag *d;
	if (dead == NULL)
		return;
	if (to && to->object == q) {
		d = complain(g, D_E0167, to->origin, "queue \"%s\" would be its own dead-letter queue", q->label->text);
		diag_hint(g->compile->diags, d, "Name another queue, or leave `queue` out and berth makes one.");
		return;
	}
	if (to && !get(g, to->object, A_queue_existing) && get_bool(g, q, A_queue_fifo) != get_bool(g, to->object, A_queue_fifo)) {
		d = complain(g, D_E0167, to->origin, "the dead letters of a %s queue cannot go to a %s queue", get_bool(g, q, A_queue_fifo) ? "FIFO" : "standard",
			     get_bool(g, q, A_queue_fifo) ? "standard" : "FIFO");
		diag_note(g->compile->diags, d, to->object->at, "declared here");
		diag_hint(g->compile->diags, d, "SQS asks for the same type (SQS developer guide, dead-letter queues): %s", get_bool(g, q, A_queue_fifo) ? "fifo = true there" : "remove fifo there");
	}
	if (kept && dead_kept && !(to && get(g, to->object, A_queue_existing)) && dead_kept->n < kept->n) {
		d = complain(g, D_E0167, dead_kept->origin, "dead letters of queue \"%s\" are kept for less time than its messages", q->label->text);
		diag_note(g->compile->diags, d, kept->origin, "its messages are kept longer");
		diag_hint(g->compile->diags, d, "A dead letter keeps the age of its message, so that it could be gone at once; 14d is the most (SQS developer guide).");
	}
}

/* ---- consumers ---- */

static const struct value *
longest_drain(struct graph *g, struct object *node)
{
	const struct value *longest = NULL;
	for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
		const struct value *v = container_is_early(g, c) ? NULL : get(g, c, A_container_drain);
		if (v && (longest == NULL || v->n > longest->n))
			longest = v;
	}
	return longest;
}

void
check_consumes(struct graph *g, struct object *node)
{
	const struct value *queues = get(g, node, A_service_consumes), *drain = longest_drain(g, node);
	for (const struct value *v = queues && queues->kind == V_LIST ? queues->items : queues; v && drain; v = queues->kind == V_LIST ? v->next : NULL) {
		if (v->kind != V_OBJECT || get(g, v->object, A_queue_existing) || !str_eqz(get_text(g, v->object, A_queue_engine), "sqs"))
			continue;
		const struct value *hidden = get(g, v->object, A_queue_visibility);
		if (hidden == NULL || hidden->n > drain->n)
			continue;
		struct diag *d = complain(g, D_E0166, hidden->origin, "a message of queue \"%s\" is delivered again while its worker is still stopping", v->object->label->text);
		diag_note(g->compile->diags, d, drain->origin, "service \"%s\" may take this long to finish its last message", node->label->text);
		diag_hint(g->compile->diags, d, "Let visibility be longer than the work and the drain together.");
	}
}

/* ---- order ---- */

enum { CONTAINERS_MAX = 64 };

struct order {
	struct graph *g;
	struct object *node;
	struct object *path[CONTAINERS_MAX];
	size_t depth;
	bool reported;
};

static void
report_cycle(struct order *o, size_t from, struct span at)
{
	struct buf b = {0};
	for (size_t i = from; i < o->depth; i++)
		buf_addf(&b, "%s after ", o->path[i]->label->text);
	buf_addz(&b, o->path[from]->label->text);
	struct diag *d = complain(o->g, D_E0168, at, "containers of %s wait for each other: %.*s", object_words(o->g->arena, o->node), (int)b.n, b.p);
	diag_hint(o->g->compile->diags, d, "init and sidecar containers start before the others; remove one `after`.");
	buf_free(&b);
	o->reported = true;
}

static void visit(struct order *o, struct object *c, struct span at);

static void
follow(struct order *o, struct object *c)
{
	bool early = container_is_early(o->g, c);
	struct object *last = NULL;
	for (struct object *x = object_child(o->g->program, o->node, K_container, NULL); x; x = object_next(x)) {
		if (!container_is_early(o->g, x))
			continue;
		if (early && x == c)
			break;
		last = x;
		if (!early)
			visit(o, x, c->at);
	}
	if (early && last)
		visit(o, last, c->at);
	const struct value *after = get(o->g, c, A_container_after);
	for (const struct value *v = after && after->kind == V_LIST ? after->items : after; v; v = after->kind == V_LIST ? v->next : NULL) {
		struct object *x = v->kind == V_OBJECT && v->object->label ? object_child(o->g->program, o->node, K_container, v->object->label) : NULL;
		if (x) {
			visit(o, x, v->origin);
			continue;
		}
		struct diag *d = complain(o->g, D_E0168, v->origin, "%s has no such container to wait for", object_words(o->g->arena, o->node));
		diag_hint(o->g->compile->diags, d, "`after` names a container of the same workload.");
		o->reported = true;
	}
}

static void
visit(struct order *o, struct object *c, struct span at)
{
	for (size_t i = 0; i < o->depth; i++) {
		if (o->path[i] != c)
			continue;
		if (!o->reported)
			report_cycle(o, i, at);
		return;
	}
	if (o->depth == CONTAINERS_MAX || o->reported)
		return;
	o->path[o->depth++] = c;
	follow(o, c);
	o->depth--;
}

void
check_order(struct graph *g, struct object *node)
{
	struct order o = {.g = g, .node = node};
	for (struct object *c = object_child(g->program, node, K_container, NULL); c && !o.reported; c = object_next(c))
		visit(&o, c, c->at);
}

/* ---- volumes ---- */

/* A whole path to a file, without . and .. and empty parts. */
static bool
is_file_path(struct str s)
{
	if (s.n < 2 || s.p[0] != '/' || memchr(s.p, '\n', s.n))
		return false;
	for (size_t i = 1, from = 1; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '/')
			continue;
		struct str part = {s.p + from, i - from};
		if (part.n == 0 || str_eqz(part, ".") || str_eqz(part, ".."))
			return false;
		from = i + 1;
	}
	return true;
}

static void
check_files(struct graph *g, struct object *c)
{
	struct object *files = object_child(g->program, c, K_files, NULL);
	for (struct entry *x = files ? files->entries : NULL; x; x = x->next) {
		if (is_file_path(x->key))
			continue;
		struct diag *d = complain(g, D_E0169, x->key_at, "\"%.*s\" is not the whole path of a file", (int)x->key.n, x->key.p);
		diag_hint(g->compile->diags, d, "Write it from the root, such as \"/etc/nginx/conf.d/app.conf\".");
	}
	for (struct entry *x = files ? files->entries : NULL; x; x = x->next) {
		for (struct entry *y = files->entries; y; y = y->next) {
			if (y->key.n <= x->key.n || memcmp(x->key.p, y->key.p, x->key.n) != 0 || y->key.p[x->key.n] != '/')
				continue;
			struct diag *d = complain(g, D_E0169, y->key_at, "\"%.*s\" lies inside \"%.*s\", which is a file", (int)y->key.n, y->key.p, (int)x->key.n, x->key.p);
			diag_note(g->compile->diags, d, x->key_at, "the file is here");
		}
	}
}

/* Two mounts of a container at one path. */
static void
check_mount_paths(struct graph *g, struct object *c)
{
	for (struct object *m = object_child(g->program, c, K_mount, NULL); m; m = object_next(m)) {
		struct str path = get_text(g, m, A_mount_path);
		for (struct object *o = object_next(m); o; o = object_next(o)) {
			if (path.n == 0 || !str_eq(path, get_text(g, o, A_mount_path)))
				continue;
			struct diag *d = complain(g, D_E0169, get_span(g, o, A_mount_path), "two volumes are mounted at %.*s", (int)path.n, path.p);
			diag_note(g->compile->diags, d, get_span(g, m, A_mount_path), "the other is here");
		}
	}
}

void
check_mounts(struct graph *g, struct object *node)
{
	for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
		for (struct object *m = object_child(g->program, c, K_mount, NULL); m; m = object_next(m)) {
			const struct value *path = get(g, m, A_mount_path);
			struct diag *d;
			if (object_child(g->program, node, K_volume, m->label) == NULL) {
				d = complain(g, D_E0169, m->at, "%s has no volume \"%s\"", object_words(g->arena, node), m->label->text);
				diag_hint(g->compile->diags, d, "Declare it beside the container: volume %s { size = 20GiB }", m->label->text);
			}
			if (path && path->kind == V_STRING && (path->text.n == 0 || path->text.p[0] != '/')) {
				d = complain(g, D_E0169, path->origin, "a mount's path begins with /");
				diag_hint(g->compile->diags, d, "Write the whole path inside the container.");
			}
		}
	}
	for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
		check_files(g, c);
		check_mount_paths(g, c);
	}
	for (struct object *v = object_child(g->program, node, K_volume, NULL); v; v = object_next(v)) {
		if (get(g, v, A_volume_path) && !get(g, v, A_volume_efs))
			complain(g, D_E0169, get_span(g, v, A_volume_path), "only a volume of EFS has a path inside it");
		if (get(g, v, A_volume_size) && get(g, v, A_volume_efs))
			complain(g, D_E0169, get_span(g, v, A_volume_size), "EFS grows by itself and has no size");
	}
}
