/*
 * Form `helm`: one chart of the project, made of the Kubernetes objects of
 * all its stages.
 *
 * A job before the deployment is a hook, and so is all that it needs, with a
 * lower weight: hooks run before anything else of the chart is there.
 * Sources: Helm 4, chart hooks; charts, Chart.yaml and values; SOPS values by
 * helm-secrets 4.
 */
#include "helm.h"

#include "forms.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHART_VERSION "0.1.0"
#define KUBE_VERSION ">=1.29.0-0"

enum { RELEASE_MAX = 1024 * 1024 };

/* Names at the top of the values that are no declaration's. */
static const char *const reserved[] = {"stage", "namespace", "params", "tests", "global", "shared"};

/* ---- hooks ---- */

enum { NO_HOOK = 1 }; /* a weight */

/* Weights, by the resource's order. */
static void
weigh(const struct resource *r, int weight, int *weights)
{
	if (weights[r->order] <= weight)
		return;
	weights[r->order] = weight;
	for (const struct edge *e = r->edges; e; e = e->next)
		if (e->to->kind->platform == RP_K8S)
			weigh(e->to, weight - 1, weights);
}

static struct doc *
replace(struct arena *a, struct doc *map, const char *key, struct doc *by)
{
	for (struct doc **m = &map->items; *m; m = &(*m)->next) {
		if (!str_eqz((*m)->key, key))
			continue;
		by->key = (*m)->key;
		by->next = (*m)->next;
		if (map->last == *m)
			map->last = by;
		return *m = by;
	}
	return doc_set(a, map, key, by);
}

/* The body with the annotations of a hook. A successful job is not kept: its successor has another name. */
static const struct doc *
hook_body(struct arena *a, const struct resource *r, int weight)
{
	bool after = r->when && strcmp(r->when, "after_deploy") == 0;
	const struct doc *old = doc_find(r->body, STR("metadata.annotations"));
	struct doc *body = doc_without(a, r->body, ""), *meta = doc_without(a, doc_get(r->body, "metadata"), ""), *notes = old ? doc_without(a, old, "") : doc_map(a, r->origin);
	doc_set(a, notes, "helm.sh/hook", doc_z(a, r->origin, after ? "post-install,post-upgrade" : "pre-install,pre-upgrade"));
	doc_set(a, notes, "helm.sh/hook-weight", doc_f(a, r->origin, "%d", weight));
	doc_set(a, notes, "helm.sh/hook-delete-policy", doc_z(a, r->origin, r->when ? "before-hook-creation,hook-succeeded" : "before-hook-creation"));
	replace(a, meta, "annotations", notes);
	replace(a, body, "metadata", meta);
	return body;
}

/* ---- the objects ---- */

static const char *
kind_of(const struct resource *r)
{
	return r->kind_name + strlen("k8s.");
}

static const char *
camel(struct arena *a, const char *text)
{
	struct buf b = {0};
	add_camel(&b, str_of(text));
	const char *s = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return s;
}

static bool
is_stage(const char *declaration)
{
	return strncmp(declaration, "stage.", 6) == 0;
}

static const struct name *
word(struct chart *c, const char *text)
{
	return name_getz(c->words, text);
}

static bool
is_place(struct chart *c, const char *name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return map_get(&c->place_names, word(c, name)) != NULL;
}

/* web of service.web; serviceWeb where the first is taken. What belongs to the stage is shared. */
static const char *
place_of(struct chart *c, const char *declaration)
{
	if (is_stage(declaration))
		return "shared";
	const struct name *key = word(c, declaration), *known = map_get(&c->places, key);
	if (known)
		return known->text;
	const char *dot = strchr(declaration, '.'), *place = camel(c->a, dot ? dot + 1 : declaration);
	if (!*place || is_place(c, place))
		place = camel(c->a, declaration);
	for (unsigned n = 2; is_place(c, place); n++)
		place = arena_printf(c->a, "%s%u", camel(c->a, declaration), n);
	map_put(&c->places, key, (void *)word(c, place));
	map_put(&c->place_names, word(c, place), (void *)key);
	return place;
}

static bool
is_workload(const struct resource *r)
{
	return resource_is(r, RK_K_DEPLOYMENT) || resource_is(r, RK_K_STATEFUL_SET) || resource_is(r, RK_K_JOB) || resource_is(r, RK_K_CRON_JOB);
}

static const char *
label_of(const struct resource *r)
{
	const char *dot = strchr(r->declaration, '.');
	return dot ? dot + 1 : r->declaration;
}

static const struct name *
workload_key(struct chart *c, unsigned stage, const struct resource *r)
{
	return word(c, arena_printf(c->a, "%u %s", stage, r->declaration));
}

/* What the object's name adds to its workload's: canary of web-canary; "" when nothing. */
static const char *
added_name(struct chart *c, const struct chart_object *o)
{
	unsigned stage = 0;
	while (o->of[stage] == NULL)
		stage++;
	const struct resource *r = o->any, *main = map_get(&c->workloads, workload_key(c, stage, r));
	const char *name = r->stem ? r->stem : r->name, *base = main == NULL ? label_of(r) : main->stem ? main->stem : main->name;
	size_t n = strlen(base);
	if (strcmp(name, base) == 0 || is_stage(r->declaration))
		return "";
	return strncmp(name, base, n) == 0 && name[n] == '-' ? name + n + 1 : name;
}

/* web, or schedule-web where that is taken. */
static void
add_folder(struct chart *c, struct buf *b, const struct chart_object *o)
{
	const char *declaration = o->any->declaration, *label = label_of(o->any), *dot = strchr(declaration, '.');
	if (is_stage(declaration)) {
		buf_addz(b, "shared");
		return;
	}
	if (dot && strcmp(o->place, camel(c->a, label)) != 0)
		buf_addf(b, "%.*s-", (int)(dot - declaration), declaration);
	add_file_name(b, label);
}

static void
name_object(struct chart *c, struct chart_object *o)
{
	const char *kind = kind_of(o->any), *added = added_name(c, o);
	bool alone = is_workload(o->any) || *added == '\0';
	struct buf file = {0};
	o->own_name = *added == '\0' && !is_stage(o->any->declaration);
	o->place = place_of(c, o->any->declaration);
	o->part = is_workload(o->any) ? "" : *added ? arena_printf(c->a, "%s.%s", camel(c->a, kind), camel(c->a, added)) : camel(c->a, kind);
	buf_addz(&file, "templates/");
	add_folder(c, &file, o);
	buf_addc(&file, '/');
	add_kind_name(&file, o->any);
	if (!alone) {
		buf_addc(&file, '-');
		add_file_name(&file, added);
	}
	const char *path = arena_strz(c->a, buf_str(&file));
	buf_free(&file);
	o->file = arena_printf(c->a, "%s.yaml", path);
	for (unsigned n = 2; map_get(&c->files, word(c, o->file)); n++)
		o->file = arena_printf(c->a, "%s-%u.yaml", path, n);
	map_put(&c->files, word(c, o->file), o);
}

static const struct name *
object_key(struct chart *c, const struct resource *r)
{
	return word(c, arena_printf(c->a, "%s/%s%s", r->kind_name, r->stem ? r->stem : r->name, r->stem ? "-#" : ""));
}

static void
take_object(struct chart *c, struct chart_object *o, unsigned stage, const struct resource *r, int weight)
{
	o->of[stage] = r;
	o->body[stage] = weight <= 0 ? hook_body(c->a, r, weight) : r->body;
}

static struct chart_object *
add_object(struct chart *c, const struct resource *r)
{
	struct chart_object *o = NEW(c->a, struct chart_object);
	o->of = arena_array(c->a, c->n, sizeof *o->of);
	o->body = chart_row(c);
	o->any = r;
	*VEC_PUSH(c->a, &c->objects) = o;
	map_put(&c->by_name, object_key(c, r), o);
	return o;
}

/* An object of earlier stages that this one has not under its name: the same, named by the stage. */
static struct chart_object *
find_renamed(struct chart *c, unsigned stage, const struct resource *r)
{
	for (size_t i = 0; i < c->objects.n; i++) {
		struct chart_object *o = c->objects.v[i];
		bool one = strcmp(o->any->declaration, r->declaration) == 0 || (is_stage(o->any->declaration) && is_stage(r->declaration));
		if (one && o->of[stage] == NULL && strcmp(o->any->kind_name, r->kind_name) == 0)
			return o;
	}
	return NULL;
}

static int *
hook_weights(struct chart *c, const struct resources *rs)
{
	int *weights = arena_array(c->a, rs->count + 1, sizeof *weights);
	for (unsigned i = 0; i <= rs->count; i++)
		weights[i] = NO_HOOK;
	for (const struct resource *r = rs->first; r; r = r->next)
		if (resource_is(r, RK_K_JOB) && r->when && strcmp(r->when, "before_deploy") == 0)
			weigh(r, 0, weights);
		else if (resource_is(r, RK_K_JOB) && r->when)
			weights[r->order] = 0;
	return weights;
}

/* The stage's objects, each beside the same one of the stages before: by its name, then by its declaration. */
static void
collect(struct chart *c, unsigned stage)
{
	const struct resources *rs = c->stages[stage].resources;
	int *weights = hook_weights(c, rs);
	VEC(const struct resource *) left = {0};
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (r->kind->platform != RP_K8S)
			continue;
		if (is_workload(r))
			map_put(&c->workloads, workload_key(c, stage, r), (void *)r);
		struct chart_object *o = stage == 0 ? add_object(c, r) : map_get(&c->by_name, object_key(c, r));
		if (o)
			take_object(c, o, stage, r, weights[r->order]);
		else
			*VEC_PUSH(c->a, &left) = r;
	}
	for (size_t i = 0; i < left.n; i++) {
		struct chart_object *o = find_renamed(c, stage, left.v[i]);
		take_object(c, o ? o : add_object(c, left.v[i]), stage, left.v[i], weights[left.v[i]->order]);
	}
}

/* ---- files beside the templates ---- */

static void
put(struct chart *c, struct out_set *set, const char *path, struct str text)
{
	*VEC_PUSH(c->a, &set->files) = (struct out_file){arena_printf(c->a, "%s/%s", c->name, path), text, false};
}

static void
put_buf(struct chart *c, struct out_set *set, const char *path, struct buf *b)
{
	put(c, set, path, arena_str(c->a, buf_str(b)));
	buf_free(b);
}

static void
add_chart_file(struct chart *c, struct out_set *set)
{
	struct buf b = {0};
	buf_addf(&b, "apiVersion: v2\nname: %s\ndescription: Written by berth from the program of %s.\ntype: application\nversion: " CHART_VERSION "\nkubeVersion: \"" KUBE_VERSION "\"\n", c->name,
		 c->name);
	put_buf(c, set, "Chart.yaml", &b);
}

static void
add_helpers(struct chart *c, struct out_set *set)
{
	struct buf b = {0};
	buf_addf(&b, "{{/* The two labels that select a workload's pods. */}}\n{{- define \"%s.selectorLabels\" -}}\napp.kubernetes.io/name: {{ .name | quote }}\n"
		     "app.kubernetes.io/instance: {{ .name | quote }}\n{{- end }}\n\n", c->name);
	buf_addf(&b, "{{/* The labels of everything. */}}\n{{- define \"%s.labels\" -}}\n{{ include \"%s.selectorLabels\" . }}\napp.kubernetes.io/component: {{ .component }}\n"
		     "app.kubernetes.io/part-of: %s\napp.kubernetes.io/managed-by: berth\n{{- end }}\n\n", c->name, c->name, c->name);
	buf_addf(&b, "{{/* The stage's namespace. Without a stage's values nothing is rendered. */}}\n{{- define \"%s.namespace\" -}}\n"
		     "{{- $stage := required \"which stage? Add", c->name);
	for (unsigned i = 0; i < c->n; i++)
		buf_addf(&b, "%s -f values-%s.yaml", i ? " or" : "", c->stages[i].head->stage);
	buf_addz(&b, "\" .Values.stage -}}\n{{- .Values.namespace | quote -}}\n{{- end }}\n");
	put_buf(c, set, "templates/_helpers.tpl", &b);
}

static void
add_notes(struct chart *c, struct out_set *set)
{
	struct buf b = {0};
	buf_addf(&b, "%s, stage {{ .Values.stage }}, in namespace {{ .Values.namespace }}.\n\n  kubectl -n {{ .Values.namespace }} get all -l app.kubernetes.io/part-of=%s\n"
		     "  helm -n {{ .Release.Namespace }} test {{ .Release.Name }}\n", c->name, c->name);
	for (size_t i = 0; i < c->objects.n; i++) {
		const struct resource *r = c->objects.v[i]->any;
		if (!resource_is(r, RK_K_CRON_JOB) || strncmp(r->declaration, "job.", 4) != 0)
			continue;
		buf_addf(&b, "\nRun %s by hand:\n  kubectl -n {{ .Values.namespace }} create job --from=cronjob/", label_of(r));
		add_object_name(&b, c->objects.v[i]);
		buf_addf(&b, " %s-1\n", label_of(r));
	}
	for (size_t i = 0; i < c->objects.n; i++) {
		if (is_filled_later(c->objects.v[i]->any)) {
			buf_addz(&b, "\nSecrets come from the stage's SOPS files: helm secrets upgrade … -f secrets://FILE, or secrets.sh of the form kubernetes.\n");
			break;
		}
	}
	buf_addz(&b, "{{- if ne .Release.Namespace .Values.namespace }}\n\nThe release itself is recorded in namespace {{ .Release.Namespace }}; add -n {{ .Values.namespace }} to keep both in one.\n{{- end }}\n");
	put_buf(c, set, "templates/NOTES.txt", &b);
}

/* `helm test`: does the Service take connections? */
static void
add_test(struct chart *c, struct out_set *set, const struct chart_object *o, const struct hole *image)
{
	const struct doc *port = doc_find(o->any->body, STR("spec.ports[0].port"));
	struct buf b = {0}, name = {0};
	for (unsigned i = 0; i < c->n; i++)
		if (o->of[i] == NULL || port == NULL || !doc_equal(doc_find(o->of[i]->body, STR("spec.ports[0].port")), port))
			return;
	add_object_name(&name, o);
	buf_addc(&name, '\0');
	buf_addf(&b, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s-test\n  namespace: {{ include \"%s.namespace\" . }}\n  labels:\n    app.kubernetes.io/component: test\n    app.kubernetes.io/part-of: %s\n",
		 name.p, c->name, c->name);
	buf_addz(&b, "  annotations:\n    helm.sh/hook: test\n    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\nspec:\n  restartPolicy: Never\n  automountServiceAccountToken: false\n"
		     "  securityContext:\n    runAsNonRoot: true\n    runAsUser: 10001\n    runAsGroup: 10001\n    seccompProfile:\n      type: RuntimeDefault\n  containers:\n  - name: connect\n    image: {{ ");
	add_operand(&b, image);
	buf_addf(&b, " | quote }}\n    command: [\"nc\", \"-z\", \"-w\", \"10\", \"%s\", \"%lld\"]\n    resources:\n      requests: {cpu: 10m, memory: 16Mi}\n      limits: {memory: 16Mi}\n"
		     "    securityContext:\n      allowPrivilegeEscalation: false\n      readOnlyRootFilesystem: true\n      capabilities:\n        drop: [\"ALL\"]\n", name.p, (long long)port->number);
	buf_free(&name);
	put_buf(c, set, arena_printf(c->a, "templates/tests/%s.yaml", o->place), &b);
}

static void
add_tests(struct chart *c, struct out_set *set)
{
	const struct doc **row = chart_row(c);
	for (unsigned i = 0; i < c->n; i++)
		row[i] = doc_z(c->a, NO_SPAN, "busybox:1.37");
	struct hole *image = NULL;
	for (size_t i = 0; i < c->objects.n; i++) {
		if (!resource_is(c->objects.v[i]->any, RK_K_SERVICE) || !c->objects.v[i]->own_name)
			continue;
		if (image == NULL)
			image = chart_hole(c, "tests.image", HOLE_STRING, row, false);
		add_test(c, set, c->objects.v[i], image);
	}
}

/* ---- values ---- */

static void
add_own_values(struct chart *c)
{
	const struct doc **stage = chart_row(c), **ns = chart_row(c);
	for (unsigned i = 0; i < c->n; i++) {
		stage[i] = doc_z(c->a, NO_SPAN, c->stages[i].head->stage);
		ns[i] = doc_z(c->a, NO_SPAN, c->stages[i].head->namespace);
	}
	struct hole *h = chart_hole(c, "stage", HOLE_STRING, stage, false);
	h->by_stage = true;
	chart_hole(c, "namespace", HOLE_STRING, ns, false);
}

/* Values of two files, or of a file and the chart, must not meet under one name. */
static void
check_secrets(struct chart *c)
{
	for (size_t i = 0; i < c->objects.n && c->problem == NULL; i++) {
		const struct resource *r = c->objects.v[i]->any;
		if (!is_filled_later(r))
			continue;
		for (const struct doc *m = doc_get(r->body, "data")->items; m; m = m->next) {
			const char *text = arena_strz(c->a, m->text), *key = strrchr(text, '#') + 1;
			const char *top = arena_strz(c->a, (struct str){key, strcspn(key, ".")});
			if (is_place(c, top))
				c->problem = arena_printf(c->a, "\"%s\" of %.*s is the name of other values of the chart", key, (int)(key - 1 - text), text);
			for (size_t k = 0; k < i; k++) {
				const struct resource *other = c->objects.v[k]->any;
				const struct doc *twin = is_filled_later(other) ? doc_get(doc_get(other->body, "data"), key) : NULL;
				if (twin)
					c->problem = arena_printf(c->a, "\"%s\" stands in two SOPS files, and helm-secrets reads both as values", key);
			}
		}
	}
}

/* Helm takes away what Go's templates write for a value that is not there. Source: Helm 4, engine. */
static bool
holds_no_value(const struct doc *d)
{
	static const char no[] = "<no value>";
	for (size_t i = 0; i + sizeof no - 1 <= d->text.n; i++)
		if (memcmp(d->text.p + i, no, sizeof no - 1) == 0)
			return true;
	for (const struct doc *i = d->items; i; i = i->next)
		if (holds_no_value(i))
			return true;
	return false;
}

static void
check_texts(struct chart *c)
{
	for (size_t i = 0; i < c->objects.n && c->problem == NULL; i++)
		for (unsigned s = 0; s < c->n; s++)
			if (c->objects.v[i]->body[s] && holds_no_value(c->objects.v[i]->body[s]))
				c->problem = arena_printf(c->a, "%s holds the text \"<no value>\", which Helm removes from all that it renders", c->objects.v[i]->of[s]->address);
}

static void
comment_places(struct chart *c)
{
	for (struct chart_value *v = c->values.items; v; v = v->next) {
		const struct name *declaration = map_get(&c->place_names, name_get(c->words, v->name.p, v->name.n));
		if (declaration)
			v->comment = declaration->text;
		if (str_eqz(v->name, "params"))
			v->comment = "parameters of the program";
		else if (str_eqz(v->name, "shared"))
			v->comment = "what several declarations use";
		else if (str_eqz(v->name, "tests"))
			v->comment = "helm test";
		else if (v->hole && v->hole->type == HOLE_SECRET && v->comment == NULL)
			v->comment = "a secret";
	}
}

static void
add_manifest(struct chart *c, struct out_set *set)
{
	struct doc *d = doc_map(c->a, NO_SPAN), *stages = doc_list(c->a, NO_SPAN), *files = doc_list(c->a, NO_SPAN);
	struct buf b = {0};
	for (unsigned i = 0; i < c->n; i++)
		doc_add(stages, doc_z(c->a, NO_SPAN, c->stages[i].head->stage));
	for (size_t i = 0; i < set->files.n; i++)
		doc_add(files, file_doc(c->a, NO_SPAN, &set->files.v[i]));
	doc_set(c->a, d, "format_version", doc_z(c->a, NO_SPAN, "1.0"));
	doc_set(c->a, d, "project", doc_z(c->a, NO_SPAN, c->name));
	doc_set(c->a, d, "stages", stages);
	doc_set(c->a, d, "extra_files", files);
	json_write(d, &b);
	*VEC_PUSH(c->a, &set->files) = (struct out_file){"berth.json", arena_str(c->a, buf_str(&b)), false};
	buf_free(&b);
}

/* ---- the release ---- */

/* Bytes of base64 text. */
static void
add_base64(struct buf *b, struct str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_addc(b, k <= s.n - i ? digits[bits >> (18 - 6 * k) & 63] : '=');
	}
}

static size_t
gzip_size(struct str s)
{
	uLongf n = compressBound(s.n);
	Bytef *to = xmalloc(n);
	if (compress2(to, &n, (const Bytef *)s.p, s.n, Z_BEST_COMPRESSION) != Z_OK)
		die_oom();
	free(to);
	return n;
}

/*
 * Helm keeps each release in a Secret: the chart's files and what they rendered, as JSON, by gzip, in base64; a Secret
 * holds 1 MiB. Source: Helm 4, storage driver of Secrets; Kubernetes core validation, MaxSecretSize.
 */
static void
check_release(struct chart *c, const struct out_set *set)
{
	for (unsigned i = 0; i < c->n && c->problem == NULL; i++) {
		struct buf b = {0};
		for (size_t f = 0; f < set->files.n; f++) {
			buf_addf(&b, "{\"name\":\"%s\",\"data\":\"", set->files.v[f].path);
			add_base64(&b, set->files.v[f].text);
			buf_addz(&b, "\"},");
		}
		for (size_t k = 0; k < c->objects.n; k++) {
			if (c->objects.v[k]->body[i] == NULL)
				continue;
			buf_addz(&b, "---\n");
			yaml_write(c->objects.v[k]->body[i], &b);
		}
		size_t n = gzip_size(buf_str(&b)) / 3 * 4;
		buf_free(&b);
		if (n > RELEASE_MAX)
			c->problem = arena_printf(c->a, "the release of stage %s would be a record of %zu KiB, and Helm keeps it in a Secret of at most %d", c->stages[i].head->stage, n / 1024,
						  RELEASE_MAX / 1024);
	}
}

const char *
emit_chart(const struct chart_stage *stages, unsigned n, struct out_set *set)
{
	struct chart *c = NEW(set->arena, struct chart);
	*c = (struct chart){.a = set->arena, .name = stages[0].head->project, .n = n, .stages = stages, .words = names_new(set->arena)};
	map_init(&c->places, c->a);
	map_init(&c->place_names, c->a);
	map_init(&c->files, c->a);
	map_init(&c->by_name, c->a);
	map_init(&c->workloads, c->a);
	for (unsigned i = 0; i < n; i++)
		collect(c, i);
	for (size_t i = 0; i < c->objects.n; i++)
		name_object(c, c->objects.v[i]);
	add_own_values(c);
	check_secrets(c);
	check_texts(c);
	if (c->problem)
		return c->problem;
	for (size_t i = 0; i < c->objects.n; i++)
		chart_name(c, c->objects.v[i]);
	for (size_t i = 0; i < c->objects.n; i++)
		chart_merge(c, c->objects.v[i]);
	if (c->problem)
		return c->problem;
	add_chart_file(c, set);
	add_tests(c, set);
	comment_places(c);
	put(c, set, "values.yaml", chart_values(c, n));
	for (unsigned i = 0; i < n; i++)
		put(c, set, arena_printf(c->a, "values-%s.yaml", stages[i].head->stage), chart_values(c, i));
	put(c, set, "values.schema.json", chart_schema(c));
	add_helpers(c, set);
	add_notes(c, set);
	for (size_t i = 0; i < c->objects.n; i++)
		put(c, set, c->objects.v[i]->file, chart_template(c, c->objects.v[i]));
	check_release(c, set);
	add_manifest(c, set);
	return c->problem;
}
