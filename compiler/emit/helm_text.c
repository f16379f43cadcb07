/*
 * Templates as text: YAML with actions of Go's text/template where a value
 * stands. Text of the user's that holds "{{" is written so that the template
 * gives it back.
 */
#include "helm.h"

#include "forms.h"
#include "text.h"

#include <string.h>

enum { STEP = 2 };

struct writer {
	struct chart *c;
	struct buf *b;
};

static void add_items(struct writer *w, const struct template *t, unsigned indent, bool begun);

void
add_template_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{' && i + 1 < s.n && s.p[i + 1] == '{') {
			buf_addz(b, "{{ \"{{\" }}");
			i++;
		} else {
			buf_addc(b, s.p[i]);
		}
	}
}

/* ---- actions ---- */

static void
add_operand_required(struct buf *b, const struct hole *h)
{
	if (h->required)
		buf_addf(b, "required \"%s\" ", h->required);
	add_operand(b, h);
}

static void
add_fallback(struct buf *b, const struct hole *h)
{
	if (h->fallback)
		buf_addf(b, " | default \"%s\"", h->fallback);
	if (h->param) {
		buf_addz(b, " | default ");
		add_operand(b, h->param);
	}
}

/* What stands for the hole; of lists and maps their JSON, which is YAML that every reader reads alike. */
static void
add_action(struct buf *b, const struct hole *h)
{
	buf_addz(b, "{{ ");
	if (h->type == HOLE_NUMBER || h->type == HOLE_ANY)
		buf_addz(b, "toJson ");
	add_operand_required(b, h);
	add_fallback(b, h);
	buf_addz(b, h->type == HOLE_STRING ? " | quote" : h->type == HOLE_INT ? " | int64" : h->type == HOLE_SECRET ? " | b64enc | quote" : "");
	buf_addz(b, " }}");
}

static void
add_condition(struct buf *b, const struct hole *h)
{
	buf_addz(b, h->optional ? "not (kindIs \"invalid\" " : "");
	add_operand(b, h);
	buf_addz(b, h->optional ? ")" : "");
}

/* ---- labels ---- */

static const struct template *
member(const struct template *t, const char *key)
{
	for (const struct template *i = t->items; i; i = i->next)
		if (str_eqz(i->key, key))
			return i;
	return NULL;
}

static bool
says(const struct template *t, const char *text)
{
	return t && t->kind == TEMPLATE_LITERAL && t->guard == NULL && t->doc->kind == DOC_STRING && str_eqz(t->doc->text, text);
}

static bool
same_name(const struct template *a, const struct template *b)
{
	if (a == NULL || b == NULL || a->guard || b->guard || a->kind != b->kind)
		return false;
	return a->kind == TEMPLATE_HOLE ? a->hole == b->hole : a->kind == TEMPLATE_LITERAL && doc_equal(a->doc, b->doc) && a->doc->kind == DOC_STRING;
}

static void
add_name_argument(struct buf *b, const struct template *t)
{
	if (t->kind == TEMPLATE_HOLE)
		add_operand(b, t->hole);
	else
		buf_addf(b, "\"%.*s\"", (int)t->doc->text.n, t->doc->text.p); /* a label: letters, digits, -, _ and . */
}

/* The labels of everything, or the two that select, by their helper. Returns how many members of the map it stands for. */
static unsigned
add_labels(struct writer *w, const struct template *t, unsigned indent)
{
	const struct template *name = member(t, "app.kubernetes.io/name"), *component = member(t, "app.kubernetes.io/component");
	if (t->items != name || !same_name(name, member(t, "app.kubernetes.io/instance")))
		return 0;
	bool all = component && component->kind == TEMPLATE_LITERAL && !component->guard && component->doc->kind == DOC_STRING && says(member(t, "app.kubernetes.io/part-of"), w->c->name) &&
		   says(member(t, "app.kubernetes.io/managed-by"), "berth");
	if (!all && name->next->next)
		return 0;
	buf_pad(w->b, ' ', indent);
	buf_addf(w->b, "{{- include \"%s.%s\" (dict \"name\" ", w->c->name, all ? "labels" : "selectorLabels");
	add_name_argument(w->b, name);
	if (all)
		buf_addf(w->b, " \"component\" \"%.*s\"", (int)component->doc->text.n, component->doc->text.p);
	buf_addf(w->b, ") | nindent %u }}\n", indent);
	return all ? 5 : 2;
}

/* ---- nodes ---- */

static void
add_literal(struct writer *w, const struct doc *d, unsigned indent)
{
	struct buf text = {0};
	yaml_add(&text, d, indent);
	add_template_text(w->b, buf_str(&text));
	buf_free(&text);
}

/* Text before `next`: a brace that ends it must not join those of an action. */
static void
add_text_before(struct buf *b, struct str s, const struct template *next)
{
	bool joins = next && next->kind == TEMPLATE_HOLE && s.n > 0 && s.p[s.n - 1] == '{';
	add_template_text(b, (struct str){s.p, s.n - joins});
	if (joins)
		buf_addz(b, "{{ \"{\" }}");
}

static void
add_parts(struct writer *w, const struct template *t, const struct template *end)
{
	for (const struct template *i = t; i != end; i = i->next) {
		if (i->kind == TEMPLATE_LITERAL) {
			add_text_before(w->b, i->doc->text, i->next);
			continue;
		}
		buf_addz(w->b, "{{ ");
		add_operand_required(w->b, i->hole);
		add_fallback(w->b, i->hole);
		buf_addz(w->b, " }}");
	}
}

/* A literal block whose lines begin at `indent`. */
static void
add_lines(struct writer *w, const struct template *t, unsigned indent)
{
	bool ends = str_eqz(t->last->doc->text, "\n"), fresh = true;
	buf_addz(w->b, ends ? "|\n" : "|-\n");
	for (const struct template *i = t->items; i; i = i->next) {
		if (i->kind == TEMPLATE_LITERAL && str_eqz(i->doc->text, "\n")) {
			if (i->next)
				buf_addc(w->b, '\n');
			fresh = true;
			continue;
		}
		if (fresh && (i->kind == TEMPLATE_HOLE || i->doc->text.n > 0)) {
			buf_pad(w->b, ' ', indent);
			fresh = false;
		}
		add_parts(w, i, i->next);
	}
}

/* Does it follow its key on lines of its own? */
static bool
on_own_lines(const struct template *t)
{
	return t->kind == TEMPLATE_LITERAL ? yaml_is_block(t->doc) : t->kind == TEMPLATE_MAP || t->kind == TEMPLATE_LIST;
}

/* What follows a key or a dash on its line. */
static void
add_inline(struct writer *w, const struct template *t, unsigned indent)
{
	switch (t->kind) {
	case TEMPLATE_LITERAL: add_literal(w, t->doc, indent); break;
	case TEMPLATE_HOLE: add_action(w->b, t->hole); break;
	case TEMPLATE_IMAGE:
		buf_addc(w->b, '"');
		add_parts(w, t->items, NULL);
		buf_addc(w->b, '"');
		break;
	case TEMPLATE_LINES: add_lines(w, t, indent); break;
	case TEMPLATE_NAMESPACE: buf_addf(w->b, "{{ include \"%s.namespace\" . }}", w->c->name); break;
	case TEMPLATE_MAP:
	case TEMPLATE_LIST: bug("a block in a line");
	}
	buf_addc(w->b, '\n');
}

static bool
is_list(const struct template *t)
{
	return t->kind == TEMPLATE_LITERAL ? t->doc->kind == DOC_LIST : t->kind == TEMPLATE_LIST;
}

static void
add_item(struct writer *w, const struct template *of, const struct template *t, unsigned indent, bool begun)
{
	if (!begun)
		buf_pad(w->b, ' ', indent);
	if (of->kind == TEMPLATE_LIST) {
		buf_addz(w->b, "- ");
		if (t->kind == TEMPLATE_MAP)
			add_items(w, t, indent + STEP, true);
		else if (on_own_lines(t))
			bug("a block behind a dash");
		else
			add_inline(w, t, indent + STEP);
		return;
	}
	struct buf key = {0};
	yaml_add_key(&key, t->key);
	add_template_text(w->b, buf_str(&key));
	buf_free(&key);
	buf_addc(w->b, ':');
	if (on_own_lines(t)) {
		unsigned in = is_list(t) ? indent : indent + STEP;
		buf_addc(w->b, '\n');
		if (t->kind == TEMPLATE_LITERAL)
			add_literal(w, t->doc, in);
		else
			add_items(w, t, in, false);
	} else {
		buf_addc(w->b, ' ');
		add_inline(w, t, indent + STEP);
	}
}

static void
add_if(struct writer *w, const struct hole *guard, unsigned indent)
{
	buf_pad(w->b, ' ', indent);
	buf_addz(w->b, "{{- if ");
	add_condition(w->b, guard);
	buf_addz(w->b, " }}\n");
}

static void
add_end(struct writer *w, unsigned indent)
{
	buf_pad(w->b, ' ', indent);
	buf_addz(w->b, "{{- end }}\n");
}

/* Members or items; neighbours that come and go together stand in one condition. */
static void
add_items(struct writer *w, const struct template *t, unsigned indent, bool begun)
{
	unsigned skip = begun ? 0 : add_labels(w, t, indent);
	const struct hole *open = NULL;
	for (const struct template *i = t->items; i; i = i->next) {
		if (skip > 0) {
			skip--;
			continue;
		}
		if (i->guard != open && open)
			add_end(w, indent);
		if (i->guard != open && i->guard)
			add_if(w, i->guard, indent);
		open = i->guard;
		add_item(w, t, i, indent, begun);
		begun = false;
	}
	if (open)
		add_end(w, indent);
}

/* ---- the file ---- */

void
add_object_name(struct buf *b, const struct chart_object *o)
{
	const struct template *name = member(member(o->root, "metadata"), "name");
	if (name->kind == TEMPLATE_LITERAL) {
		buf_adds(b, name->doc->text);
		return;
	}
	buf_addz(b, "{{ ");
	add_operand(b, name->hole);
	buf_addz(b, " }}");
}

/* Are the Secret's values given? Without them, secrets.sh has put it there. */
static void
add_if_given(struct writer *w, const struct template *data)
{
	buf_addz(w->b, "{{- if ");
	if (data->items->next)
		buf_addz(w->b, "or ");
	for (const struct template *i = data->items; i; i = i->next) {
		add_operand(w->b, i->hole);
		buf_addz(w->b, i->next ? " " : " }}\n");
	}
}

struct str
chart_template(struct chart *c, const struct chart_object *o)
{
	struct buf b = {0};
	struct writer w = {c, &b};
	bool secret = is_filled_later(o->any);
	if (o->guard)
		add_if(&w, o->guard, 0);
	if (secret)
		add_if_given(&w, member(o->root, "data"));
	add_items(&w, o->root, 0, false);
	if (secret)
		add_end(&w, 0);
	if (o->guard)
		add_end(&w, 0);
	struct str out = arena_str(c->a, buf_str(&b));
	buf_free(&b);
	return out;
}
