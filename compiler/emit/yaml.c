/*
 * Documents as YAML: block style, two spaces, no line folded.
 *
 * How a string is written is decided in `style_of` alone: plain where no
 * reader can see anything but a string, literal for multi-line text that all
 * readers keep, double quotes for the rest. Reading lives in yaml_read.c,
 * through libyaml; the tests read everything back with it.
 */
#include "berth/output.h"

#include "text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum style { PLAIN, LITERAL, QUOTED };
enum { TAKEN_MAX = 8 }; /* letters of the longest word below */
enum { KEY_MAX = 1000 }; /* bytes: readers look no further than 1024 for the colon */

/* Words that some reader of YAML 1.1 or 1.2 takes for a boolean, null or a number, in some case. */
static const char *const taken[] = {
	"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity",
};

/* ---- the style of a string ---- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_taken(struct str s)
{
	if (!strchr("yYnNoOtTfFiI", s.p[0])) /* what these words begin with */
		return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strncasecmp(s.p, taken[i], s.n) == 0 && taken[i][s.n] == '\0')
			return true;
	return false;
}

static bool
is_plain_safe(struct str s)
{
	if (s.n == 0 || !is_letter(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_letter(s.p[i]) && !(s.p[i] >= '-' && s.p[i] <= '9') && s.p[i] != '_') /* - . / and digits */
			return false;
	return s.n > TAKEN_MAX || !is_taken(s);
}

/*
 * May this character stand as it is in a literal block? Not controls, DEL,
 * C1 with NEL, the line separators, the byte order mark and other
 * non-characters; and not what lies beyond U+FFFF, which libyaml escapes.
 */
static bool
is_block_char(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	if (len == 1)
		return (u[0] >= 0x20 && u[0] != 0x7F) || u[0] == '\t' || u[0] == '\n';
	if (len == 2)
		return u[0] != 0xC2 || u[1] >= 0xA0;
	if (len == 3)
		return !(u[0] == 0xE2 && u[1] == 0x80 && (u[2] == 0xA8 || u[2] == 0xA9)) &&
		       !(u[0] == 0xEF && u[1] == 0xBB && u[2] == 0xBF) && !(u[0] == 0xEF && u[1] == 0xBF && u[2] >= 0xBE);
	return false;
}

static bool
is_block_safe(struct str s)
{
	if (s.n < 2 || !memchr(s.p, '\n', s.n) || s.p[0] == ' ' || s.p[0] == '\n')
		return false;
	if (s.p[s.n - 1] == '\n' && s.p[s.n - 2] == '\n')
		return false;
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		bool starts = i == 0 || s.p[i - 1] == '\n';
		bool ends = i + 1 == s.n || s.p[i + 1] == '\n';

		if (len == 0 || !is_block_char(s.p + i, len))
			return false;
		if ((s.p[i] == '\t' && (starts || ends)) || (s.p[i] == ' ' && ends))
			return false;
		i += len;
	}
	return true;
}

static enum style
style_of(struct str s, bool key)
{
	if (is_plain_safe(s))
		return PLAIN;
	return !key && is_block_safe(s) ? LITERAL : QUOTED;
}

/* ---- scalars ---- */

static void
add_indent(struct buf *b, unsigned indent)
{
	buf_pad(b, ' ', indent);
}

static uint32_t
code_point(const unsigned char *u, size_t len)
{
	if (len == 1)
		return u[0];
	uint32_t c = u[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (u[i] & 0x3F);
	return c;
}

static void
add_escape(struct buf *b, uint32_t c)
{
	static const struct {
		uint32_t code;
		char letter;
	} named[] = {
		{0, '0'}, {7, 'a'}, {8, 'b'}, {9, 't'}, {10, 'n'}, {11, 'v'}, {12, 'f'}, {13, 'r'}, {27, 'e'}, {'"', '"'}, {'\\', '\\'},
		{0x85, 'N'}, {0x2028, 'L'}, {0x2029, 'P'},
	};
	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		if (named[i].code == c) {
			buf_addc(b, '\\');
			buf_addc(b, named[i].letter);
			return;
		}
	}
	buf_addf(b, c < 0x100 ? "\\x%02" PRIX32 : c < 0x10000 ? "\\u%04" PRIX32 : "\\U%08" PRIX32, c);
}

static void
add_quoted(struct buf *b, struct str s)
{
	size_t from = 0;

	buf_addc(b, '"');
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		bool as_is = len > 0 && s.p[i] != '"' && s.p[i] != '\\' && s.p[i] != '\t' && s.p[i] != '\n' && is_block_char(s.p + i, len);

		if (len == 0)
			bug("text that is not UTF-8");
		if (!as_is) {
			buf_add(b, s.p + from, i - from);
			add_escape(b, code_point((const unsigned char *)s.p + i, len));
			from = i + len;
		}
		i += len;
	}
	buf_add(b, s.p + from, s.n - from);
	buf_addc(b, '"');
}

static void
add_literal(struct buf *b, struct str s, unsigned indent)
{
	buf_addz(b, s.p[s.n - 1] == '\n' ? "|" : "|-");
	for (size_t i = 0; i < s.n;) {
		const char *end = memchr(s.p + i, '\n', s.n - i);
		size_t n = end ? (size_t)(end - s.p) - i : s.n - i;

		buf_addc(b, '\n');
		if (n > 0) {
			add_indent(b, indent);
			buf_add(b, s.p + i, n);
		}
		i += n + 1;
	}
}

/* A string; the lines of a literal block begin at `indent`. */
static void
add_string(struct buf *b, struct str s, bool key, unsigned indent)
{
	switch (style_of(s, key)) {
	case PLAIN: buf_adds(b, s); return;
	case LITERAL: add_literal(b, s, indent); return;
	case QUOTED: add_quoted(b, s); return;
	}
}

void
yaml_add_key(struct buf *b, struct str key)
{
	struct buf text = {0}, out = {0};

	if (is_plain_safe(key)) {
		buf_adds(b, key);
		return;
	}
	buf_add_utf8(&text, key);
	add_string(&out, buf_str(&text), true, 0);
	if (out.n > KEY_MAX) {
		buf_addz(b, "? ");
		buf_adds(b, buf_str(&out));
		buf_addc(b, '\n');
	} else {
		buf_adds(b, buf_str(&out));
	}
	buf_free(&out);
	buf_free(&text);
}

bool
yaml_is_literal(struct str s)
{
	return style_of(s, false) == LITERAL;
}

/* ---- documents ---- */

bool
yaml_is_block(const struct doc *d)
{
	return (d->kind == DOC_LIST || d->kind == DOC_MAP) && d->items;
}

static void
add_scalar(struct buf *b, const struct doc *d, unsigned indent)
{
	switch (d->kind) {
	case DOC_NULL: buf_addz(b, "null"); return;
	case DOC_BOOL: buf_addz(b, d->number ? "true" : "false"); return;
	case DOC_INT: buf_addf(b, "%" PRId64, d->number); return;
	case DOC_NUMBER: text_add_number(b, d->number); return;
	case DOC_STRING:
		if (is_plain_safe(d->text)) {
			buf_adds(b, d->text);
			return;
		}
		/* fall through */
	case DOC_ATTR:
	case DOC_TEXT:
	case DOC_JSON:
	case DOC_YAML: {
		struct buf text = {0};
		text_add_doc(&text, d, NULL);
		add_string(b, buf_str(&text), false, indent);
		buf_free(&text);
		return;
	}
	case DOC_LIST: buf_addz(b, "[]"); return;
	case DOC_MAP: buf_addz(b, "{}"); return;
	case DOC_KIND_COUNT: break;
	}
	bug("document of kind %d", (int)d->kind);
}

/* Members or items, each beginning at `indent`; the first begins where the text stands when `begun`. */
static void
add_block(struct buf *b, const struct doc *d, unsigned indent, bool begun)
{
	for (const struct doc *item = d->items; item; item = item->next) {
		if (!begun)
			add_indent(b, indent);
		begun = false;
		if (d->kind == DOC_LIST) {
			buf_addz(b, "- ");
			if (yaml_is_block(item)) {
				add_block(b, item, indent + 2, true);
				continue;
			}
			add_scalar(b, item, indent + 2);
			buf_addc(b, '\n');
			continue;
		}
		yaml_add_key(b, item->key);
		if (yaml_is_block(item)) {
			buf_addz(b, ":\n");
			add_block(b, item, item->kind == DOC_LIST ? indent : indent + 2, false);
			continue;
		}
		buf_addz(b, ": ");
		add_scalar(b, item, indent + 2);
		buf_addc(b, '\n');
	}
}

void
yaml_add(struct buf *b, const struct doc *d, unsigned indent)
{
	if (yaml_is_block(d))
		add_block(b, d, indent, false);
	else
		add_scalar(b, d, indent);
}

void
yaml_write(const struct doc *d, struct buf *out)
{
	yaml_add(out, d, 0);
	if (!yaml_is_block(d))
		buf_addc(out, '\n');
}
