/* Text for people: words wrapped at 80 columns. */
#include "berth/cli.h"

#include <string.h>

enum { WIDTH = 80 };

void
wrap(const char *text, unsigned column, unsigned indent, struct buf *out)
{
	bool first = true; /* on this line */
	while (*text) {
		size_t n = strcspn(text, " \n");
		unsigned width = (unsigned)utf8_count((struct str){text, n});
		if (!first && column + 1 + width > WIDTH) {
			buf_addc(out, '\n');
			column = 0;
			first = true;
		}
		if (n > 0 && column < indent) {
			buf_pad(out, ' ', indent - column);
			column = indent;
		}
		if (n > 0 && !first) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += width;
		first = first && n == 0;
		text += n;
		if (*text == '\n') {
			buf_addc(out, '\n');
			column = 0;
			first = true;
		}
		text += *text != '\0';
	}
	buf_addc(out, '\n');
}

void
wrap_row(const char *name, unsigned width, const char *text, struct buf *out)
{
	unsigned n = (unsigned)utf8_count(str_of(name));
	buf_addf(out, "  %s", name);
	if (n > width) {
		buf_addc(out, '\n');
		n = 0;
		wrap(text, 0, width + 3, out);
		return;
	}
	buf_pad(out, ' ', width - n + 1);
	wrap(text, width + 3, width + 3, out);
}
