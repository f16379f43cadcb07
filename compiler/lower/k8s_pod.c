/*
 * Pods: clean under the restricted Pod Security Standard, with what linters
 * ask for. Sources: Kubernetes 1.36 API, core/v1; Pod Security Standards;
 * kubelet, container life cycle.
 */
#include "k8s.h"

#include "ecs.h"

#include <inttypes.h>
#include <string.h>

enum { NOBODY = 10001, GRACE_DEFAULT_S = 30, PRE_STOP_S = 5, BALANCER_PAUSE_S = 15, PATIENT_EVERY_S = 5 };

static int64_t
seconds_up(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* What a container of this pod is made of. */
struct pod {
	struct k8s *k;
	struct object *node;
	const char *name;
	int64_t pause;        /* before the stop signal, in s; 0 for none */
	bool several;         /* containers */
	struct object *run;   /* the schedule that runs a service's containers, or NULL */
	bool tmp;             /* a container mounts it */
	struct doc *volumes;
};

/* ---- one container ---- */

/* A part of the image's name; what CI gives is an attribute by the part's name, with its first value. */
static struct doc *
image_part(struct k8s *k, const struct value *v, const char *name)
{
	if (v->kind != V_EXTERNAL)
		return doc_value(k->l, v);
	struct doc *d = doc_attr(k->a, v->origin, "external", name);
	k->l->out->external = true;
	d->value = v;
	if (v->items && v->items->kind == V_STRING)
		d->items = doc_string(k->a, v->items->origin, v->items->text);
	return d;
}

/* IMAGE:TAG@DIGEST in its parts. */
static struct doc *
image_doc(struct k8s *k, struct object *c)
{
	const struct value *image = get(k->g, c, A_container_image), *tag = get(k->g, c, A_container_tag), *digest = get(k->g, c, A_container_digest);
	const struct value *last = digest ? digest : tag ? tag : image;
	if (image == NULL)
		return NULL;
	struct doc *d = doc_new(k->a, DOC_TEXT, last->origin);
	d->value = last;
	doc_add(d, image_part(k, image, "image"));
	if (tag) {
		doc_add(d, doc_z(k->a, tag->origin, ":"));
		doc_add(d, image_part(k, tag, "tag"));
	}
	if (digest) {
		doc_add(d, doc_z(k->a, digest->origin, "@"));
		doc_add(d, image_part(k, digest, "digest"));
	}
	return d;
}

static void
add_port(struct k8s *k, struct doc *list, const struct value *v, const char *name, const char *protocol)
{
	struct doc *p = doc_map(k->a, v->origin);
	doc_set(k->a, p, "name", doc_z(k->a, v->origin, name));
	doc_set(k->a, p, "containerPort", k_of_int(k, v, v->n));
	doc_set(k->a, p, "protocol", doc_z(k->a, v->origin, protocol));
	doc_add(list, p);
}

static const char *
protocol_of(struct k8s *k, struct object *port)
{
	return str_eqz(get_text(k->g, port, A_port_protocol), "udp") ? "UDP" : "TCP";
}

static void
check_port_name(struct k8s *k, struct object *port)
{
	struct str s = name_str(port->label);
	bool letter = false, good = s.n <= 15;
	for (size_t i = 0; i < s.n; i++) {
		letter |= s.p[i] >= 'a' && s.p[i] <= 'z';
		good &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-';
	}
	if (good && letter)
		return;
	struct diag *d = complain(k->g, D_E0155, port->at, "\"%.*s\" cannot be the name of a port", (int)s.n, s.p);
	diag_hint(k->g->compile->diags, d, "Kubernetes takes at most 15 lower-case letters, digits and hyphens, with a letter among them.");
}

static struct doc *
ports_doc(struct k8s *k, struct object *c)
{
	struct doc *list = doc_list(k->a, c->at);
	const struct value *v = get(k->g, c, A_container_port);
	if (v)
		add_port(k, list, v, k_port_name(k, c), "TCP");
	for (struct object *p = object_child(k->p, c, K_port, NULL); p; p = object_next(p)) {
		v = get(k->g, p, A_port_number);
		check_port_name(k, p);
		if (v)
			add_port(k, list, v, p->label->text, protocol_of(k, p));
	}
	return list->count ? list : NULL;
}

bool
k_has_ports(struct k8s *k, struct object *node)
{
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c))
		if (get(k->g, c, A_container_port) || object_child(k->p, c, K_port, NULL))
			return true;
	return false;
}

/* The kubelet expands $(NAME) and takes $$ for $: a literal one is doubled. */
static struct doc *
env_value(struct k8s *k, const struct value *v)
{
	struct doc *d = doc_value(k->l, v);
	if (d == NULL || d->kind != DOC_STRING)
		return d;
	struct buf b = {0};
	for (size_t i = 0; i < d->text.n; i++) {
		if (d->text.p[i] == '$' && i + 1 < d->text.n && (d->text.p[i + 1] == '(' || d->text.p[i + 1] == '$'))
			buf_addc(&b, '$');
		buf_addc(&b, d->text.p[i]);
	}
	d->text = arena_str(k->a, buf_str(&b));
	buf_free(&b);
	return d;
}

static void
add_secret(struct k8s *k, struct doc *list, struct object *c, const char *name, struct entry *e, const struct value *v)
{
	struct doc *pair = doc_map(k->a, v->origin), *from = doc_map(k->a, v->origin), *ref = k_secret_ref(k, c, name, e->key, v);
	if (ref == NULL)
		return;
	doc_set(k->a, pair, "name", doc_string(k->a, e->key_at, e->key));
	doc_set(k->a, from, "secretKeyRef", ref);
	doc_set(k->a, pair, "valueFrom", from);
	doc_add(list, pair);
}

static struct doc *
env_doc(struct pod *p, struct object *c)
{
	struct k8s *k = p->k;
	const char *name = p->run ? node_name(k->g, c->parent) : p->name; /* the service's secrets are there already */
	struct object *env = object_child(k->p, c, K_env, NULL), *secrets = object_child(k->p, c, K_secrets, NULL);
	struct doc *list = doc_list(k->a, c->at);
	for (struct entry *e = env ? env->entries : NULL; e; e = e->next) {
		struct doc *value = env_value(k, entry_value(k->p, env, e));
		if (value == NULL)
			continue;
		struct doc *pair = doc_map(k->a, value->origin);
		doc_set(k->a, pair, "name", doc_string(k->a, e->key_at, e->key));
		doc_set(k->a, pair, "value", value);
		doc_add(list, pair);
	}
	for (struct entry *e = secrets ? secrets->entries : NULL; e; e = e->next) {
		const struct value *v = entry_value(k->p, secrets, e);
		if (v && v->kind == V_SECRET)
			add_secret(k, list, c, name, e, v);
	}
	if (!container_is_early(k->g, c) && !p->run)
		k_leader_env(k, c->parent, name, list);
	if (k->aws && !container_is_early(k->g, c))
		queue_env(k->aws, c->parent, env, list);
	return list->count ? list : NULL;
}

static struct doc *
quantity_cpu(struct k8s *k, const struct value *v)
{
	return v->n % 1000 == 0 ? k_of(k, v, arena_printf(k->a, "%" PRId64, v->n / 1000)) : k_of(k, v, arena_printf(k->a, "%" PRId64 "m", v->n));
}

/* GiB: the kubelet counts a pod's own volumes against the limits of its containers. */
static int64_t
own_storage(struct k8s *k, struct object *c)
{
	int64_t bytes = (int64_t)1 << 30;
	for (struct object *m = object_child(k->p, c, K_mount, NULL); m; m = object_next(m)) {
		struct object *v = object_child(k->p, c->parent, K_volume, m->label);
		const struct value *size = v ? get(k->g, v, A_volume_size) : NULL;
		bytes += size ? size->n : (int64_t)1 << 30;
	}
	return (bytes + ((int64_t)1 << 30) - 1) >> 30;
}

static struct doc *
resources_doc(struct k8s *k, struct object *c)
{
	const struct value *cpu = get(k->g, c, A_container_cpu), *memory = get(k->g, c, A_container_memory);
	struct doc *d = doc_map(k->a, c->at);
	for (int i = 0; i < 2; i++) {
		struct doc *m = doc_map(k->a, c->at);
		doc_set(k->a, m, "cpu", cpu ? quantity_cpu(k, cpu) : NULL);
		doc_set(k->a, m, "memory", memory ? k_bytes(k, memory) : NULL);
		doc_set(k->a, m, "ephemeral-storage", k_add(k, c, arena_printf(k->a, "%" PRId64 "Gi", own_storage(k, c)), "room for logs, temporary files and the volumes, bounded so that one pod cannot fill the node"));
		doc_set(k->a, d, i ? "limits" : "requests", m);
	}
	return d;
}

/* ---- security ---- */

static bool
added_ok(struct k8s *k, const struct value *add)
{
	for (const struct value *i = add ? (add->kind == V_LIST ? add->items : add) : NULL; i; i = i->next) {
		if (str_eqz(i->text, "NET_BIND_SERVICE"))
			continue;
		struct diag *d = complain(k->g, D_E0181, i->origin, "capability \"%.*s\" cannot be added under the restricted Pod Security Standard", (int)i->text.n, i->text.p);
		diag_hint(k->g->compile->diags, d, "It takes NET_BIND_SERVICE only.");
		return false;
	}
	return true;
}

/* "user", "user:group" or a number; names cannot be checked against root. */
static void
add_user(struct k8s *k, struct doc *security, const struct value *v)
{
	int64_t user = -1, group = -1;
	if (v->kind == V_INT) {
		user = v->n;
	} else if (v->kind == V_STRING) {
		const char *colon = memchr(v->text.p, ':', v->text.n);
		struct str u = {v->text.p, colon ? (size_t)(colon - v->text.p) : v->text.n};
		if (!lit_int(u, &user) || (colon && !lit_int((struct str){colon + 1, v->text.n - u.n - 1}, &group)))
			user = -1;
	}
	if (user <= 0) {
		struct diag *d = complain(k->g, D_E0181, v->origin, user == 0 ? "a container that runs as root cannot be done on kubernetes" : "a user by name cannot be checked on kubernetes");
		diag_hint(k->g->compile->diags, d, "The restricted Pod Security Standard wants a user id above 0: user = 10001");
		return;
	}
	doc_set(k->a, security, "runAsUser", k_of_int(k, v, user));
	if (group >= 0)
		doc_set(k->a, security, "runAsGroup", k_of_int(k, v, group));
}

static struct doc *
container_security(struct k8s *k, struct object *c)
{
	struct doc *d = doc_map(k->a, c->at), *caps = doc_map(k->a, c->at), *drop = doc_list(k->a, c->at);
	struct object *own = object_child(k->p, c, K_capabilities, NULL);
	if (own) /* ALL is dropped below, whatever it names */
		get(k->g, own, A_capabilities_drop);
	const struct value *add = own ? get(k->g, own, A_capabilities_add) : NULL, *user = get(k->g, c, A_container_user),
			   *read_only = get(k->g, c, A_container_read_only);
	doc_set(k->a, d, "allowPrivilegeEscalation", k_bool(k, c, false, "the restricted Pod Security Standard"));
	if (add && added_ok(k, add)) {
		struct doc *list = doc_list(k->a, add->origin);
		doc_add(list, doc_z(k->a, add->origin, "NET_BIND_SERVICE"));
		doc_set(k->a, caps, "add", list);
	}
	doc_add(drop, k_add(k, c, "ALL", "the restricted Pod Security Standard"));
	doc_set(k->a, caps, "drop", drop);
	doc_set(k->a, d, "capabilities", caps);
	doc_set(k->a, d, "readOnlyRootFilesystem", read_only ? k_of_bool(k, read_only) : k_bool(k, c, true, "what an application writes goes to /tmp"));
	doc_set(k->a, d, "runAsNonRoot", k_bool(k, c, true, "the restricted Pod Security Standard"));
	if (user)
		add_user(k, d, user);
	return d;
}

static struct doc *
pod_security(struct k8s *k, struct object *node)
{
	struct doc *d = doc_map(k->a, node->at), *seccomp = doc_map(k->a, node->at);
	struct object *s = object_child(k->p, node, K_security, NULL);
	const struct value *user = s ? get(k->g, s, A_security_user) : NULL, *group = s ? get(k->g, s, A_security_group) : NULL;
	doc_set(k->a, d, "runAsNonRoot", k_bool(k, node, true, "the restricted Pod Security Standard"));
	doc_set(k->a, d, "runAsUser", user ? k_of_int(k, user, user->n) : k_int(k, node, NOBODY, "a user without rights on the node"));
	doc_set(k->a, d, "runAsGroup", group ? k_of_int(k, group, group->n) : k_int(k, node, NOBODY, "a group without rights on the node"));
	doc_set(k->a, d, "fsGroup", group ? k_of_int(k, group, group->n) : k_int(k, node, NOBODY, "volumes are the group's"));
	doc_set(k->a, seccomp, "type", k_add(k, node, "RuntimeDefault", "the restricted Pod Security Standard"));
	doc_set(k->a, d, "seccompProfile", seccomp);
	return d;
}

/* ---- probes ---- */

static struct doc *
handler(struct k8s *k, struct object *c, struct object *h, bool health, const char **key)
{
	const struct value *http = get(k->g, h, health ? A_health_http : A_startup_http), *command = get(k->g, h, health ? A_health_command : A_startup_command),
			   *grpc = get(k->g, h, health ? A_health_grpc : A_startup_grpc);
	struct doc *d;
	if (http) {
		const struct value *port = get(k->g, c, A_container_port);
		struct object *named = object_child(k->p, c, K_port, NULL);
		while (named && str_eqz(get_text(k->g, named, A_port_protocol), "udp"))
			named = object_next(named);
		d = doc_map(k->a, http->origin);
		doc_set(k->a, d, "path", doc_value(k->l, http));
		doc_set(k->a, d, "port", port || !named ? doc_z(k->a, http->origin, k_port_name(k, c)) : doc_z(k->a, http->origin, named->label->text));
		*key = "httpGet";
		return d;
	}
	if (grpc) { /* core/v1 GRPCAction: a number, never a name */
		d = doc_map(k->a, grpc->origin);
		doc_set(k->a, d, "port", k_of_int(k, grpc, grpc->kind == V_OBJECT ? get_int(k->g, grpc->object, A_port_number) : grpc->n));
		*key = "grpc";
		return d;
	}
	if (command == NULL)
		return NULL;
	d = doc_map(k->a, command->origin);
	doc_set(k->a, d, "command", k_command(k, command));
	*key = "exec";
	return d;
}

static void
add_probe(struct k8s *k, struct object *c, struct doc *def, const char *name, struct object *h, bool health)
{
	const char *key = NULL;
	struct doc *d = doc_map(k->a, h->at), *what = handler(k, c, h, health, &key);
	const struct value *every = get(k->g, h, health ? A_health_every : A_startup_every), *timeout = get(k->g, h, health ? A_health_timeout : A_startup_timeout),
			   *retries = get(k->g, h, health ? A_health_retries : A_startup_retries);
	if (what == NULL)
		return;
	doc_set(k->a, d, key, what);
	doc_set(k->a, d, "periodSeconds", k_of_int(k, every, seconds_up(every->n)));
	doc_set(k->a, d, "timeoutSeconds", k_of_int(k, timeout, seconds_up(timeout->n)));
	doc_set(k->a, d, "failureThreshold", k_of_int(k, retries, retries->n));
	doc_set(k->a, def, name, d);
}

/* `grace` is a start-up probe of its own: the same check, patient for that long. */
static void
add_grace(struct k8s *k, struct object *c, struct doc *def, struct object *h, const struct value *grace)
{
	const char *key = NULL;
	struct doc *d = doc_map(k->a, grace->origin), *what = handler(k, c, h, true, &key);
	const struct value *timeout = get(k->g, h, A_health_timeout);
	if (what == NULL)
		return;
	doc_set(k->a, d, key, what);
	doc_set(k->a, d, "periodSeconds", k_int(k, h, PATIENT_EVERY_S, "often, so that a quick start is seen"));
	doc_set(k->a, d, "timeoutSeconds", k_of_int(k, timeout, seconds_up(timeout->n)));
	doc_set(k->a, d, "failureThreshold", k_of_int(k, grace, (seconds_up(grace->n) + PATIENT_EVERY_S - 1) / PATIENT_EVERY_S));
	doc_set(k->a, def, "startupProbe", d);
}

/* Does the process still accept connections? Slower than readiness: a restart is the last resort. */
static void
add_liveness(struct k8s *k, struct object *at, struct doc *def, struct doc *port)
{
	struct doc *live = doc_map(k->a, at->at), *tcp = doc_map(k->a, at->at);
	doc_set(k->a, tcp, "port", port);
	doc_set(k->a, live, "tcpSocket", tcp);
	doc_set(k->a, live, "periodSeconds", k_int(k, at, 20, "slower than readiness: a restart is the last resort"));
	doc_set(k->a, live, "timeoutSeconds", k_int(k, at, 5, "a local connection"));
	doc_set(k->a, live, "failureThreshold", k_int(k, at, 6, "two minutes without a connection"));
	doc_set(k->a, def, "livenessProbe", live);
}

/* How the container that takes the service's traffic is asked: as the load balancer asks; without such a check, whether the port is open. */
struct traffic {
	struct object *http;
	const struct value *path;
	int64_t port;
	struct span at;
};

static bool
takes_traffic(struct k8s *k, struct object *c, struct traffic *t)
{
	struct object *target = NULL;
	*t = (struct traffic){.http = c->parent->kind == K_service ? object_child(k->p, c->parent, K_http, NULL) : NULL};
	t->path = t->http ? get(k->g, t->http, A_http_health) : NULL;
	return c->parent->kind == K_service && node_port(k->g, c->parent, &target, &t->port, &t->at) && target == c;
}

static struct doc *
traffic_handler(struct k8s *k, struct object *c, const struct traffic *t, const char **key)
{
	struct doc *what = doc_map(k->a, t->path ? t->path->origin : c->at);
	bool grpc = t->path && str_eqz(get_text(k->g, t->http, A_http_protocol), "grpc");
	if (t->path && !grpc)
		doc_set(k->a, what, "path", doc_value(k->l, t->path));
	doc_set(k->a, what, "port", doc_int(k->a, t->at, t->port));
	*key = grpc ? "grpc" : t->path ? "httpGet" : "tcpSocket";
	return what;
}

/* Without a check of its own it is ready when the load balancer's check says so; without that too, once the port is open. */
static void
add_traffic_probe(struct k8s *k, struct object *c, struct doc *def, const struct traffic *t)
{
	const char *key, *why = "no health check is declared: traffic comes once the port is open";
	struct doc *d = doc_map(k->a, t->path ? t->path->origin : c->at), *what = traffic_handler(k, c, t, &key);
	const struct value *every = t->path ? get(k->g, t->http, A_http_health_every) : NULL, *timeout = t->path ? get(k->g, t->http, A_http_health_timeout) : NULL;
	doc_set(k->a, d, key, what);
	doc_set(k->a, d, "periodSeconds", every ? k_of_int(k, every, seconds_up(every->n)) : k_int(k, c, 5, why));
	doc_set(k->a, d, "timeoutSeconds", timeout ? k_of_int(k, timeout, seconds_up(timeout->n)) : k_int(k, c, 5, why));
	doc_set(k->a, d, "failureThreshold", k_int(k, t->http ? t->http : c, 3, "three bad answers in a row"));
	doc_set(k->a, def, "readinessProbe", d);
	if (t->path)
		add_liveness(k, t->http, def, doc_int(k->a, t->at, t->port));
}

/* `grace` of the service: nothing stops a new copy for its health before that. */
static void
add_patience(struct k8s *k, struct object *c, struct doc *def, struct object *h, const struct traffic *t)
{
	const struct value *grace = get(k->g, c->parent, A_service_grace);
	const char *key = NULL;
	if (grace == NULL || doc_get(def, "startupProbe"))
		return;
	struct doc *d = doc_map(k->a, grace->origin), *what = h ? handler(k, c, h, true, &key) : NULL;
	if (what == NULL)
		what = traffic_handler(k, c, t, &key);
	doc_set(k->a, d, key, what);
	doc_set(k->a, d, "periodSeconds", k_int(k, c, PATIENT_EVERY_S, "often, so that a quick start is seen"));
	doc_set(k->a, d, "timeoutSeconds", k_int(k, c, 5, "a local connection"));
	doc_set(k->a, d, "failureThreshold", k_of_int(k, grace, (seconds_up(grace->n) + PATIENT_EVERY_S - 1) / PATIENT_EVERY_S));
	doc_set(k->a, def, "startupProbe", d);
}

/*
 * Readiness is the declared check. Liveness must not be the same: a slow
 * dependency would restart every pod. With a port it asks whether the process
 * still accepts connections; without one there is none.
 */
static void
add_probes(struct k8s *k, struct object *c, struct doc *def)
{
	struct object *h = object_child(k->p, c, K_health, NULL), *s = object_child(k->p, c, K_startup, NULL);
	struct traffic t;
	bool traffic = takes_traffic(k, c, &t);
	if (h) {
		const struct value *grace = get(k->g, h, A_health_grace), *port = get(k->g, c, A_container_port);
		add_probe(k, c, def, "readinessProbe", h, true);
		if (port)
			add_liveness(k, h, def, k_add(k, h, k_port_name(k, c), "the container's port"));
		if (grace && s == NULL && grace->n > 0)
			add_grace(k, c, def, h, grace);
	} else if (traffic) {
		add_traffic_probe(k, c, def, &t);
	}
	if (s)
		add_probe(k, c, def, "startupProbe", s, false);
	if (traffic)
		add_patience(k, c, def, h, &t);
}

/* The quiet signal goes first; a pause lets the load balancer take the pod out. */
static struct doc *
pre_stop_doc(struct k8s *k, struct object *c, int64_t pause)
{
	const struct value *quiet = get(k->g, c, A_container_quiet);
	struct doc *life = doc_map(k->a, c->at), *pre = doc_map(k->a, c->at), *how = doc_map(k->a, c->at);
	if (quiet == NULL && pause == 0)
		return NULL;
	if (quiet) {
		struct doc *command = doc_list(k->a, quiet->origin);
		doc_add(command, k_of(k, quiet, "/bin/sh"));
		doc_add(command, k_of(k, quiet, "-c"));
		doc_add(command, k_of(k, quiet, pause ? arena_printf(k->a, "kill -%.*s 1; sleep %" PRId64, (int)quiet->text.n, quiet->text.p, pause)
						      : arena_printf(k->a, "kill -%.*s 1", (int)quiet->text.n, quiet->text.p)));
		doc_set(k->a, how, "command", command);
		doc_set(k->a, pre, "exec", how);
	} else {
		doc_set(k->a, how, "seconds", k_int(k, c, pause, "the load balancer takes the pod out before it stops"));
		doc_set(k->a, pre, "sleep", how);
	}
	doc_set(k->a, life, "preStop", pre);
	return life;
}

static struct doc *
mounts_doc(struct pod *p, struct object *c)
{
	struct k8s *k = p->k;
	struct doc *list = doc_list(k->a, c->at);
	const struct value *read_only = get(k->g, c, A_container_read_only);
	bool own_tmp = read_only == NULL || read_only->n;
	k_mounts(k, c, list);
	for (const struct doc *m = list->items; m; m = m->next)
		own_tmp &= !str_eqz(doc_get(m, "mountPath")->text, "/tmp");
	if (own_tmp) {
		struct doc *m = doc_map(k->a, c->at);
		doc_set(k->a, m, "name", k_add(k, c, "tmp", "a place to write beside the read-only root"));
		doc_set(k->a, m, "mountPath", k_add(k, c, "/tmp", "a place to write beside the read-only root"));
		if (p->several)
			doc_set(k->a, m, "subPath", k_add(k, c, c->label->text, "which no other container sees"));
		doc_add(list, m);
		p->tmp = true;
	}
	k_files(k, p->node, p->name, c, list, p->volumes);
	return list->count ? list : NULL;
}

static struct doc *
container_doc(struct pod *p, struct object *c)
{
	struct k8s *k = p->k;
	bool init = get_bool(k->g, c, A_container_init), sidecar = get_bool(k->g, c, A_container_sidecar);
	bool has_port = get(k->g, c, A_container_port) || object_child(k->p, c, K_port, NULL);
	struct doc *d = doc_map(k->a, c->at);
	doc_set(k->a, d, "name", doc_z(k->a, c->at, c->label->text));
	doc_set(k->a, d, "image", image_doc(k, c));
	doc_set(k->a, d, "imagePullPolicy", k_add(k, c, "Always", "a node must not run what only its cache allows; an unchanged image is not loaded again"));
	if (sidecar)
		doc_set(k->a, d, "restartPolicy", k_of(k, get(k->g, c, A_container_sidecar), "Always"));
	doc_set(k->a, d, "command", k_command(k, get(k->g, c, A_container_entrypoint)));
	bool runs = p->run && !init && !sidecar; /* what it runs is no server */
	const struct value *command = runs ? get(k->g, p->run, A_schedule_command) : NULL;
	if (command == NULL)
		command = get(k->g, c, A_container_command);
	bool shell = command && command->kind != V_LIST && !get(k->g, c, A_container_entrypoint);
	doc_set(k->a, d, shell ? "command" : "args", k_command(k, command));
	doc_set(k->a, d, "workingDir", doc_value(k->l, get(k->g, c, A_container_workdir)));
	doc_set(k->a, d, "ports", runs ? NULL : ports_doc(k, c));
	doc_set(k->a, d, "env", env_doc(p, c));
	doc_set(k->a, d, "resources", resources_doc(k, c));
	if (!init && !runs) {
		add_probes(k, c, d);
		/* traffic that comes through a sidecar reaches every container: all of them wait, or one would stop under it */
		doc_set(k->a, d, "lifecycle", pre_stop_doc(k, c, !sidecar || has_port ? p->pause : 0));
	}
	doc_set(k->a, d, "securityContext", container_security(k, c));
	doc_set(k->a, d, "volumeMounts", mounts_doc(p, c));
	return d;
}

/* ---- order ---- */

/* Containers start in the order written as long as they are init or sidecar; the others start together. */
static void
check_after(struct k8s *k, struct object *node, struct object *c)
{
	const struct value *after = get(k->g, c, A_container_after);
	for (const struct value *v = after && after->kind == V_LIST ? after->items : after; v; v = after->kind == V_LIST ? v->next : NULL) {
		struct object *o = v->kind == V_OBJECT ? object_child(k->p, node, K_container, v->object->label) : NULL;
		bool before = false;
		for (struct object *x = object_child(k->p, node, K_container, NULL); x && x != c; x = object_next(x))
			before |= x == o;
		if (o == NULL || (container_is_early(k->g, o) && (before || !container_is_early(k->g, c))))
			continue;
		struct diag *d = complain(k->g, D_E0181, v->origin, "container \"%s\" before \"%s\" cannot be done on kubernetes", o->label->text, c->label->text);
		diag_hint(k->g->compile->diags, d, "Containers of a pod start together, but for init and sidecar ones, which start in the order written: mark \"%s\" sidecar = true or init = true.",
			  o->label->text);
	}
}

/* ---- the pod ---- */

static struct doc *
tmp_volume(struct k8s *k, struct object *node)
{
	struct doc *v = doc_map(k->a, node->at), *empty = doc_map(k->a, node->at);
	doc_set(k->a, v, "name", k_add(k, node, "tmp", "a place to write beside the read-only root"));
	doc_set(k->a, empty, "sizeLimit", k_add(k, node, "256Mi", "bounded, so that one pod cannot fill the node"));
	doc_set(k->a, v, "emptyDir", empty);
	return v;
}

/* The pause, the longest drain, and then each sidecar's own: they stop one after the other when all others have ended. */
static struct doc *
grace_doc(struct k8s *k, struct object *node, int64_t pause, int64_t *seconds)
{
	const struct value *longest = NULL;
	int64_t sidecars = 0;
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		const struct value *v = get(k->g, c, A_container_drain);
		if (v && get_bool(k->g, c, A_container_sidecar))
			sidecars += seconds_up(v->n);
		else if (v && (longest == NULL || v->n > longest->n))
			longest = v;
	}
	*seconds = (longest ? seconds_up(longest->n) : GRACE_DEFAULT_S) + pause + sidecars;
	if (longest == NULL)
		return k_int(k, node, *seconds, "the platform's 30 s, and the pause before the stop signal");
	struct doc *d = k_of_int(k, longest, *seconds);
	d->because = "the pause before the stop signal, the longest drain, and what sidecars take after it";
	return d;
}

/* Node autoscalers cap what they wait for; these marks keep them away. Sources: cluster-autoscaler FAQ; Karpenter, disruption. */
static struct doc *
long_drain_marks(struct k8s *k, struct object *node, int64_t seconds)
{
	enum { AUTOSCALER_WAITS_S = 600 };
	if (seconds <= AUTOSCALER_WAITS_S)
		return NULL;
	struct doc *d = doc_map(k->a, node->at);
	doc_set(k->a, d, "cluster-autoscaler.kubernetes.io/safe-to-evict", k_add(k, node, "false", "it waits ten minutes for a pod, this one may take longer"));
	doc_set(k->a, d, "karpenter.sh/do-not-disrupt", k_add(k, node, "true", "its node is not taken away while the pod is there"));
	struct diag *g = complain(k->g, D_E0171, node->at, "%s may take %" PRId64 " minutes to stop", object_words(k->a, node), (seconds + 59) / 60);
	diag_hint(k->g->compile->diags, g, "The pod is marked against autoscalers; spot interruptions, node upgrades and the kubelet's own shutdown still cut it short.");
	return d;
}

static struct doc *
spread_doc(struct k8s *k, struct object *node, const char *name)
{
	struct object *s = object_child(k->p, node, K_spread, NULL);
	const struct value *zones = s ? get(k->g, s, A_spread_zones) : NULL;
	bool required = zones && str_eqz(zones->text, "required");
	struct doc *list = doc_list(k->a, node->at), *d = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at), *keys = doc_list(k->a, node->at);
	doc_set(k->a, d, "maxSkew", k_int(k, node, 1, "zones differ by one copy at most"));
	doc_set(k->a, d, "topologyKey", k_add(k, node, "topology.kubernetes.io/zone", "an outage of one zone must not stop the service"));
	doc_set(k->a, d, "whenUnsatisfiable", zones ? k_of(k, zones, required ? "DoNotSchedule" : "ScheduleAnyway") : k_add(k, node, "ScheduleAnyway", "a copy in the wrong zone is better than none"));
	doc_set(k->a, selector, "matchLabels", k_selector(k, node, name));
	doc_set(k->a, d, "labelSelector", selector);
	doc_add(keys, k_add(k, node, k_shifting(k, node) ? "rollouts-pod-template-hash" : k_keeps(k, node) ? "controller-revision-hash" : "pod-template-hash", "old and new copies are counted apart"));
	doc_set(k->a, d, "matchLabelKeys", keys);
	doc_add(list, d);
	return list;
}

static struct doc *
affinity_doc(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = doc_map(k->a, node->at), *anti = doc_map(k->a, node->at), *list = doc_list(k->a, node->at), *one = doc_map(k->a, node->at),
		   *term = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at);
	doc_set(k->a, one, "weight", k_int(k, node, 100, "copies avoid each other's nodes"));
	doc_set(k->a, selector, "matchLabels", k_selector(k, node, name));
	doc_set(k->a, term, "labelSelector", selector);
	doc_set(k->a, term, "topologyKey", k_add(k, node, "kubernetes.io/hostname", "copies avoid each other's nodes"));
	doc_set(k->a, one, "podAffinityTerm", term);
	doc_add(list, one);
	doc_set(k->a, anti, "preferredDuringSchedulingIgnoredDuringExecution", list);
	doc_set(k->a, d, "podAntiAffinity", anti);
	return d;
}

static void
add_arch(struct k8s *k, struct object *node, struct doc *spec)
{
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		if (object_slot(k->p, c, A_container_arch)->top == NULL)
			continue;
		const struct value *arch = get(k->g, c, A_container_arch);
		struct doc *d = doc_map(k->a, arch->origin);
		doc_set(k->a, d, "kubernetes.io/arch", k_of(k, arch, str_eqz(arch->text, "arm64") ? "arm64" : "amd64"));
		doc_set(k->a, spec, "nodeSelector", d);
		return;
	}
}

struct object *
k_run_of(struct k8s *k, struct object *node)
{
	const struct value *run = node->kind == K_schedule ? get(k->g, node, A_schedule_run) : NULL;
	return run && run->kind == V_OBJECT ? run->object : NULL;
}

struct doc *
k_pod(struct k8s *k, struct object *node, const char *name, const char *account, bool runs_once)
{
	struct doc *pod = doc_map(k->a, node->at), *meta = doc_map(k->a, node->at), *spec = doc_map(k->a, node->at), *containers = doc_list(k->a, node->at);
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL);
	const struct value *pull = get(k->g, kubernetes, A_kubernetes_image_pull_secrets);
	struct doc *early = doc_list(k->a, node->at), *volumes = doc_list(k->a, node->at);
	struct object *of = k_run_of(k, node) ? k_run_of(k, node) : node, *first = object_child(k->p, of, K_container, NULL); /* whose containers it runs */
	bool traffic = object_child(k->p, node, K_http, NULL) != NULL;
	struct pod made = {k, node, name, runs_once || !k_has_ports(k, node) ? 0 : traffic ? BALANCER_PAUSE_S : PRE_STOP_S, first && object_next(first), of != node ? node : NULL, false, volumes};
	int64_t seconds;
	for (struct object *c = first; c; c = object_next(c)) {
		check_after(k, of, c);
		doc_add(container_is_early(k->g, c) ? early : containers, container_doc(&made, c));
	}
	struct doc *grace = grace_doc(k, of, made.pause, &seconds);
	doc_set(k->a, meta, "labels", k_labels(k, node, name));
	doc_set(k->a, meta, "annotations", long_drain_marks(k, node, seconds));
	doc_set(k->a, pod, "metadata", meta);
	doc_set(k->a, spec, "serviceAccountName", k_add(k, node, account, "the workload's own account"));
	bool votes = node->kind == K_service && object_child(k->p, node, K_leader, NULL);
	doc_set(k->a, spec, "automountServiceAccountToken", k_bool(k, node, votes, votes ? "leader: the copies vote through the cluster" : "the workload does not talk to the cluster"));
	doc_set(k->a, spec, "enableServiceLinks", k_bool(k, node, false, "else every Service would add variables such as REDIS_PORT"));
	if (runs_once)
		doc_set(k->a, spec, "restartPolicy", k_add(k, node, "Never", "a failed run is tried again as a new pod"));
	doc_set(k->a, spec, "terminationGracePeriodSeconds", grace);
	doc_set(k->a, spec, "securityContext", pod_security(k, of));
	if (pull) {
		struct doc *list = doc_list(k->a, pull->origin);
		for (const struct value *i = pull->kind == V_LIST ? pull->items : pull; i; i = i->next) {
			struct doc *d = doc_map(k->a, i->origin);
			doc_set(k->a, d, "name", doc_value(k->l, i));
			doc_add(list, d);
		}
		doc_set(k->a, spec, "imagePullSecrets", list);
	}
	add_arch(k, of, spec);
	if (!runs_once) {
		doc_set(k->a, spec, "topologySpreadConstraints", spread_doc(k, node, name));
		doc_set(k->a, spec, "affinity", affinity_doc(k, node, name));
	}
	if (early->count)
		doc_set(k->a, spec, "initContainers", early);
	doc_set(k->a, spec, "containers", containers);
	k_volumes(k, of, volumes);
	if (made.tmp)
		doc_add(volumes, tmp_volume(k, node));
	lower_unique(k->l, volumes, "name", "volumes of the pod", "berth adds tmp and files-NAME: choose another name.");
	if (volumes->count)
		doc_set(k->a, spec, "volumes", volumes);
	doc_set(k->a, pod, "spec", spec);
	return pod;
}
