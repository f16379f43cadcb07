/*
 * Diagnostics as JSON for programs; tests/schemas/diagnostics.schema.json
 * describes it. Written by hand, since diag stands below the layer that knows
 * jansson. One diagnostic stands on a line.
 */
#include "berth/diag.h"

#include <string.h>

static void
add_string(struct buf *out, const char *z)
{
	size_t n = strlen(z);

	buf_addc(out, '"');
	for (size_t i = 0; i < n;) {
		size_t len = utf8_len(z + i, n - i);
		unsigned char c = (unsigned char)z[i];

		if (len == 0)
			buf_addz(out, "\xEF\xBF\xBD");
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_addz(out, "\\n");
		else if (c == '\t')
			buf_addz(out, "\\t");
		else if (c < 0x20 || c == 0x7F)
			buf_addf(out, "\\u%04x", c);
		else
			buf_add(out, z + i, len);
		i += len ? len : 1;
	}
	buf_addc(out, '"');
}

static void
add_member(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "\"%s\":", name);
	if (value)
		add_string(out, value);
	else
		buf_addz(out, "null");
	buf_addc(out, ',');
}

/* Offsets and columns of what has no place are null, like the file. */
static void
add_number(struct buf *out, const char *name, bool known, unsigned value)
{
	if (known)
		buf_addf(out, "\"%s\":%u,", name, value);
	else
		buf_addf(out, "\"%s\":null,", name);
}

static void
add_place(struct buf *out, struct place place)
{
	bool known = place.path != NULL;

	add_member(out, "file", place.path);
	add_number(out, "line", known, place.line);
	add_number(out, "column", known, place.column);
	add_number(out, "end_line", known, place.end_line);
	add_number(out, "end_column", known, place.end_column);
}

static void
end_list(struct buf *out, char close)
{
	if (out->p[out->n - 1] == ',')
		out->n--;
	buf_addc(out, close);
}

static void
add_stages(const struct diags *d, struct buf *out, uint32_t stages)
{
	buf_addz(out, "\"stages\":[");
	for (unsigned i = 0; i < 32; i++) {
		if (!(stages >> i & 1) || !d->stage_names[i])
			continue;
		add_string(out, d->stage_names[i]);
		buf_addc(out, ',');
	}
	end_list(out, ']');
	buf_addc(out, ',');
}

static void
add_notes(struct diags *d, struct buf *out, const struct note *n)
{
	buf_addz(out, "\"notes\":[");
	for (; n; n = n->next) {
		buf_addc(out, '{');
		add_member(out, "message", n->text);
		add_place(out, sources_place(d->sources, n->at));
		end_list(out, '}');
		buf_addc(out, ',');
	}
	end_list(out, ']');
}

static void
add_diag(struct diags *d, struct buf *out, const struct diag *g)
{
	const struct diag_row *row = diag_row(g->code);
	bool known = !span_none(g->at);

	buf_addc(out, '{');
	add_member(out, "code", row->id);
	add_member(out, "slug", row->slug);
	add_member(out, "severity", g->severity == SEV_ERROR ? "error" : "warning");
	add_member(out, "message", g->text);
	add_place(out, sources_place(d->sources, g->at));
	add_number(out, "offset", known, g->at.off);
	add_number(out, "length", known, g->at.len);
	add_stages(d, out, g->stages);
	add_member(out, "hint", g->hint);
	add_notes(d, out, g->notes);
	buf_addc(out, '}');
}

void
diags_json(struct diags *d, const struct diag_style *style, struct buf *out)
{
	unsigned shown = 0;

	diags_sort(d);
	buf_addz(out, "{\"format_version\":\"1.0\",\"diagnostics\":[");
	for (size_t i = 0; i < d->list.n; i++) {
		const struct diag *g = d->list.v[i];

		if (g->severity == SEV_ERROR && style->max_errors && shown == style->max_errors)
			break;
		shown += g->severity == SEV_ERROR;
		buf_addz(out, i ? ",\n" : "\n");
		add_diag(d, out, g);
	}
	buf_addf(out, "%s],\"errors\":%u,\"warnings\":%u}\n", d->list.n ? "\n" : "", d->errors, d->warnings);
}
