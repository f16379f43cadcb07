/*
 * Documents as YAML, through libyaml. No libyaml object leaves this file.
 *
 * How a string is written is decided in `style_of` alone: plain where no
 * reader can see anything but a string, literal for multi-line text that all
 * readers keep, double quotes for the rest. yaml_emitter_emit consumes the
 * event it is given, also when it fails.
 */
#include "berth/output.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* Where a scalar stands. */
enum position { AT_ROOT, AT_KEY, AT_VALUE };

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
is_plain_safe(struct str s)
{
	if (s.n == 0 || !is_letter(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_letter(s.p[i]) && !(s.p[i] >= '0' && s.p[i] <= '9') && !memchr("_./-", s.p[i], 4))
			return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (s.n == strlen(taken[i]) && strncasecmp(s.p, taken[i], s.n) == 0)
			return false;
	return true;
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

static yaml_scalar_style_t
style_of(struct str s, enum position position)
{
	if (is_plain_safe(s))
		return YAML_PLAIN_SCALAR_STYLE;
	if (position == AT_VALUE && is_block_safe(s))
		return YAML_LITERAL_SCALAR_STYLE;
	return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

/* ---- events ---- */

static void
fail(const yaml_emitter_t *e)
{
	if (e->error == YAML_MEMORY_ERROR)
		die_oom();
	bug("libyaml: %s", e->problem ? e->problem : "unknown failure");
}

/* `made` is what yaml_*_event_initialize said: it fails only without memory, the text being UTF-8. */
static void
emit(yaml_emitter_t *e, int made, yaml_event_t *event)
{
	if (!made)
		die_oom();
	if (!yaml_emitter_emit(e, event))
		fail(e);
}

static void
emit_scalar(yaml_emitter_t *e, struct str s, yaml_scalar_style_t style)
{
	const yaml_char_t *text = (const yaml_char_t *)(s.n ? s.p : "");
	yaml_event_t event;
	int made;

	if (s.n > INT32_MAX)
		bug("a string of %zu bytes", s.n);
	made = yaml_scalar_event_initialize(&event, NULL, NULL, text, (int)s.n, 1, 1, style);
	emit(e, made, &event);
}

static void
emit_string(yaml_emitter_t *e, const struct doc *d, enum position position)
{
	struct buf b = {0};

	text_add_doc(&b, d, NULL);
	emit_scalar(e, buf_str(&b), style_of(buf_str(&b), position));
	buf_free(&b);
}

static void
emit_key(yaml_emitter_t *e, struct str key)
{
	struct buf b = {0};

	buf_add_utf8(&b, key);
	emit_scalar(e, buf_str(&b), style_of(buf_str(&b), AT_KEY));
	buf_free(&b);
}

static void
emit_plain(yaml_emitter_t *e, const char *z)
{
	emit_scalar(e, str_of(z), YAML_PLAIN_SCALAR_STYLE);
}

static void
emit_number(yaml_emitter_t *e, int64_t number)
{
	struct buf b = {0};

	text_add_number(&b, number);
	emit_scalar(e, buf_str(&b), YAML_PLAIN_SCALAR_STYLE);
	buf_free(&b);
}

static void
emit_int(yaml_emitter_t *e, int64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, n);
	emit_plain(e, text);
}

static void emit_doc(yaml_emitter_t *e, const struct doc *d, enum position position);

static void
emit_list(yaml_emitter_t *e, const struct doc *d)
{
	yaml_event_t event;

	emit(e, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE), &event);
	for (const struct doc *item = d->items; item; item = item->next)
		emit_doc(e, item, AT_VALUE);
	emit(e, yaml_sequence_end_event_initialize(&event), &event);
}

static void
emit_map(yaml_emitter_t *e, const struct doc *d)
{
	yaml_event_t event;

	emit(e, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE), &event);
	for (const struct doc *item = d->items; item; item = item->next) {
		emit_key(e, item->key);
		emit_doc(e, item, AT_VALUE);
	}
	emit(e, yaml_mapping_end_event_initialize(&event), &event);
}

static void
emit_doc(yaml_emitter_t *e, const struct doc *d, enum position position)
{
	switch (d->kind) {
	case DOC_NULL: emit_plain(e, "null"); return;
	case DOC_BOOL: emit_plain(e, d->number ? "true" : "false"); return;
	case DOC_INT: emit_int(e, d->number); return;
	case DOC_NUMBER: emit_number(e, d->number); return;
	case DOC_STRING:
	case DOC_ATTR:
	case DOC_TEXT:
	case DOC_JSON:
	case DOC_YAML: emit_string(e, d, position); return;
	case DOC_LIST: emit_list(e, d); return;
	case DOC_MAP: emit_map(e, d); return;
	case DOC_KIND_COUNT: break;
	}
	bug("document of kind %d", (int)d->kind);
}

static int
into_buf(void *out, unsigned char *p, size_t n)
{
	buf_add(out, p, n);
	return 1;
}

static void
set_up(yaml_emitter_t *e, struct buf *out)
{
	if (!yaml_emitter_initialize(e))
		die_oom();
	yaml_emitter_set_output(e, into_buf, out);
	yaml_emitter_set_encoding(e, YAML_UTF8_ENCODING);
	yaml_emitter_set_indent(e, 2);
	yaml_emitter_set_width(e, -1); /* never fold */
	yaml_emitter_set_unicode(e, 1);
	yaml_emitter_set_break(e, YAML_LN_BREAK);
}

void
yaml_write(const struct doc *d, struct buf *out)
{
	yaml_emitter_t e;
	yaml_event_t event;

	set_up(&e, out);
	emit(&e, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
	emit(&e, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
	emit_doc(&e, d, AT_ROOT);
	emit(&e, yaml_document_end_event_initialize(&event, 1), &event);
	emit(&e, yaml_stream_end_event_initialize(&event), &event);
	yaml_emitter_delete(&e);
}
