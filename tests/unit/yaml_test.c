/*
 * YAML: each awkward scalar as value and as key is read back by libyaml as a
 * string of equal text, and is written plain only where all readers are known
 * to agree (tests/unit/yaml-scalars.json). So are texts of many lines.
 *
 * usage: yaml_test [yaml-scalars.json [LINES]]
 * LINES gets every document as a JSON line for tests/yaml_readers.py.
 */
#include "berth/lower.h"
#include "berth/output.h"

#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static struct arena *a;
static const struct span here = {1, 0, 1};
static FILE *lines;

/* The scalars of a document in order. */
struct scalars {
	size_t n;
	struct {
		struct str text;
		yaml_scalar_style_t style;
	} v[8];
};

static bool
read_back(struct str yaml, struct scalars *out)
{
	yaml_parser_t p;
	yaml_event_t e;
	bool more = true, good = true;

	*out = (struct scalars){0};
	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)yaml.p, yaml.n);
	while (more && (good = yaml_parser_parse(&p, &e))) {
		if (e.type == YAML_SCALAR_EVENT && out->n < 8) {
			out->v[out->n].text = arena_str(a, (struct str){(const char *)e.data.scalar.value, e.data.scalar.length});
			out->v[out->n++].style = e.data.scalar.style;
		}
		more = e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return good;
}

static bool
is_style(const struct scalars *s, size_t i, yaml_scalar_style_t style)
{
	return s->v[i].style == style;
}

static void
add_line(const struct doc *d, struct str yaml)
{
	struct doc *line = doc_map(a, here);
	struct buf b = {0}, value = {0};

	json_write_compact(d, &value);
	doc_set(a, line, "yaml", doc_string(a, here, yaml));
	json_write_compact(line, &b);
	fprintf(lines, "%.*s,\"value\":%.*s}\n", (int)b.n - 1, b.p, (int)value.n, value.p);
	buf_free(&b);
	buf_free(&value);
}

/* {key: value} written and read; the scalars are in *got. */
static void
round_trip(struct str key, struct str value, struct scalars *got)
{
	struct doc *d = doc_map(a, here);
	struct buf b = {0};

	doc_sets(a, d, key, doc_string(a, here, value));
	yaml_write(d, &b);
	CHECK(read_back(buf_str(&b), got) && got->n == 2, "unreadable:\n%.*s", (int)b.n, b.p);
	CHECK(str_eq(got->v[0].text, key) && str_eq(got->v[1].text, value), "changed:\n%.*s", (int)b.n, b.p);
	if (lines)
		add_line(d, buf_str(&b));
	buf_free(&b);
}

static void
test_row(struct str plain, bool same)
{
	struct scalars got;

	round_trip(STR("k"), plain, &got);
	if (is_style(&got, 1, YAML_PLAIN_SCALAR_STYLE))
		CHECK(same, "value \"%.*s\" is not safe plain", (int)plain.n, plain.p);
	round_trip(plain, STR("v"), &got);
	if (is_style(&got, 0, YAML_PLAIN_SCALAR_STYLE))
		CHECK(same, "key \"%.*s\" is not safe plain", (int)plain.n, plain.p);
}

static void
test_rows(const char *path)
{
	struct str text = {0};
	json_t *root, *rows;
	size_t i;

	CHECK(file_read(a, path, 1000000, &text) == 0, "cannot read %s", path);
	root = json_loadb(text.p, text.n, 0, NULL);
	rows = json_object_get(root, "rows");
	CHECK(json_array_size(rows) > 100, "rows are missing");
	for (i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i), *plain = json_object_get(row, "plain");

		test_row((struct str){json_string_value(plain), json_string_length(plain)}, json_is_true(json_object_get(row, "same")));
	}
	json_decref(root);
}

static void
test_styles(void)
{
	static const struct {
		const char *text;
		yaml_scalar_style_t style;
	} rows[] = {
		{"web", YAML_PLAIN_SCALAR_STYLE},
		{"apps/v1", YAML_PLAIN_SCALAR_STYLE},
		{"a.b_c-d", YAML_PLAIN_SCALAR_STYLE},
		{"a b", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"caf\xC3\xA9", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\nb", YAML_LITERAL_SCALAR_STYLE},
		{"a\nb\n", YAML_LITERAL_SCALAR_STYLE},
		{"a\n", YAML_LITERAL_SCALAR_STYLE},
		{"a\n  b\n\nc: d\n---\n# e", YAML_LITERAL_SCALAR_STYLE},
		{"caf\xC3\xA9\n\xE2\x82\xAC", YAML_LITERAL_SCALAR_STYLE},
		{"a\nb\n\n", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"\n", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"\na", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{" a\nb", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"\ta\nb", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\tb", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a \nb", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\nb ", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\r\nb", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\xC2\x85", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\xE2\x80\xA8z", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\xEF\xBB\xBFz", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\x7Fz", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"a\n\xF0\x9F\x98\x80", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
		{"\xF0\x9F\x98\x80\x01\x1b\xC2\xA0\xEF\xBF\xBE", YAML_DOUBLE_QUOTED_SCALAR_STYLE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scalars got;

		round_trip(STR("k"), str_of(rows[i].text), &got);
		CHECK(is_style(&got, 1, rows[i].style), "row %zu has style %d", i, (int)got.v[1].style);
		round_trip(str_of(rows[i].text), STR("v"), &got);
		CHECK(!is_style(&got, 0, YAML_LITERAL_SCALAR_STYLE), "row %zu: a key is no block", i);
	}
}

static void
test_whole(void)
{
	struct doc *d = doc_map(a, here), *list = doc_list(a, here), *n = doc_new(a, DOC_NUMBER, here);
	struct buf b = {0}, words = {0};
	struct scalars got;
	const char *want = "a: 1\n\"on\": true\nl:\n- x: \"${k/n.Arn}\"\n- []\n- {}\n- null\n\"n\": -60.5\nt: |-\n  p\n  q\nz: \"true\"\n";

	n->number = -60500000;
	doc_set(a, d, "a", doc_int(a, here, 1));
	doc_set(a, d, "on", doc_bool(a, here, true));
	doc_set(a, doc_add(list, doc_map(a, here)), "x", doc_attr(a, here, "k/n", "Arn"));
	doc_add(list, doc_list(a, here));
	doc_add(list, doc_map(a, here));
	doc_add(list, doc_new(a, DOC_NULL, here));
	doc_set(a, d, "l", list);
	doc_set(a, d, "n", n);
	doc_set(a, d, "t", doc_z(a, here, "p\nq"));
	doc_set(a, d, "z", doc_z(a, here, "true"));
	yaml_write(d, &b);
	CHECK(str_eqz(buf_str(&b), want), "%.*s", (int)b.n, b.p);
	buf_free(&b);
	for (int i = 0; i < 400; i++)
		buf_addz(&words, "word & word ");
	round_trip(STR("long"), buf_str(&words), &got);
	round_trip((struct str){words.p, 300}, STR("long key"), &got);
	buf_free(&words);
}

/* Random texts of awkward pieces, always the same ones. */
static void
test_random(void)
{
	static const char *const parts[] = {"a", "\n", " ", "\t", ":", "#", "-", "\"", "'", "\\", "\xC2\x85", "\xE2\x80\xA9", "\xF0\x9F\x98\x80", "%", "{", "\r", "0", "\x01", "~"};
	uint32_t seed = 1;

	for (int i = 0; i < 3000; i++) {
		struct buf b = {0};
		struct scalars got;

		for (uint32_t n = seed >> 16 & 7; n-- > 0;) {
			seed = seed * 1664525u + 1013904223u;
			buf_addz(&b, parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
		}
		seed = seed * 1664525u + 1013904223u;
		round_trip(STR("k"), buf_str(&b), &got);
		round_trip(buf_str(&b), STR("v"), &got);
		buf_free(&b);
	}
}

static uint32_t
draw(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

static struct doc *
random_doc(uint32_t *seed, unsigned depth)
{
	static const char *const texts[] = {"web", "a b", "", "true", "p\nq\n", "one\n\n  two", "x: y", "- z", "caf\xC3\xA9\nb", "\x1b[0m", "10"};
	struct doc *d;

	switch (draw(seed, depth > 4 ? 4 : 7)) {
	case 0: return doc_int(a, here, (int64_t)draw(seed, 9) - 4);
	case 1: return doc_bool(a, here, draw(seed, 2));
	case 2:
	case 3: return doc_z(a, here, texts[draw(seed, sizeof texts / sizeof *texts)]);
	case 4:
		d = doc_list(a, here);
		for (uint32_t n = draw(seed, 4); n > 0; n--)
			doc_add(d, random_doc(seed, depth + 1));
		return d;
	default:
		d = doc_map(a, here);
		for (uint32_t n = draw(seed, 4); n > 0; n--)
			doc_set(a, d, arena_printf(a, "%s%u", draw(seed, 2) ? "k" : "a key ", n), random_doc(seed, depth + 1));
		return d;
	}
}

/* Whole documents, read by libyaml: the same again. */
static void
test_documents(void)
{
	uint32_t seed = 7;

	for (int i = 0; i < 2000; i++) {
		struct doc *d = doc_map(a, here), *back = doc_list(a, here);
		struct buf b = {0};
		struct sources *s = sources_new(a);

		doc_set(a, d, "root", random_doc(&seed, 0));
		if (i % 100 == 0) {
			struct buf key = {0};
			for (int n = 0; n < 300 + i; n++)
				buf_addz(&key, "key ");
			doc_sets(a, d, arena_str(a, buf_str(&key)), random_doc(&seed, 3));
			buf_free(&key);
		}
		yaml_write(d, &b);
		uint32_t file = sources_add(s, "x.yaml", buf_str(&b), false);
		CHECK(yaml_read(a, diags_new(a, s), sources_get(s, file), file, false, back) && back->count == 1 && doc_equal(back->items, d), "%.*s", (int)b.n, b.p);
		buf_free(&b);
	}
}

int
main(int argc, char **argv)
{
	a = arena_new();
	lines = argc > 2 ? fopen(argv[2], "w") : NULL;
	test_rows(argc > 1 ? argv[1] : "tests/unit/yaml-scalars.json");
	test_styles();
	test_whole();
	test_random();
	test_documents();
	if (lines)
		CHECK(fclose(lines) == 0, "cannot write %s", argv[2]);
	arena_free(a);
	return unit_end();
}
