/*
 * The formatter, over lexemes: two spaces a level, one blank between words,
 * the author's lines and comments. What is inside quotes and behind | is
 * copied byte for byte, so the meaning cannot change.
 *
 * Lists are on one line when they fit 100 columns and hold no comment, else
 * one item a line. One-line bodies stay while they fit.
 */
#include "berth/fmt.h"

#include <string.h>

#include "berth.tab.h"

enum { WIDTH = 100, INDENT = 2 };

struct format {
	struct arena *a;
	struct str text;
	struct lexeme *v;
	size_t n;
	struct buf *out;
};

static struct str
text_of(const struct format *f, const struct lexeme *l)
{
	return (struct str){f->text.p + l->off, l->len};
}

static bool
is(const struct lexeme *l, int token)
{
	return l->kind == LX_TOKEN && l->token == token;
}

/* ---- lists: line ends inside brackets go, except beside comments ---- */

static size_t
closing(const struct format *f, size_t open)
{
	int depth = 0;
	for (size_t i = open; i < f->n; i++) {
		if (is(&f->v[i], '(') || is(&f->v[i], '['))
			depth++;
		else if ((is(&f->v[i], ')') || is(&f->v[i], ']')) && --depth == 0)
			return i;
	}
	return f->n;
}

static bool
has_comment(const struct format *f, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (f->v[i].kind == LX_COMMENT)
			return true;
	return false;
}

static void
join_brackets(struct format *f)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->n; i++) {
		if ((is(&f->v[i], '(') || is(&f->v[i], '['))) {
			size_t end = closing(f, i);
			if (end < f->n && !has_comment(f, i, end)) {
				for (; i <= end; i++) {
					bool last_comma = is(&f->v[i], ',') && i + 1 <= end;
					size_t next = i + 1;
					while (last_comma && next <= end && f->v[next].kind == LX_NEWLINE)
						next++;
					if (f->v[i].kind == LX_NEWLINE || (last_comma && (is(&f->v[next], ']') || is(&f->v[next], ')'))))
						continue;
					f->v[kept++] = f->v[i];
				}
				i--;
				continue;
			}
		}
		f->v[kept++] = f->v[i];
	}
	f->n = kept;
}

/* ---- spacing inside one line ---- */

static bool
is_operator(const struct lexeme *l)
{
	switch (l->token) {
	case '=':
	case '<':
	case '>':
	case '+':
	case '*':
	case '/':
	case '|':
	case '-':
	case T_EQ:
	case T_NE:
	case T_LE:
	case T_GE: return l->kind == LX_TOKEN;
	default: return false;
	}
}

/* Is this minus a sign? It is when nothing that ends a value stands before it. */
static bool
is_sign(const struct lexeme *minus, const struct lexeme *before)
{
	if (!is(minus, '-'))
		return false;
	return before == NULL || is_operator(before) || is(before, '(') || is(before, '[') || is(before, ',') || is(before, T_DOTDOT) ||
	       is(before, T_AND) || is(before, T_OR) || is(before, T_NOT) || is(before, T_IN) || is(before, T_IF) || is(before, T_ASSERT) ||
	       is(before, T_WARN);
}

static bool
space_between(const struct lexeme *before2, const struct lexeme *before, const struct lexeme *l)
{
	if (is(before, '.') || is(l, '.') || is(before, T_DOTDOT) || is(l, T_DOTDOT) || is(l, ',') || is(l, ':') || is(l, '?') || is(l, ')') ||
	    is(l, ']') || is(before, '(') || is(before, '['))
		return false;
	if (is(l, '('))
		return before->token != T_NAME || before->kind != LX_TOKEN;
	if (is_sign(before, before2))
		return false;
	if (is(before, '{') && is(l, '}'))
		return false;
	return true;
}

/* The line from lexeme `from` up to `to`, in words. */
static void
put_words(const struct format *f, size_t from, size_t to, struct buf *b)
{
	for (size_t i = from; i < to; i++) {
		const struct lexeme *l = &f->v[i];
		if (l->kind == LX_COMMENT) {
			struct str c = text_of(f, l);
			while (c.n > 0 && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t' || c.p[c.n - 1] == '\r'))
				c.n--;
			if (i > from)
				buf_addz(b, "  ");
			buf_adds(b, c);
			continue;
		}
		if (i > from && space_between(i > from + 1 ? &f->v[i - 2] : NULL, &f->v[i - 1], l))
			buf_addc(b, ' ');
		buf_adds(b, text_of(f, l));
	}
}

static size_t
width(const struct buf *b, size_t from)
{
	return utf8_count((struct str){b->p + from, b->n - from});
}

/* ---- one line that is too long ---- */

static size_t
matching_brace(const struct format *f, size_t open, size_t to)
{
	int depth = 0;
	for (size_t i = open; i < to; i++) {
		if (is(&f->v[i], '{'))
			depth++;
		else if (is(&f->v[i], '}') && --depth == 0)
			return i;
	}
	return to;
}

static void put_line(const struct format *f, size_t from, size_t to, int depth);

/* { a = 1, b = 2 } over several lines. */
static void
put_body(const struct format *f, size_t from, size_t open, size_t close, size_t to, int depth)
{
	buf_pad(f->out, ' ', (size_t)depth * INDENT);
	put_words(f, from, open + 1, f->out);
	buf_addc(f->out, '\n');
	size_t start = open + 1;
	int inner = 0;
	for (size_t i = open + 1; i <= close; i++) {
		if (is(&f->v[i], '(') || is(&f->v[i], '['))
			inner++;
		else if (is(&f->v[i], ')') || is(&f->v[i], ']'))
			inner--;
		if (i != close && !(inner == 0 && is(&f->v[i], ',')))
			continue;
		if (i > start)
			put_line(f, start, i, depth + 1);
		start = i + 1;
	}
	buf_pad(f->out, ' ', (size_t)depth * INDENT);
	put_words(f, close, to, f->out);
	buf_addc(f->out, '\n');
}

/* [a, b] with an item a line. */
static void
put_list(const struct format *f, size_t from, size_t open, size_t close, size_t to, int depth)
{
	buf_pad(f->out, ' ', (size_t)depth * INDENT);
	put_words(f, from, open + 1, f->out);
	buf_addc(f->out, '\n');
	size_t start = open + 1;
	int inner = 0;
	for (size_t i = open + 1; i <= close; i++) {
		if (is(&f->v[i], '(') || is(&f->v[i], '['))
			inner++;
		else if (i != close && (is(&f->v[i], ')') || is(&f->v[i], ']')))
			inner--;
		if (i != close && !(inner == 0 && is(&f->v[i], ',')))
			continue;
		if (i > start) {
			buf_pad(f->out, ' ', (size_t)(depth + 1) * INDENT);
			put_words(f, start, i, f->out);
			buf_addz(f->out, ",\n");
		}
		start = i + 1;
	}
	buf_pad(f->out, ' ', (size_t)depth * INDENT);
	put_words(f, close, to, f->out);
	buf_addc(f->out, '\n');
}

static void
put_line(const struct format *f, size_t from, size_t to, int depth)
{
	size_t start = f->out->n;
	buf_pad(f->out, ' ', (size_t)depth * INDENT);
	put_words(f, from, to, f->out);
	if (width(f->out, start) <= WIDTH) {
		buf_addc(f->out, '\n');
		return;
	}
	size_t list = to;
	for (size_t i = from; i < to; i++) {
		if (is(&f->v[i], '{') && !has_comment(f, i, matching_brace(f, i, to)) && i + 1 < to) {
			size_t close = matching_brace(f, i, to);
			if (close < to && close > i + 1) {
				f->out->n = start;
				put_body(f, from, i, close, to, depth);
				return;
			}
		}
		if (is(&f->v[i], '[') && list == to)
			list = i;
	}
	size_t close = list < to ? closing(f, list) : to;
	if (close < to && close > list + 1) {
		f->out->n = start;
		put_list(f, from, list, close, to, depth);
		return;
	}
	buf_addc(f->out, '\n');
}

/* ---- all lines ---- */

/* How deep the line stands: what closes first steps out. */
static void
put_logical(const struct format *f, size_t from, size_t to, int *depth)
{
	int before = *depth, at = *depth;
	bool leading = true;
	for (size_t i = from; i < to; i++) {
		const struct lexeme *l = &f->v[i];
		if (is(l, '{') || is(l, '[') || is(l, '(')) {
			at++;
			leading = false;
		} else if (is(l, '}') || is(l, ']') || is(l, ')')) {
			at--;
			if (leading)
				before = at;
		} else {
			leading = false;
		}
	}
	*depth = at < 0 ? 0 : at;
	put_line(f, from, to, before < 0 ? 0 : before);
}

static void
put_text_line(const struct format *f, const struct lexeme *l, int depth)
{
	struct str s = text_of(f, l);
	buf_pad(f->out, ' ', (size_t)(depth + 1) * INDENT);
	buf_adds(f->out, s);
	buf_addc(f->out, '\n');
}

static bool
opens(const struct format *f, size_t line_end)
{
	return line_end > 0 && is(&f->v[line_end - 1], '{');
}

static void
put_all(const struct format *f)
{
	int depth = 0;
	size_t i = 0;
	unsigned blank = 0;
	bool start = true, after_open = false;
	while (i < f->n) {
		if (f->v[i].kind == LX_NEWLINE) {
			blank++;
			i++;
			continue;
		}
		size_t end = i;
		while (end < f->n && f->v[end].kind != LX_NEWLINE && f->v[end].kind != LX_TEXT_LINE)
			end++;
		bool closes = is(&f->v[i], '}');
		if (blank > 0 && !start && !after_open && !closes)
			buf_addc(f->out, '\n');
		if (end == i) {
			put_text_line(f, &f->v[i], depth);
			end = i + 1;
			after_open = false;
		} else {
			put_logical(f, i, end, &depth);
			after_open = opens(f, end);
		}
		start = false;
		blank = 0;
		i = end;
		if (i < f->n && f->v[i].kind == LX_NEWLINE)
			i++;
	}
}

bool
fmt_source(struct arena *a, struct names *names, struct sources *s, uint32_t number, struct buf *out)
{
	struct diags *d = diags_new(a, s);
	struct str text = sources_get(s, number)->text;
	lexeme_list lexemes = {0};
	if (syntax_parse(a, names, s, number, d)->broken) {
		buf_adds(out, text);
		return false;
	}
	syntax_lexemes(a, s, number, &lexemes);
	struct format f = {a, text, lexemes.v, lexemes.n, out};
	join_brackets(&f);
	put_all(&f);
	return true;
}
