/*
 * Documents and resources: paths, equality, order of creation, JSON; and the
 * rendering of diagnostics.
 */
#include "berth/output.h"

#include "unit.h"

#include <string.h>

static struct arena *a;
static const struct span here = {1, 0, 1};

static bool
is(const struct doc *d, const char *text)
{
	return d && d->kind == DOC_STRING && str_eqz(d->text, text);
}

static struct doc *
named(const char *name, int port)
{
	struct doc *d = doc_map(a, here);

	doc_set(a, d, "name", doc_z(a, here, name));
	doc_set(a, d, "port", doc_int(a, here, port));
	return d;
}

static struct doc *
number(int64_t millionths)
{
	struct doc *d = doc_new(a, DOC_NUMBER, here);

	d->number = millionths;
	return d;
}

static void
test_paths(void)
{
	struct doc *d = doc_map(a, here), *list = doc_list(a, here);

	doc_add(list, named("x", 80));
	doc_add(list, named("y", 443));
	doc_set(a, d, "b", list);
	doc_set(a, d, "odd.key", doc_z(a, here, "odd"));
	doc_set(a, d, "q\"", doc_z(a, here, "quoted"));
	doc_set(a, d, "none", NULL);
	CHECK(d->count == 3 && list->count == 2, "NULL is ignored");
	CHECK(is(doc_find(d, STR("b[0].name")), "x"), "by index");
	CHECK(is(doc_find(d, STR("b[name=y].name")), "y"), "by name");
	CHECK(is(doc_find(d, STR("b[port=443].name")), "y"), "by number");
	CHECK(is(doc_find(d, STR("[\"odd.key\"]")), "odd"), "quoted key");
	CHECK(is(doc_find(d, STR("[\"q\\\"\"]")), "quoted"), "escaped key");
	CHECK(doc_find(d, STR("")) == d, "empty path");
	static const char *const absent[] = {"b[2]", "b[name=z]", "c", "b.name", "b[0]name", "b[", "b[]", "b[x]", ".b", "[\"odd.key\"", "b[-1]", "b..x"};
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		CHECK(!doc_find(d, str_of(absent[i])), "%s", absent[i]);
}

static void
test_equal(void)
{
	struct doc *x = doc_map(a, here), *y = doc_map(a, here);

	doc_set(a, x, "a", doc_int(a, here, 1));
	doc_set(a, x, "b", doc_json(a, here, named("n", 1)));
	doc_set(a, y, "b", doc_json(a, here, named("n", 1)));
	doc_set(a, y, "a", number(1000000));
	CHECK(doc_equal(x, y), "maps compare by key, numbers by value");
	CHECK(!doc_equal(doc_json(a, here, named("n", 1)), doc_json(a, here, named("n", 2))), "inner difference");
	doc_set(a, y, "c", doc_bool(a, here, true));
	CHECK(!doc_equal(x, y), "one more member");
	CHECK(!doc_equal(doc_z(a, here, "1"), doc_int(a, here, 1)), "kinds differ");
	CHECK(doc_equal(doc_attr(a, here, "k/n", "Arn"), doc_attr(a, here, "k/n", "Arn")), "attributes");
}

static void
test_json(void)
{
	struct doc *d = doc_map(a, here), *text = doc_new(a, DOC_TEXT, here), *list = doc_list(a, here);
	struct buf b = {0};
	const char *want =
		"{\n  \"z\": 60.5,\n  \"a\": 60,\n  \"t\": 0.1,\n  \"big\": 9007199254740993,\n  \"m\": \"arn:${k/n.Arn}\",\n"
		"  \"j\": \"{\\\"name\\\":\\\"n\\\",\\\"port\\\":1}\",\n  \"e\": {},\n  \"l\": [\n    true,\n    null,\n    \"\xEF\xBF\xBD\\n\"\n  ]\n}\n";

	doc_set(a, d, "z", number(60500000));
	doc_set(a, d, "a", number(60000000));
	doc_set(a, d, "t", number(100000));
	doc_set(a, d, "big", doc_int(a, here, INT64_C(9007199254740993)));
	doc_add(text, doc_z(a, here, "arn:"));
	doc_add(text, doc_attr(a, here, "k/n", "Arn"));
	doc_set(a, d, "m", text);
	doc_set(a, d, "j", doc_json(a, here, named("n", 1)));
	doc_set(a, d, "e", doc_map(a, here));
	doc_add(list, doc_bool(a, here, true));
	doc_add(list, doc_new(a, DOC_NULL, here));
	doc_add(list, doc_z(a, here, "\xFF\n"));
	doc_set(a, d, "l", list);
	json_write(d, &b);
	CHECK(str_eqz(buf_str(&b), want), "%.*s", (int)b.n, b.p);
	buf_free(&b);
}

static void
test_order(void)
{
	struct resources rs;
	struct resource *clash, *service, *queue, *role, *late;

	resources_init(&rs, a);
	service = resource_add(&rs, RK_SERVICE, "web", "service.web", here, NULL, NULL);
	queue = resource_add(&rs, RK_QUEUE, "q", "queue.q", here, NULL, NULL);
	late = resource_add(&rs, RK_LOG_GROUP, "late", "log.late", here, NULL, NULL);
	role = resource_add(&rs, RK_ROLE, "r", "role.r", here, NULL, &clash);
	CHECK(!clash, "no clash");
	CHECK(resource_add(&rs, RK_ROLE, "r", "role.other", here, NULL, &clash) == role && clash == role, "clash");
	CHECK(resource_find(&rs, "aws.sqs.Queue/q") == queue && !resource_find(&rs, "aws.sqs.Queue/x"), "find");
	resource_edge(&rs, role, queue);
	resource_edge(&rs, service, role);
	resource_edge(&rs, service, role);
	resource_edge(&rs, late, service);
	for (int i = 0; i < 2; i++) {
		resources_order(&rs);
		CHECK(rs.first == queue && queue->next == role && role->next == service && service->next == late && !late->next, "order");
		CHECK(rs.count == 4 && rs.last == late && late->order == 3 && rs.list.v[3] == late, "positions");
	}
}

static void
check_text(struct diags *d, unsigned max, const char *want)
{
	struct diag_style style = {.max_errors = max};
	struct buf b = {0};

	diags_text(d, &style, &b);
	CHECK(str_eqz(buf_str(&b), want), "got:\n%.*s", (int)b.n, b.p);
	buf_free(&b);
}

/* D_COUNT can be as small as 1 here: any code does. */
static void
test_text(void)
{
	struct sources *s = sources_new(a);
	uint32_t file = sources_add(s, "main.berth", STR("service web {\n\tmemroy = \x1b[31m2GiB\r\n}\n"), false);
	struct diags *d = diags_new(a, s);
	enum diag_code code = diag_find("E0102");
	struct diag *g;

	CHECK(code < D_COUNT && diag_find("unknown-setting") == code && diag_find("nonsense") == D_COUNT, "find");
	d->total_stages = 2;
	d->stage_names[0] = "prod";
	d->stage_names[1] = "stg";
	diag_add(d, code, NO_SPAN, "no place");
	d->stage = 2;
	g = diag_add(d, code, (struct span){file, 15, 6}, "unknown setting \"%s\"", "memroy");
	diag_note(d, g, (struct span){file, 8, 3}, "in this service");
	diag_note(d, g, NO_SPAN, "a general note");
	diag_hint(d, g, "Did you mean \"memory\"?");
	CHECK(diag_add(d, code, (struct span){file, 15, 6}, "unknown setting \"memroy\"") == g && d->errors == 2, "joined");
	check_text(d, 0,
		"berth: error[E0102]: no place\n\n"
		"main.berth:2:2: error[E0102]: unknown setting \"memroy\" (in stage stg)\n"
		"  2 |  memroy = ?[31m2GiB\n"
		"    |  ^^^^^^\n"
		"  note main.berth:1:9: in this service\n"
		"  1 | service web {\n"
		"    |         ^^^\n"
		"  note: a general note\n"
		"  help: Did you mean \"memory\"?\n\n"
		"2 errors.\n");
	check_text(d, 1, "berth: error[E0102]: no place\n\n… and 1 more error is not shown (--max-errors 0 shows all).\n2 errors.\n");
	d->stage = 1;
	diag_add(d, code, (struct span){file, 15, 6}, "unknown setting \"memroy\"");
	CHECK(g->stages == 3, "both stages");
}

static void
test_long_line(void)
{
	struct sources *s = sources_new(a);
	struct diags *d = diags_new(a, s);
	struct buf line = {0}, b = {0};
	struct diag_style style = {0};
	const char *marker, *shown;
	uint32_t file;

	buf_pad(&line, 'a', 500);
	memcpy(line.p + 300, "XYZ", 3);
	file = sources_add(s, "l", buf_str(&line), false);
	diag_add(d, (enum diag_code)0, (struct span){file, 300, 3}, "m");
	diag_add(d, (enum diag_code)0, (struct span){file, 499, 0}, "m");
	diag_add(d, (enum diag_code)0, (struct span){file, 500, 0}, "at the end");
	diags_text(d, &style, &b);
	buf_addc(&b, '\0');
	shown = strstr(b.p, "XYZ");
	marker = strchr(b.p, '^');
	CHECK(shown && marker && marker[2] == '^' && marker[3] == '\n', "marker");
	/* "…" is three bytes and one column. */
	if (shown && marker)
		CHECK(shown - strstr(b.p, "| ") - 2 == marker - strchr(shown, '|'), "they stand below each other");
	buf_free(&b);
	buf_free(&line);
}

static void
test_diag_json(void)
{
	struct sources *s = sources_new(a);
	struct diags *d = diags_new(a, s);
	struct diag_style style = {0};
	struct buf b = {0};
	uint32_t file = sources_add(s, "m.berth", STR("\xC3\xA9 x\n"), false);

	diag_add(d, diag_find("E0102"), (struct span){file, 3, 1}, "bad \"\xFF\x01\"");
	diags_json(d, &style, &b);
	CHECK(str_eqz(buf_str(&b),
		"{\"format_version\":\"1.0\",\"diagnostics\":[\n"
		"{\"code\":\"E0102\",\"slug\":\"unknown-setting\",\"severity\":\"error\",\"message\":\"bad \\\"\xEF\xBF\xBD\\u0001\\\"\","
		"\"file\":\"m.berth\",\"line\":1,\"column\":3,\"end_line\":1,\"end_column\":4,\"offset\":3,\"length\":1,"
		"\"stages\":[],\"hint\":null,\"notes\":[]}\n],\"errors\":1,\"warnings\":0}\n"), "%.*s", (int)b.n, b.p);
	buf_free(&b);
}

int
main(void)
{
	a = arena_new();
	test_paths();
	test_equal();
	test_json();
	test_order();
	test_text();
	test_long_line();
	test_diag_json();
	arena_free(a);
	return unit_end();
}
