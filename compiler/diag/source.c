/*
 * Sources and places: from byte spans to lines and columns. Line tables are
 * made on first use, since most files are never quoted.
 */
#include "berth/diag.h"

#include <string.h>

struct span
span_join(struct span a, struct span b)
{
	uint32_t end = b.off + b.len;

	if (span_none(a))
		return b;
	if (span_none(b) || a.file != b.file || end < a.off)
		return a;
	return (struct span){a.file, a.off, end - a.off};
}

bool
span_none(struct span s)
{
	return s.file == 0;
}

int
span_cmp(struct span a, struct span b)
{
	if (a.file != b.file)
		return a.file < b.file ? -1 : 1;
	if (a.off != b.off)
		return a.off < b.off ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

struct sources *
sources_new(struct arena *a)
{
	struct sources *s = NEW(a, struct sources);

	s->arena = a;
	return s;
}

uint32_t
sources_add(struct sources *s, const char *path, struct str text, bool builtin)
{
	struct source *f;

	if (text.n > UINT32_MAX - 1 || s->files.n >= UINT32_MAX - 1)
		bug("source \"%s\" is too large", path);
	f = VEC_PUSH(s->arena, &s->files);
	f->path = arena_strz(s->arena, str_of(path));
	f->text = text;
	f->builtin = builtin;
	return (uint32_t)s->files.n;
}

const struct source *
sources_get(const struct sources *s, uint32_t file)
{
	return file == 0 || file > s->files.n ? NULL : &s->files.v[file - 1];
}

static void
find_lines(struct arena *a, struct source *f)
{
	const char *p = f->text.p, *end = f->text.p + f->text.n, *at;
	uint32_t count = 1;

	for (at = p; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		count++;
	f->lines = arena_array(a, count, sizeof *f->lines);
	f->line_count = 1;
	for (at = p; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		f->lines[f->line_count++] = (uint32_t)(at - p) + 1;
}

static struct source *
with_lines(struct sources *s, uint32_t file)
{
	struct source *f;

	if (file == 0 || file > s->files.n)
		bug("no source %u", (unsigned)file);
	f = &s->files.v[file - 1];
	if (!f->lines)
		find_lines(s->arena, f);
	return f;
}

/* The number (from 0) of the line that holds the offset. */
static uint32_t
line_of(const struct source *f, uint32_t off)
{
	uint32_t low = 0, high = f->line_count;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (f->lines[mid] <= off)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void
locate(const struct source *f, uint32_t off, unsigned *line, unsigned *column)
{
	uint32_t n, start;

	if (off > f->text.n)
		off = (uint32_t)f->text.n;
	n = line_of(f, off);
	start = f->lines[n];
	*line = n + 1;
	*column = (unsigned)utf8_count((struct str){f->text.p + start, off - start}) + 1;
}

struct place
sources_place(struct sources *s, struct span at)
{
	struct place place = {0};
	const struct source *f;

	if (span_none(at))
		return place;
	f = with_lines(s, at.file);
	place.path = f->path;
	locate(f, at.off, &place.line, &place.column);
	locate(f, at.len > UINT32_MAX - at.off ? UINT32_MAX : at.off + at.len, &place.end_line, &place.end_column);
	return place;
}

struct str
sources_line(struct sources *s, uint32_t file, unsigned line)
{
	const struct source *f = with_lines(s, file);
	size_t start, end;

	if (line == 0 || line > f->line_count)
		return STR("");
	start = f->lines[line - 1];
	end = line < f->line_count ? f->lines[line] - 1 : f->text.n;
	if (end > start && f->text.p[end - 1] == '\r')
		end--;
	return (struct str){f->text.p + start, end - start};
}
