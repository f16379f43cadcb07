/*
 * One source to one tree: the bytes are looked at first, then parsed; when
 * braces do not balance, parsed again with the indentation as a guide. Errors
 * are told once for each line, in words.
 */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "berth.tab.h"

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif
struct yy_buffer_state;
int berth_yyparse(struct parse *p, void *scanner);
int berth_yylex_init_extra(struct parse *p, yyscan_t *scanner);
int berth_yylex_destroy(yyscan_t scanner);
struct yy_buffer_state *berth_yy_scan_bytes(const char *p, int n, yyscan_t scanner);
int berth_scan(union semantic *value, struct span *at, void *scanner);

struct diag *
syntax_error(struct parse *p, enum diag_code code, struct span at, const char *fmt, ...)
{
	uint32_t line = line_start(p, at.off) + 1;
	p->broken = true;
	if (p->collect || p->error_line == line)
		return NULL;
	p->error_line = line;
	va_list ap;
	va_start(ap, fmt);
	struct buf b = {0};
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	struct diag *g = diag_add(p->diags, code, at, "%.*s", (int)b.n, b.p);
	buf_free(&b);
	return g;
}

/* ---- unexpected tokens ---- */

/* The last byte before it that is no blank. */
static char
before(const struct parse *p, uint32_t off)
{
	while (off > p->start && p->text.p[off - 1] == ' ')
		off--;
	return off > p->start ? p->text.p[off - 1] : '\n';
}

static void
hint_slip(struct parse *p, struct diag *g, const char *token)
{
	if (strcmp(token, "'{'") == 0 && before(p, g->at.off) == '=')
		diag_hint(p->diags, g, "A map is a block: write it without =.");
	else if (strcmp(token, "'{'") == 0)
		diag_hint(p->diags, g, "A body on one line holds settings only; blocks inside it need lines of their own.");
	else if (strcmp(token, "text in quotes") == 0)
		diag_hint(p->diags, g, "Names are not quoted.");
	else if (strcmp(token, "reserved word") == 0)
		diag_hint(p->diags, g, "The word is kept for the language; choose another name.");
	else if (strcmp(token, "':'") == 0)
		diag_hint(p->diags, g, "A setting is written name = value.");
	else if (strcmp(token, "text line") == 0)
		diag_hint(p->diags, g, "Lines that begin with | stand under `name =`.");
	else if (strcmp(token, "','") == 0)
		diag_hint(p->diags, g, "Statements end with their line; commas stand in lists and in bodies on one line.");
}

void
report_unexpected(struct parse *p, struct span at, const char *token, const char *const *expected, int n)
{
	struct buf words = {0};
	bool open = p->brackets > 0;
	/* the token is the one given last: where it begins a line, the slip is at the end of the one before */
	uint32_t start = line_start(p, at.off), end = start;
	while (end > p->start && (p->text.p[end - 1] == '\n' || p->text.p[end - 1] == '\r' || p->text.p[end - 1] == ' '))
		end--;
	bool leads = true;
	for (uint32_t i = start; i < at.off; i++)
		leads &= p->text.p[i] == ' ' || p->text.p[i] == '\t';
	if (open && token && (strcmp(token, "'='") == 0 || strcmp(token, "'{'") == 0 || (leads && strcmp(token, "end of line") != 0))) {
		syntax_error(p, D_E0001, (struct span){p->file, end ? end - 1 : 0, 1}, "a bracket is not closed here");
		p->brackets = 0;
		p->depth = 0;
		return;
	}
	for (int i = 0; i < n && n < 5; i++)
		buf_addf(&words, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", expected[i]);
	struct diag *g;
	const char *found = token ? token : "the end of the file";
	if (words.n > 0)
		g = syntax_error(p, D_E0001, at, "unexpected %s, expected %.*s", found, (int)words.n, words.p);
	else
		g = syntax_error(p, D_E0001, at, "unexpected %s", found);
	if (g && token)
		hint_slip(p, g, token);
	buf_free(&words);
	p->brackets = 0;
	p->depth = 0;
}

/* ---- bytes ---- */

struct fault {
	const char *what, *hint;
	struct span first;
	unsigned count;
};
enum { FAULT_NUL, FAULT_CONTROL, FAULT_CR, FAULT_UTF8, FAULTS };

static void
fault(struct parse *p, struct fault *f, uint32_t off)
{
	if (f->count++ == 0)
		f->first = (struct span){p->file, off, 1};
}

/* Report what is no text; such bytes become blanks in a copy. False when the file is not a program at all. */
static bool
check_bytes(struct parse *p)
{
	struct fault faults[FAULTS] = {
		[FAULT_NUL] = {.what = "a NUL byte", .hint = "This is no text file."},
		[FAULT_CONTROL] = {.what = "a control character", .hint = "Remove it; in a text write \\u{…}."},
		[FAULT_CR] = {.what = "a carriage return without a line feed", .hint = "Lines end with LF or CRLF."},
		[FAULT_UTF8] = {.what = "a byte that is not UTF-8", .hint = "Save the file as UTF-8."},
	};
	const unsigned char *s = (const unsigned char *)p->text.p;
	char *copy = NULL;
	uint32_t tab = UINT32_MAX;
	bool blank = true;
	for (uint32_t i = p->start; i < p->text.n; i++) {
		unsigned char c = s[i];
		int kind = -1;
		size_t n;
		if (c == '\n') {
			blank = true;
			continue;
		}
		if (c == '\t' && blank && tab == UINT32_MAX)
			tab = i;
		if (c != ' ' && c != '\t')
			blank = false;
		if (c == 0)
			kind = FAULT_NUL;
		else if (c == '\r')
			kind = i + 1 < p->text.n && s[i + 1] == '\n' ? -1 : FAULT_CR;
		else if ((c < 32 && c != '\t') || c == 127)
			kind = FAULT_CONTROL;
		else if (c >= 128 && (n = utf8_len(p->text.p + i, p->text.n - i)) == 0)
			kind = FAULT_UTF8;
		else if (c >= 128)
			i += (uint32_t)n - 1;
		if (kind < 0)
			continue;
		fault(p, &faults[kind], i);
		if (copy == NULL) {
			copy = arena_strz(p->arena, (struct str){p->text.p, p->text.n});
			memcpy(copy, p->text.p, p->text.n);
		}
		copy[i] = ' ';
	}
	for (int k = 0; k < FAULTS; k++) {
		if (faults[k].count == 0)
			continue;
		p->broken = true;
		struct diag *g = diag_add(p->diags, D_E0010, faults[k].first, "%s%s", faults[k].what, faults[k].count > 1 ? ", here and elsewhere" : "");
		if (faults[k].count > 1)
			diag_note(p->diags, g, NO_SPAN, "%u of them in this file", faults[k].count);
		diag_hint(p->diags, g, "%s", faults[k].hint);
	}
	if (tab != UINT32_MAX) {
		struct diag *g = diag_add(p->diags, D_E0011, (struct span){p->file, tab, 1}, "a tab as indentation");
		diag_hint(p->diags, g, "berth fmt indents by two spaces.");
	}
	if (copy)
		p->text.p = copy;
	return faults[FAULT_NUL].count == 0 && faults[FAULT_CONTROL].count + faults[FAULT_UTF8].count < 100;
}

/* ---- the parse ---- */

static struct parse *
parse_new(struct arena *a, struct names *names, struct sources *s, uint32_t number, struct diags *d)
{
	struct parse *p = NEW(a, struct parse);
	p->arena = a;
	p->names = names;
	p->diags = d;
	p->file = number;
	p->text = sources_get(s, number)->text;
	p->start = p->text.n >= 3 && memcmp(p->text.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	return p;
}

static void
run(struct parse *p, bool mend)
{
	yyscan_t scanner;
	p->off = p->start;
	p->mend = mend;
	p->first = true;
	p->last = T_NL;
	p->prev = T_NL;
	p->prev_end = p->start;
	p->braces = p->brackets = p->depth = 0;
	p->after_dot = p->unbalanced = p->ended = p->saved = p->insert_end = false;
	p->error_line = 0;
	p->result = NULL;
	if (berth_yylex_init_extra(p, &scanner) != 0)
		die_oom();
	berth_yy_scan_bytes(p->text.p + p->start, (int)(p->text.n - p->start), scanner);
	berth_yyparse(p, scanner);
	berth_yylex_destroy(scanner);
}

struct file *
syntax_parse(struct arena *a, struct names *names, struct sources *s, uint32_t number, struct diags *d)
{
	struct file *f = NEW(a, struct file);
	struct parse *p = parse_new(a, names, s, number, d);
	f->number = number;
	if (p->text.n > (64u << 20)) {
		diag_add(d, D_E0004, (struct span){number, 0, 1}, "the file is larger than 64 MiB");
		f->broken = true;
		return f;
	}
	if (check_bytes(p)) {
		struct diags *own = diags_new(a, s);
		p->diags = own;
		run(p, false);
		if (p->unbalanced) { /* what was said rests on wrong braces */
			p->diags = d;
			p->broken = true;
			run(p, true);
		} else {
			diags_move(d, own);
		}
	}
	f->body = p->result;
	f->broken = p->broken;
	return f;
}

void
syntax_lexemes(struct arena *a, struct sources *s, uint32_t number, lexeme_list *out)
{
	struct names *names = names_new(a);
	struct parse *p = parse_new(a, names, s, number, NULL);
	yyscan_t scanner;
	union semantic value;
	struct span at, open = NO_SPAN;
	int t, depth = 0;
	p->collect = true;
	p->lexemes = out;
	p->off = p->start;
	p->last = T_NL;
	if (berth_yylex_init_extra(p, &scanner) != 0)
		die_oom();
	berth_yy_scan_bytes(p->text.p + p->start, (int)(p->text.n - p->start), scanner);
	while ((t = berth_scan(&value, &at, scanner)) != 0) {
		if (t == T_TEXT_BEGIN || t == T_STR_BEGIN) {
			if (depth++ == 0)
				open = at;
		}
		bool closes = t == T_TEXT_END || t == T_STR_END;
		if (closes && depth > 0 && --depth == 0) {
			if (t == T_STR_END)
				*VEC_PUSH(a, out) = (struct lexeme){LX_TOKEN, T_STR_BEGIN, open.off, at.off + at.len - open.off};
			continue;
		}
		if (depth > 0)
			continue; /* nothing inside a text is a lexeme of its own */
		if (t != T_NL)
			*VEC_PUSH(a, out) = (struct lexeme){LX_TOKEN, (uint16_t)t, at.off, at.len};
	}
	berth_yylex_destroy(scanner);
}

/* ---- names and doc comments ---- */

const char *
op_text(enum op op)
{
	static const char *const texts[] = {
		[OP_OR] = "or",  [OP_AND] = "and", [OP_NOT] = "not", [OP_EQ] = "==",    [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">",
		[OP_GE] = ">=", [OP_IN] = "in",   [OP_RANGE] = "..", [OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/",  [OP_NEG] = "-",
	};
	return texts[op];
}

bool
syntax_is_reserved(struct str s)
{
	static const char *const words[] = {
#define KEYWORD(word, token) word,
#include "../../grammar/keywords.def"
#undef KEYWORD
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqz(s, words[i]))
			return true;
	return false;
}

bool
syntax_is_name(struct str s)
{
	bool start = true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_', digit = c >= '0' && c <= '9';
		if (c == '-' && i > 0 && i + 1 < s.n && s.p[i - 1] != '-') {
			start = false;
			continue;
		}
		if (!alpha && !(digit && !start))
			return false;
		start = false;
	}
	return s.n > 0 && !syntax_is_reserved(s);
}

struct str
syntax_doc(struct arena *a, struct sources *s, const struct stmt *st)
{
	struct place at = sources_place(s, st->at);
	struct buf b = {0};
	unsigned first = at.line;
	while (first > 1) {
		struct str line = sources_line(s, st->at.file, first - 1);
		while (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
			line = (struct str){line.p + 1, line.n - 1};
		if (line.n == 0 || *line.p != '#')
			break;
		first--;
	}
	for (; first < at.line; first++) {
		struct str line = sources_line(s, st->at.file, first);
		while (line.n > 0 && (*line.p == ' ' || *line.p == '\t' || *line.p == '#'))
			line = (struct str){line.p + 1, line.n - 1};
		buf_addf(&b, "%s%.*s", b.n ? "\n" : "", (int)line.n, line.p);
	}
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
