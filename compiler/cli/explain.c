/* explain: a diagnostic code, a kind or a setting, from its row. */
#include "berth/cli.h"

#include <string.h>

enum { WIDTH = 80 };

void
wrap_text(const char *text, int indent, struct buf *out)
{
	int column = 0;
	while (*text) {
		size_t n = strcspn(text, " \n");
		size_t width = utf8_count((struct str){text, n});
		if (column > 0 && column + 1 + (int)width > WIDTH) {
			buf_addc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			buf_pad(out, ' ', (size_t)indent);
			column = indent;
		} else {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += (int)width;
		text += n;
		if (*text == '\n') {
			buf_addc(out, '\n');
			column = 0;
		}
		text += *text != '\0';
	}
	buf_addc(out, '\n');
}

static void
indented(const char *text, struct buf *out)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		if (n > 0)
			buf_addf(out, "    %.*s", (int)n, text);
		buf_addc(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static void
explain_code(enum diag_code code, struct buf *out)
{
	const struct diag_row *r = diag_row(code);
	buf_addf(out, "%s %s (%s)\n\n", r->id, r->slug, r->severity == SEV_ERROR ? "error" : "warning");
	wrap_text(r->summary, 0, out);
	buf_addc(out, '\n');
	wrap_text(r->explain, 0, out);
	if (*r->bad == '\0')
		return;
	buf_addz(out, "\nFails:\n\n");
	indented(r->bad, out);
	buf_addz(out, "\nWorks:\n\n");
	indented(r->good, out);
}

static void
fidelity(const enum fidelity *fid, const char *const *how, struct buf *out)
{
	for (int t = 0; t < TARGET_COUNT; t++) {
		buf_addf(out, "  %-11s %s%s\n", target_word((enum target)t), fidelity_word(fid[t]), how[t] ? ":" : "");
		if (how[t])
			wrap_text(how[t], 14, out);
	}
}

static void
bound(const struct attr_row *r, int64_t n, struct buf *out)
{
	if (r->types & TY_DURATION)
		show_duration(out, n);
	else if (r->types & TY_BYTES)
		show_bytes(out, n);
	else if (r->types & TY_CPU)
		show_cpu(out, n);
	else if ((r->types & TY_PERCENT) && !(r->types & TY_INT))
		show_percent(out, n);
	else
		buf_addf(out, "%lld", (long long)n);
}

static void
kind_title(enum kind_id k, struct buf *out)
{
	const struct kind_row *row = kind_row(k);
	buf_addf(out, "%s%s%s", strcmp(row->name, "*") == 0 ? "NAME" : row->name, row->variant ? " " : "", row->variant ? row->variant : "");
}

static void
explain_attr(struct arena *a, enum attr_id id, struct buf *out)
{
	const struct attr_row *r = attr_row(id);
	buf_addf(out, "%s, a setting of ", r->name);
	kind_title(r->kind, out);
	buf_addz(out, "\n\n");
	wrap_text(r->doc, 0, out);
	buf_addf(out, "\n  %-11s %s%s\n", "takes", schema_type_words(a, r->types, r->words, r->ref), r->required ? " (needed)" : "");
	if (r->def)
		buf_addf(out, "  %-11s %s\n", "default", r->def);
	if (r->outputs)
		buf_addf(out, "  %-11s the stage output %s\n", "else", r->outputs);
	if (r->min || r->max) {
		buf_addf(out, "  %-11s ", "bounds");
		bound(r, r->min, out);
		buf_addz(out, " to ");
		if (r->max)
			bound(r, r->max, out);
		else
			buf_addz(out, "any");
		if (r->source)
			buf_addf(out, " (%s)", r->source);
		buf_addc(out, '\n');
	}
	fidelity(r->fid, r->how, out);
	buf_addz(out, "\n");
	indented(r->example, out);
}

static void
explain_kind(const struct schema *s, enum kind_id k, struct buf *out)
{
	const struct kind_row *row = kind_row(k);
	kind_title(k, out);
	buf_addf(out, "%s\n\n", row->label == LABEL_REQUIRED ? " NAME" : "");
	wrap_text(row->doc, 0, out);
	buf_addc(out, '\n');
	fidelity(row->fid, row->how, out);
	buf_addf(out, "  %-11s %s\n\n", "stands in", strcmp(row->in, "top") == 0 ? "the top level of a file" : row->in);
	indented(row->example, out);
	if (kind_attr_count(s, k) > 0)
		buf_addz(out, "\nSettings:\n");
	for (unsigned i = 0; i < kind_attr_count(s, k); i++) {
		const struct attr_row *a = attr_row(kind_first_attr(s, k) + i);
		buf_addf(out, "  %-16s %s\n", a->name, a->doc);
	}
	bool any = false;
	for (int c = schema_next_child(s, k, -1); c >= 0; c = schema_next_child(s, k, c)) {
		struct buf title = {0};
		kind_title((enum kind_id)c, &title);
		buf_addf(out, "%s  %-16.*s %s\n", any ? "" : "\nBlocks:\n", (int)title.n, title.p, kind_row((enum kind_id)c)->doc);
		buf_free(&title);
		any = true;
	}
}

static void
explain_nothing(const struct schema *s, struct buf *out)
{
	buf_addz(out, "Kinds at the top level of a file:\n\n");
	for (int k = schema_next_child(s, K_COUNT, -1); k >= 0; k = schema_next_child(s, K_COUNT, k))
		buf_addf(out, "  %-12s %s\n", kind_row((enum kind_id)k)->name, kind_row((enum kind_id)k)->doc);
	buf_addz(out, "\nberth explain KIND lists its settings; KIND.SETTING and a code such as E0133 work too.\n");
}

/* All rows a word means: "overlap", "schedule.overlap", "deploy", "scale.cpu". */
static unsigned
explain_word(struct arena *a, const struct schema *s, const char *word, struct buf *out)
{
	const char *dot = strchr(word, '.');
	struct str first = {word, dot ? (size_t)(dot - word) : strlen(word)}, rest = str_of(dot ? dot + 1 : "");
	unsigned found = 0;
	for (int k = schema_kind_by_word(first, -1); k >= 0; k = schema_kind_by_word(first, k)) {
		const struct kind_row *row = kind_row((enum kind_id)k);
		if (rest.n == 0 || (row->variant && str_eqz(rest, row->variant))) {
			buf_addz(out, found++ ? "\n----\n\n" : "");
			explain_kind(s, (enum kind_id)k, out);
		}
	}
	for (int i = 0; i < A_COUNT; i++) {
		const struct attr_row *r = attr_row((enum attr_id)i);
		bool hit = rest.n ? str_eqz(rest, r->name) && str_eqz(first, kind_row(r->kind)->name) : str_eqz(first, r->name);
		if (!hit)
			continue;
		buf_addz(out, found++ ? "\n----\n\n" : "");
		explain_attr(a, (enum attr_id)i, out);
	}
	return found;
}

static void
suggest(const char *word)
{
	struct nearest best = nearest_to(str_of(word));
	for (int k = 0; k < K_COUNT; k++)
		nearest_try(&best, str_of(kind_row((enum kind_id)k)->name));
	for (int i = 0; i < A_COUNT; i++)
		nearest_try(&best, str_of(attr_row((enum attr_id)i)->name));
	if (best.word.p)
		say("nothing is called \"%s\"; did you mean \"%.*s\"?", word, (int)best.word.n, best.word.p);
	else
		say("nothing is called \"%s\"; berth explain lists the kinds", word);
}

int
cmd_explain(struct cli *cli)
{
	struct arena *a = arena_new();
	struct schema *s = schema_new(a, names_new(a));
	struct buf out = {0};
	int code = EXIT_FINE;
	if (given(cli, OPT_FIDELITY))
		fidelity_table(a, s, &out);
	else if (cli->path_count == 0)
		explain_nothing(s, &out);
	for (size_t i = 0; i < cli->path_count; i++) {
		enum diag_code d = diag_find(cli->paths[i]);
		if (explain_word(a, s, cli->paths[i], &out) > 0)
			continue; /* a kind comes before a message of the same name */
		if (d != D_COUNT) {
			explain_code(d, &out);
		} else {
			suggest(cli->paths[i]);
			code = EXIT_USAGE;
		}
	}
	if (!put_out(&out))
		code = EXIT_NO_OUTPUT;
	buf_free(&out);
	arena_free(a);
	return code;
}
