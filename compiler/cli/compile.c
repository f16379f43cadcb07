/*
 * compile: lower every stage first, then write; nothing is written when there
 * is any error.
 */
#include "berth/cli.h"

#include <stdio.h>
#include <string.h>

enum { LOCK_WAIT_MS = 10000 };

/* The forms asked for on the command line or by the stage; 0 after a report. */
static unsigned
stage_forms(struct session *s, struct graph *g)
{
	const char *asked = s->cli->value[OPT_EMIT];
	unsigned mask = 0;
	if (asked) {
		for (const char *w = asked; *w; w += strcspn(w, ","), w += *w == ',') {
			struct str one = {w, strcspn(w, ",")};
			enum form f = form_find(one);
			if (f == FORM_COUNT) {
				say("there is no form \"%.*s\"; there are %s", (int)one.n, one.p, form_list(s->arena));
				s->exit = EXIT_USAGE;
				return 0;
			}
			mask |= 1u << f;
		}
		return mask;
	}
	const struct value *list = get(g, g->program->stage_object, A_stage_emit);
	for (const struct value *v = list ? (list->kind == V_LIST ? list->items : list) : NULL; v; v = v->next)
		mask |= 1u << form_find(v->text);
	const struct value *deployer = get(g, object_child(g->program, g->program->stage_object, K_ecs, NULL), A_ecs_deployer);
	if (mask == 0 && deployer)
		mask = 1u << form_find(deployer->text) | (g->target == TARGET_K8S ? 1u << FORM_KUBERNETES : 0);
	if (mask == 0) /* AWS resources beside a Kubernetes stage are written in the AWS form */
		mask = 1u << form_default(RP_AWS) | 1u << form_default(RP_K8S);
	return mask;
}

static bool
right_platform(struct session *s, struct graph *g)
{
	const char *want = s->cli->value[OPT_PLATFORM];
	if (want == NULL || strcmp(want, target_word(g->target)) == 0)
		return true;
	say("stage %s is for %s, not for %s", g->program->stage->name->text, target_word(g->target), want);
	s->exit = EXIT_USAGE;
	return false;
}

/* The name of a cluster, without the ARN around it. */
static const char *
cluster_name(struct graph *g)
{
	struct str s = get_text(g, object_child(g->program, g->program->stage_object, K_ecs, NULL), A_ecs_cluster);
	const char *text = arena_strz(g->arena, s), *slash = strrchr(text, '/');
	return slash ? slash + 1 : text;
}

static struct emit_head
stage_head(struct session *s, struct graph *g)
{
	struct object *stage = g->program->stage_object;
	struct str prefix = get_text(g, stage, A_stage_prefix);
	return (struct emit_head){
		.project = s->compile->project_name->text,
		.stage = g->program->stage->name->text,
		.platform = target_word(g->target),
		.prefix = prefix.n ? arena_strz(g->arena, prefix) : s->compile->project_name->text,
		.region = arena_strz(g->arena, get_text(g, stage, A_stage_region)),
		.account = arena_strz(g->arena, get_text(g, stage, A_stage_account)),
		.cluster = cluster_name(g),
		.namespace = arena_strz(g->arena, get_text(g, object_child(g->program, stage, K_kubernetes, NULL), A_kubernetes_namespace)),
		.sources = s->compile->sources,
	};
}

/* CloudFormation and Terraform start nothing in the middle of a deployment. False after a report. */
static bool
check_jobs(struct graph *g, const struct resources *rs, unsigned forms)
{
	static const unsigned alone = 1u << FORM_CLOUDFORMATION | 1u << FORM_TERRAFORM, able = 1u << FORM_API | 1u << FORM_ECSPRESSO;
	if ((forms & alone) == 0 || (forms & able))
		return true;
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (r->kind->platform != RP_AWS || r->when == NULL || strcmp(r->when, "manual") == 0)
			continue;
		struct diag *d = complain(g, D_E0185, r->origin, "%s runs %s, which form %s cannot do", r->declaration, r->when,
					  form_name(forms & 1u << FORM_CLOUDFORMATION ? FORM_CLOUDFORMATION : FORM_TERRAFORM));
		diag_hint(g->compile->diags, d, "Add the form api, whose deploy.sh runs it, or say run = manual and start its state machine in CI.");
		return false;
	}
	return true;
}

/* Manifests have no place that CI fills. False after a report. */
static bool
check_external(struct graph *g, const struct resources *rs, unsigned forms)
{
	for (const struct resource *r = rs->first; r && rs->external && (forms & 1u << FORM_KUBERNETES); r = r->next) {
		const struct doc *found = r->kind->platform == RP_K8S ? find_external(r->body, NULL) : NULL;
		if (found == NULL)
			continue;
		struct diag *d = complain(g, D_E0185, found->origin, "form kubernetes has no place for a value that CI gives");
		diag_hint(g->compile->diags, d, "Form helm has: --emit helm. Or give it when you compile: tag = param.tag");
		return false;
	}
	return true;
}

/* A stage on its way to the output. */
struct lowered {
	struct graph *graph;
	struct resources *resources;
	struct emit_head head;
	unsigned forms;
	struct out_set set;
};

/* Resources of a platform that no form was asked for. */
static void
tell_left_out(const char *stage, const struct lowered *l)
{
	for (int platform = RP_AWS; platform <= RP_K8S; platform++) {
		unsigned n = 0;
		for (const struct resource *r = l->resources->first; r && !(l->forms & form_mask(platform)); r = r->next)
			n += r->kind->platform == (enum resource_platform)platform;
		if (n > 0)
			fprintf(stderr, "%s: %u resource%s of %s left out: --emit names no form for them\n", stage, n, n > 1 ? "s" : "", platform == RP_AWS ? "AWS" : "Kubernetes");
	}
}

static void
lower_one(struct session *s, struct graph *g, struct lowered *to)
{
	unsigned forms = stage_forms(s, g);
	if (forms == 0 || !right_platform(s, g) || graph_check_built(g) > 0 || s->compile->diags->errors > 0)
		return;
	struct resources *rs = lower_stage(g);
	*to = (struct lowered){.graph = g, .resources = rs, .head = stage_head(s, g), .forms = forms, .set = {.arena = g->arena, .stream = given(s->cli, OPT_STDOUT)}};
	if (s->compile->diags->errors > 0)
		return;
	const char *problem = check_jobs(g, rs, forms) && check_external(g, rs, forms) ? emit_set(forms, &to->head, rs, &to->set) : NULL;
	if (problem) {
		struct diag *d = complain(g, D_E0185, g->program->stage_object->at, "%s", problem);
		diag_hint(g->compile->diags, d, "Choose another form, --emit api takes everything; what is too large can be split into two projects.");
	}
}

/* The chart of all stages that ask for one. False when there is none. */
static bool
make_chart(struct session *s, const struct lowered *stages, struct out_set *set)
{
	struct chart_stage *of = arena_array(s->arena, s->count + 1, sizeof *of);
	unsigned n = 0;
	struct graph *last = NULL;
	for (size_t i = 0; i < s->count; i++) {
		if (!(stages[i].forms & 1u << FORM_HELM) || stages[i].graph->target != TARGET_K8S)
			continue;
		of[n++] = (struct chart_stage){&stages[i].head, stages[i].resources};
		last = stages[i].graph;
	}
	if (n == 0)
		return false;
	if (s->count < s->compile->stages.n) {
		say("form helm is one chart of all stages: compile with --all-stages");
		s->exit = EXIT_USAGE;
		return false;
	}
	set->arena = s->arena;
	const char *problem = emit_chart(of, n, set);
	if (problem) {
		struct diag *d = complain(last, D_E0185, last->program->stage_object->at, "%s", problem);
		diag_hint(s->compile->diags, d, "Form kubernetes has no such limit; or rename what clashes, split what is too large into two projects.");
	}
	return problem == NULL;
}

/* ---- writing ---- */

static void
write_folder(struct session *s, const char *name, const struct out_set *set)
{
	struct cli *cli = s->cli;
	const char *dir = given(cli, OPT_OUTPUT) ? cli->value[OPT_OUTPUT] : "out";
	struct out_result r = {0};
	bool check = given(cli, OPT_CHECK);
	if (out_write(dir, name, set, check, LOCK_WAIT_MS, set->arena, &r) != 0) {
		say("%s/%s cannot be written: %s", dir, name, r.problem);
		s->exit = EXIT_NO_OUTPUT;
		return;
	}
	fprintf(stderr, "%s: %zu files in %s/%s (%u %s, %u unchanged, %u %s)\n", name, set->files.n, dir, name, r.written,
		check ? "to write" : "written", r.unchanged, r.removed, check ? "to remove" : "removed");
	if (check && r.written + r.removed > 0)
		s->exit = EXIT_CHANGES;
}

static void
json_text(struct arena *a, struct str text, struct buf *out)
{
	json_write_compact(doc_string(a, NO_SPAN, text), out);
}

static bool
is_manifest(const struct out_file *f)
{
	return str_starts(str_of(f->path), "kubernetes/") && str_ends(str_of(f->path), ".yaml") && strcmp(f->path, "kubernetes/kustomization.yaml") != 0;
}

/* Manifests as one YAML stream; requests as a JSON line a file. */
static void
write_stream(struct session *s, const char *name, const struct out_set *set)
{
	struct buf out = {0};
	unsigned manifests = 0, left = 0;
	for (size_t i = 0; i < set->files.n; i++)
		manifests += is_manifest(&set->files.v[i]);
	for (size_t i = 0; i < set->files.n; i++) {
		const struct out_file *f = &set->files.v[i];
		if (is_manifest(f)) {
			buf_addz(&out, "---\n");
			buf_adds(&out, f->text);
		} else if (manifests > 0) {
			left += strcmp(f->path, "berth.json") != 0 && strcmp(f->path, "kubernetes/kustomization.yaml") != 0;
		} else {
			buf_addz(&out, "{\"path\":");
			json_text(set->arena, str_of(arena_printf(set->arena, "%s/%s", name, f->path)), &out);
			buf_addz(&out, ",\"content\":");
			json_text(set->arena, f->text, &out);
			buf_addz(&out, "}\n");
		}
	}
	if (!put_out(&out))
		s->exit = EXIT_NO_OUTPUT;
	if (left)
		fprintf(stderr, "%s: %u file%s of other forms left out of the stream of manifests; -o writes all\n", name, left, left > 1 ? "s" : "");
	buf_free(&out);
}

static void
add_escaped(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (*path == ' ' || *path == '#' || *path == '\\')
			buf_addc(b, '\\');
		if (*path == '$')
			buf_addc(b, '$');
		buf_addc(b, *path);
	}
}

static void
write_depfile(struct session *s)
{
	const char *path = s->cli->value[OPT_DEPFILE], *dir = given(s->cli, OPT_OUTPUT) ? s->cli->value[OPT_OUTPUT] : "out";
	struct buf b = {0};
	for (size_t i = 0; i < s->count; i++) {
		add_escaped(&b, arena_printf(s->arena, "%s/%s/berth.json", dir, s->graphs[i]->program->stage->name->text));
		buf_addc(&b, i + 1 < s->count ? ' ' : ':');
	}
	for (size_t i = 0; i < s->input_count; i++) {
		buf_addz(&b, " \\\n  ");
		add_escaped(&b, s->inputs[i]);
	}
	buf_addc(&b, '\n');
	FILE *f = fopen(path, "w");
	bool ok = f && fwrite(b.p, 1, b.n, f) == b.n;
	if (f && fclose(f) != 0)
		ok = false;
	if (!ok) {
		say("%s cannot be written", path);
		s->exit = EXIT_NO_OUTPUT;
	}
	buf_free(&b);
}

int
cmd_compile(struct cli *cli)
{
	struct session s;
	session_run(&s, cli, false);
	struct lowered *stages = arena_array(s.arena, s.count + 1, sizeof *stages);
	struct out_set chart = {0};
	for (size_t i = 0; s.exit == 0 && i < s.count; i++)
		lower_one(&s, s.graphs[i], &stages[i]);
	bool has_chart = s.exit == 0 && s.compile->diags->errors == 0 && make_chart(&s, stages, &chart);
	int code = session_report(&s);
	int changes = 0;
	for (size_t i = 0; code == EXIT_FINE && i < s.count + has_chart; i++) {
		const char *name = i < s.count ? s.graphs[i]->program->stage->name->text : "helm";
		(given(cli, OPT_STDOUT) ? write_stream : write_folder)(&s, name, i < s.count ? &stages[i].set : &chart);
		if (i < s.count)
			tell_left_out(name, &stages[i]);
		if (s.exit == EXIT_CHANGES)
			changes = EXIT_CHANGES;
		else
			code = s.exit;
	}
	if (code == EXIT_FINE) {
		struct buf words = {0};
		fidelity_used(s.arena, s.graphs, s.count, &words);
		if (words.n > 0)
			fwrite(words.p, 1, words.n, stderr);
		buf_free(&words);
	}
	if (code == EXIT_FINE && given(cli, OPT_DEPFILE))
		write_depfile(&s);
	if (code == EXIT_FINE)
		code = s.exit == EXIT_NO_OUTPUT ? s.exit : changes;
	session_end(&s);
	return code;
}
