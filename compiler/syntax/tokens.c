/*
 * Between scanner and parser: braces. While they balance, tokens pass through.
 * When they do not, the file is parsed again and indentation decides where a }
 * is missing or one too many, so that one slip makes one message, at its place.
 */
#include "internal.h"

#include "berth.tab.h"

int berth_scan(union semantic *value, struct span *at, void *scanner);

uint32_t
line_start(const struct parse *p, uint32_t off)
{
	while (off > p->start && p->text.p[off - 1] != '\n')
		off--;
	return off;
}

static bool
is_word(int t)
{
	return t == T_NAME || t == T_PARAM || t == T_IN || t == T_IF || t == T_ASSERT || t == T_WARN || t == T_RESERVED;
}

static int
indent_of(const struct parse *p, uint32_t off)
{
	return (int)(off - line_start(p, off));
}

static void
opener(struct parse *p, uint32_t brace)
{
	uint32_t from = line_start(p, brace);
	int indent = 0;
	while (from + (uint32_t)indent < brace && (p->text.p[from + indent] == ' ' || p->text.p[from + indent] == '\t'))
		indent++;
	p->open[p->braces].off = from + (uint32_t)indent;
	p->open[p->braces].indent = indent;
	p->open[p->braces].one_line = false;
	p->braces++;
}

/* The words of the line that opened the block, without its brace. */
static struct str
opener_words(const struct parse *p, const struct opener *o)
{
	struct str s = {p->text.p + o->off, 0};
	while (o->off + s.n < p->text.n && s.p[s.n] != '{' && s.p[s.n] != '\n' && s.n < 60)
		s.n++;
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

static void
report_missing(struct parse *p)
{
	const struct opener *o = &p->open[p->braces - 1];
	struct str words = opener_words(p, o);
	struct diag *g = syntax_error(p, D_E0008, (struct span){p->file, p->prev_end, 0}, "block \"%.*s\" is not closed: a } is missing here",
				      (int)words.n, words.p);
	if (g)
		diag_note(p->diags, g, (struct span){p->file, o->off, (uint32_t)words.n}, "opened here");
}

static int
give(struct parse *p, int t, struct span at)
{
	p->prev = t;
	p->prev_at = at;
	if (t != T_NL)
		p->prev_end = at.off + at.len;
	return t;
}

/* Put a line end in front of the token. */
static void
insert_line_end(struct parse *p, int t, const union semantic *value, struct span *at)
{
	p->saved = true;
	p->saved_token = t;
	p->saved_value = *value;
	p->saved_at = *at;
	*at = (struct span){p->file, p->prev_end, 0};
}

/* Put a } and a line end in front of the token. */
static int
insert_close(struct parse *p, int t, const union semantic *value, struct span *at)
{
	insert_line_end(p, t, value, at);
	p->insert_end = true;
	p->braces--;
	return '}';
}

/* The next token; true when it is the first of its line and no end. */
static bool
scan(struct parse *p, int *t, union semantic *value, struct span *at, void *scanner)
{
	bool first = p->first;
	*t = berth_scan(value, at, scanner);
	if (*t == T_NL || *t == T_TEXT_END)
		return false; /* what follows is the first of its line */
	p->first = false;
	return first && *t != T_TEXT_BEGIN;
}

/* Pass over the lines of a block whose first line is missing, its } included. */
static int
skip_region(struct parse *p, int expected, union semantic *value, struct span *at, void *scanner)
{
	int t;
	for (;;) {
		if (p->first)
			p->brackets = p->depth = 0;
		bool first = scan(p, &t, value, at, scanner);
		if (t == 0)
			return 0;
		if (!first)
			continue;
		int indent = indent_of(p, at->off);
		if (indent > expected)
			continue;
		if (t == '}' && indent == expected && (p->braces == 0 || indent > p->open[p->braces - 1].indent))
			continue; /* its own } */
		return t;
	}
}

/* What indentation says of a token that is the first of its line. Returns the token to give. */
static int
mend_first(struct parse *p, int t, union semantic *value, struct span *at, void *scanner)
{
	for (;;) {
		int indent = indent_of(p, at->off);
		int top = p->braces > 0 ? p->open[p->braces - 1].indent : -2;
		bool error_before = p->error_line != 0 && p->error_line - 1 == line_start(p, p->prev_end ? p->prev_end - 1 : 0);
		if (p->braces > 0 && (t == '}' ? indent < top : indent <= top)) {
			report_missing(p);
			return insert_close(p, t, value, at);
		}
		if (t == '}' && indent > top && !(p->braces > 0 && indent == top)) {
			if (!error_before)
				syntax_error(p, D_E0009, *at, "this } closes nothing");
		} else if (t != '}' && indent > top + 2) {
			if (!error_before) {
				struct diag *g = syntax_error(p, D_E0009, *at, "this line is indented, but the line that opens its block is missing");
				if (g)
					diag_hint(p->diags, g, "Indentation is two spaces a level; the block's first line, with its {, would stand above.");
			}
		} else {
			return t;
		}
		t = skip_region(p, top + 2, value, at, scanner);
		if (t == 0)
			return 0;
	}
}

static int
at_end(struct parse *p, union semantic *value, struct span *at)
{
	*at = (struct span){p->file, (uint32_t)p->text.n, 0};
	if (p->braces > 0 && !p->unbalanced) {
		if (!p->mend) {
			p->unbalanced = true;
			return 0;
		}
		if (p->prev != T_NL && p->prev != T_TEXT_END)
			return T_NL;
		report_missing(p);
		return insert_close(p, 0, value, at);
	}
	if (!p->ended && p->prev != T_NL && p->prev != T_TEXT_END) {
		p->ended = true;
		return T_NL;
	}
	return 0;
}

static int
fetch(struct parse *p, union semantic *value, struct span *at, void *scanner, bool *first)
{
	if (p->insert_end) {
		p->insert_end = false;
		*at = (struct span){p->file, p->prev_end, 0};
		*first = false;
		return T_NL;
	}
	if (p->saved) {
		p->saved = false;
		*value = p->saved_value;
		*at = p->saved_at;
		*first = p->saved_token != 0;
		return p->saved_token;
	}
	int t;
	*first = scan(p, &t, value, at, scanner);
	return t;
}

int
token_next(union semantic *value, struct span *at, struct parse *p, void *scanner)
{
	bool first;
	if (p->unbalanced)
		return 0;
	int t = fetch(p, value, at, scanner, &first);
	if (p->prev == '{' && t != T_NL && p->braces > 0)
		p->open[p->braces - 1].one_line = true;
	if (t == T_NL) {
		if (p->mend && p->braces > 0 && p->open[p->braces - 1].one_line) {
			report_missing(p);
			t = insert_close(p, t, value, at);
		}
		return give(p, t, *at);
	}
	if (t == 0)
		return give(p, at_end(p, value, at), *at);
	if (first && p->brackets == 0 && p->mend) {
		t = mend_first(p, t, value, at, scanner);
		if (t == 0)
			return give(p, at_end(p, value, at), *at);
		if (p->insert_end)
			return give(p, t, *at);
	} else if (first && !p->mend && p->braces > 0 && is_word(t) && indent_of(p, at->off) == 0) {
		p->unbalanced = true;
		return 0;
	}
	if (t == '}' && !first && p->brackets == 0 && p->braces > 0 && p->prev != '{' && !p->open[p->braces - 1].one_line) {
		syntax_error(p, D_E0009, *at, "a } that closes several lines begins a line");
		if (p->mend)
			return token_next(value, at, p, scanner); /* one too many: leave it out */
		insert_line_end(p, t, value, at);
		return give(p, T_NL, *at);
	}
	if (t == '{') {
		if (p->braces >= NESTING_MAX) {
			syntax_error(p, D_E0005, *at, "blocks are nested deeper than %d", NESTING_MAX);
			p->unbalanced = p->mend = true;
			return 0;
		}
		opener(p, at->off);
	} else if (t == '}') {
		if (p->braces == 0) {
			p->unbalanced = true;
			if (p->mend)
				syntax_error(p, D_E0009, *at, "this } closes nothing");
			return 0;
		}
		p->braces--;
	}
	return give(p, t, *at);
}
