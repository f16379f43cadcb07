/*
 * The formatter: its output is its own fixed point and has the same tree and
 * the same comments as the source, for every example, every program of the
 * diagnostics table that parses, and copies of them with the white space in
 * disorder.
 */
#include "berth/fmt.h"

#include "unit.h"

#include <glob.h>
#include <string.h>

static struct arena *a;
static struct names *names;
static struct sources *sources;
static uint32_t seed = 1;

static unsigned
dice(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

/* ---- the same tree? ---- */

static bool same_stmts(const struct stmt *x, const struct stmt *y);

static bool
same_path(const struct path *x, const struct path *y)
{
	if (x == NULL || y == NULL)
		return x == y;
	if (x->n != y->n)
		return false;
	for (uint32_t i = 0; i < x->n; i++)
		if (x->part[i].name != y->part[i].name)
			return false;
	return true;
}

static bool
same_expr(const struct expr *x, const struct expr *y)
{
	for (; x && y; x = x->next, y = y->next) {
		if (x->kind != y->kind || x->op != y->op || x->param != y->param || x->is_text != y->is_text || !str_eq(x->text, y->text))
			return false;
		if (!same_path(x->path, y->path) || !same_expr(x->items, y->items))
			return false;
		if ((x->left == NULL) != (y->left == NULL) || (x->left && !same_expr(x->left, y->left)))
			return false;
		if ((x->right == NULL) != (y->right == NULL) || (x->right && !same_expr(x->right, y->right)))
			return false;
	}
	return x == NULL && y == NULL;
}

static bool
same_type(const struct type *x, const struct type *y)
{
	for (; x && y; x = x->next, y = y->next)
		if (x->name != y->name || x->optional != y->optional || !same_type(x->inner, y->inner) || !same_type(x->alternatives, y->alternatives))
			return false;
	return x == NULL && y == NULL;
}

static bool
same_stmt(const struct stmt *x, const struct stmt *y)
{
	if (x->kind != y->kind || x->name != y->name || x->label_count != y->label_count || !str_eq(x->key_text, y->key_text))
		return false;
	for (uint32_t i = 0; i < x->label_count; i++)
		if (!same_path(&x->labels[i], &y->labels[i]))
			return false;
	return same_path(x->path, y->path) && same_path(x->from, y->from) && same_type(x->type, y->type) && same_expr(x->value, y->value)
	       && same_expr(x->message, y->message) && same_stmts(x->body, y->body);
}

static bool
same_stmts(const struct stmt *x, const struct stmt *y)
{
	for (; x && y; x = x->next, y = y->next)
		if (!same_stmt(x, y))
			return false;
	return x == NULL && y == NULL;
}

/* Comments in order, without the blanks at their ends. */
static void
comments(uint32_t file, struct buf *out)
{
	lexeme_list l = {0};
	struct str text = sources_get(sources, file)->text;
	syntax_lexemes(a, sources, file, &l);
	for (size_t i = 0; i < l.n; i++) {
		if (l.v[i].kind != LX_COMMENT)
			continue;
		struct str c = {text.p + l.v[i].off, l.v[i].len};
		while (c.n > 0 && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t' || c.p[c.n - 1] == '\r'))
			c.n--;
		buf_adds(out, c);
		buf_addz(out, "\n");
	}
}

/* ---- one source ---- */

static bool
check(const char *name, struct str text)
{
	struct diags *d = diags_new(a, sources);
	uint32_t first = sources_add(sources, name, text, false);
	struct file *x = syntax_parse(a, names, sources, first, d);
	struct buf once = {0}, twice = {0}, said = {0}, kept = {0};
	if (x->broken)
		return false;
	CHECK(fmt_source(a, names, sources, first, &once), "%s: not formatted", name);
	uint32_t second = sources_add(sources, name, arena_str(a, buf_str(&once)), false);
	struct file *y = syntax_parse(a, names, sources, second, d);
	CHECK(!y->broken && same_stmts(x->body, y->body), "%s: another tree after formatting:\n%.*s", name, (int)once.n, once.p);
	CHECK(fmt_source(a, names, sources, second, &twice), "%s: the formatted text is not formatted", name);
	CHECK(str_eq(buf_str(&once), buf_str(&twice)), "%s: formatting is not its own fixed point:\n%.*s---\n%.*s", name, (int)once.n, once.p,
	      (int)twice.n, twice.p);
	comments(first, &said);
	comments(second, &kept);
	CHECK(str_eq(buf_str(&said), buf_str(&kept)), "%s: comments differ", name);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&said);
	buf_free(&kept);
	return true;
}

/* The same program, badly spaced: indentation, blank lines, blanks at ends and around signs. */
static struct str
disorder(struct str text)
{
	struct buf b = {0};
	bool start = true;
	char last = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (start) {
			size_t n = 0;
			while (i + n < text.n && (text.p[i + n] == ' ' || text.p[i + n] == '\t'))
				n++;
			if (i + n < text.n && text.p[i + n] == '|') { /* text lines: only the margin moves */
				buf_addf(&b, "%*s", (int)dice(9), "");
				i += n;
				while (text.p[i] != '\n')
					buf_addf(&b, "%c", text.p[i++]);
			} else if (i + n < text.n && text.p[i + n] != '\n') {
				bool word = text.p[i + n] != '}' && text.p[i + n] != '#';
				buf_addf(&b, "%*s", n == 0 && word ? 0 : (int)dice(9) + (n > 0), "");
				i += n;
			}
			start = false;
			if (text.p[i] == '\n') {
				buf_addz(&b, "\n");
				start = true;
				continue;
			}
		}
		if (text.p[i] == '\n') {
			if (dice(4) == 0 && last != ']')
				buf_addf(&b, "%*s", (int)dice(4), "");
			buf_addz(&b, dice(8) == 0 ? "\n\n\n" : "\n");
			start = true;
			continue;
		}
		last = text.p[i];
		buf_addf(&b, "%c", last);
	}
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

static void
check_all(const char *name, struct str text)
{
	if (!check(name, text))
		return;
	for (int i = 0; i < 8; i++)
		check(name, disorder(text));
}

int
main(void)
{
	glob_t g;
	unsigned files = 0;
	a = arena_new();
	names = names_new(a);
	sources = sources_new(a);
	if (glob("examples/*/*.berth", 0, NULL, &g) == 0 && glob("stdlib/*.berth", GLOB_APPEND, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++, files++) {
			struct str text;
			CHECK(file_read(a, g.gl_pathv[i], 1 << 20, &text) == 0, "%s", g.gl_pathv[i]);
			check_all(g.gl_pathv[i], text);
		}
		globfree(&g);
	}
	CHECK(files >= 7, "only %u files: run it from the project's folder", files);
	for (unsigned c = 0; c < D_COUNT; c++) {
		check_all(diag_row((enum diag_code)c)->id, str_of(diag_row((enum diag_code)c)->good));
		check_all(diag_row((enum diag_code)c)->id, str_of(diag_row((enum diag_code)c)->bad));
	}
	arena_free(a);
	return unit_end();
}
