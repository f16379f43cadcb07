/*
 * compile: lower every stage first, then write; nothing is written when there
 * is any error.
 */
#include "berth/cli.h"

#include <stdio.h>
#include <string.h>

enum { LOCK_WAIT_MS = 10000 };

/* Is the form that the program names built? False after a report. */
static bool
form_there(struct graph *g, const struct value *v)
{
	if (form_built(form_find(v->text)))
		return true;
	struct diag *d = complain(g, D_E0180, v->origin, "form %.*s is not yet built", (int)v->text.n, v->text.p);
	diag_hint(g->compile->diags, d, "There are %s.", form_list(g->arena));
	return false;
}

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
			if (f == FORM_COUNT || !form_built(f)) {
				say(f == FORM_COUNT ? "there is no form \"%.*s\"; there are %s" : "form %.*s is not yet built; there are %s", (int)one.n, one.p,
				    form_list(s->arena));
				s->exit = EXIT_USAGE;
				return 0;
			}
			mask |= 1u << f;
		}
		return mask;
	}
	const struct value *list = get(g, g->program->stage_object, A_stage_emit);
	for (const struct value *v = list ? (list->kind == V_LIST ? list->items : list) : NULL; v; v = v->next) {
		enum form f = form_find(v->text);
		if (!form_there(g, v))
			return 0;
		mask |= 1u << f;
	}
	const struct value *deployer = get(g, object_child(g->program, g->program->stage_object, K_ecs, NULL), A_ecs_deployer);
	if (mask == 0 && deployer && !form_there(g, deployer))
		return 0;
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

static void
lower_one(struct session *s, struct graph *g, struct out_set *set)
{
	unsigned forms = stage_forms(s, g);
	if (forms == 0 || !right_platform(s, g) || graph_check_built(g) > 0 || s->compile->diags->errors > 0)
		return;
	struct resources *rs = lower_stage(g);
	struct emit_head head = stage_head(s, g);
	set->arena = g->arena;
	if (s->compile->diags->errors > 0)
		return;
	const char *problem = check_jobs(g, rs, forms) ? emit_set(forms, &head, rs, set) : NULL;
	if (problem) {
		struct diag *d = complain(g, D_E0185, g->program->stage_object->at, "%s", problem);
		diag_hint(g->compile->diags, d, "Choose another form, --emit api takes everything; what is too large can be split into two projects.");
	}
}

/* ---- writing ---- */

static void
write_folder(struct session *s, struct graph *g, const struct out_set *set)
{
	struct cli *cli = s->cli;
	const char *dir = given(cli, OPT_OUTPUT) ? cli->value[OPT_OUTPUT] : "out", *stage = g->program->stage->name->text;
	struct out_result r = {0};
	bool check = given(cli, OPT_CHECK);
	if (out_write(dir, stage, set, check, LOCK_WAIT_MS, g->arena, &r) != 0) {
		say("%s/%s cannot be written: %s", dir, stage, r.problem);
		s->exit = EXIT_NO_OUTPUT;
		return;
	}
	fprintf(stderr, "%s: %zu files in %s/%s (%u %s, %u unchanged, %u %s)\n", stage, set->files.n, dir, stage, r.written,
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
write_stream(struct session *s, struct graph *g, const struct out_set *set)
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
			json_text(g->arena, str_of(arena_printf(g->arena, "%s/%s", g->program->stage->name->text, f->path)), &out);
			buf_addz(&out, ",\"content\":");
			json_text(g->arena, f->text, &out);
			buf_addz(&out, "}\n");
		}
	}
	if (!put_out(&out))
		s->exit = EXIT_NO_OUTPUT;
	if (left)
		fprintf(stderr, "%s: %u file%s of other forms left out of the stream of manifests; -o writes all\n", g->program->stage->name->text, left, left > 1 ? "s" : "");
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
	struct out_set *sets = arena_array(s.arena, s.count + 1, sizeof *sets);
	for (size_t i = 0; s.exit == 0 && i < s.count; i++)
		lower_one(&s, s.graphs[i], &sets[i]);
	int code = session_report(&s);
	int changes = 0;
	for (size_t i = 0; code == EXIT_FINE && i < s.count; i++) {
		if (given(cli, OPT_STDOUT))
			write_stream(&s, s.graphs[i], &sets[i]);
		else
			write_folder(&s, s.graphs[i], &sets[i]);
		if (s.exit == EXIT_CHANGES)
			changes = EXIT_CHANGES;
		else
			code = s.exit;
	}
	if (code == EXIT_FINE && given(cli, OPT_DEPFILE))
		write_depfile(&s);
	if (code == EXIT_FINE)
		code = s.exit == EXIT_NO_OUTPUT ? s.exit : changes;
	session_end(&s);
	return code;
}
