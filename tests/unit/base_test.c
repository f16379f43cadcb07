/*
 * base: strings, UTF-8, nearness, arenas, names, maps, buffers, files,
 * digests, and how the process ends.
 */
#include "berth/base.h"

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_strings(void)
{
	CHECK(str_eqz(STR("abc"), "abc"), "equal");
	CHECK(!str_eqz(STR("abc"), "ab"), "shorter");
	CHECK(str_starts(STR("abc"), "ab") && !str_starts(STR("a"), "ab"), "start");
	CHECK(str_ends(STR("abc"), "bc") && !str_ends(STR("c"), "bc"), "end");
	CHECK(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("b"), STR("ab")) > 0 && str_cmp(STR("a"), STR("a")) == 0, "order");
	CHECK(str_cmp(STR("\xff"), STR("a")) > 0, "bytes are unsigned");
	CHECK(str_hash(STR("")) == 2166136261u && str_hash(STR("foobar")) == 0xbf9cf968u, "FNV-1a");
}

static void
test_utf8(void)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{"a", 1}, {"\xC3\xA9", 2}, {"\xE2\x82\xAC", 3}, {"\xF0\x9F\x98\x80", 4}, {"\xC0\x80", 0}, {"\xC1\xBF", 0},
		{"\xE0\x9F\xBF", 0}, {"\xED\xA0\x80", 0}, {"\xED\x9F\xBF", 3}, {"\xF0\x8F\xBF\xBF", 0}, {"\xF4\x8F\xBF\xBF", 4},
		{"\xF4\x90\x80\x80", 0}, {"\xF5\x80\x80\x80", 0}, {"\x80", 0}, {"\xC3", 0}, {"\xE2\x82", 0}, {"\xE2\x28\xA1", 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK(utf8_len(rows[i].text, strlen(rows[i].text)) == rows[i].len, "row %zu", i);
	CHECK(utf8_len("", 0) == 0, "nothing");
	CHECK(utf8_count(STR("a\xC3\xA9\xFF\xE2\x82\xAC")) == 4, "malformed bytes count one each");
}

static void
test_distance(void)
{
	struct nearest best;

	CHECK(text_distance(STR("memory"), STR("memroy"), 3) == 1, "a swap is one");
	CHECK(text_distance(STR("kitten"), STR("sitting"), 5) == 3, "classic");
	CHECK(text_distance(STR("CPU"), STR("cpu"), 1) == 0, "case");
	CHECK(text_distance(STR("abcdef"), STR("uvwxyz"), 2) == 3, "bounded");
	CHECK(text_distance(STR(""), STR("ab"), 5) == 2, "empty");
	best = nearest_to(STR("memroy"));
	nearest_try(&best, STR("image"));
	CHECK(!best.word.p, "too far");
	nearest_try(&best, STR("memo"));
	nearest_try(&best, STR("memory"));
	nearest_try(&best, STR("memrox"));
	CHECK(str_eqz(best.word, "memory") && best.distance == 1, "the first of the nearest");
	best = nearest_to(STR("ab"));
	nearest_try(&best, STR("xy"));
	CHECK(!best.word.p, "short words");
}

static void
test_arena(void)
{
	struct arena *a = arena_new();
	VEC(int) v = {0};
	bool zeroed = true;

	for (size_t n = 1; n < 300000; n = n * 3 + 1) {
		unsigned char *p = arena_alloc(a, n);

		CHECK((uintptr_t)p % _Alignof(max_align_t) == 0, "alignment of %zu", n);
		for (size_t i = 0; i < n; i++)
			zeroed = zeroed && p[i] == 0;
		memset(p, 0xAA, n);
	}
	CHECK(zeroed, "memory comes zeroed");
	for (int i = 0; i < 1000; i++)
		*VEC_PUSH(a, &v) = i;
	CHECK(v.n == 1000 && v.v[999] == 999 && v.v[0] == 0, "vector");
	CHECK(strcmp(arena_printf(a, "%d-%s", 7, "x"), "7-x") == 0, "format");
	CHECK(arena_str(a, STR("abc")).p[3] == '\0', "terminated");
	CHECK(arena_used(a) > 300000 / 3, "used");
	arena_free(a);
	arena_free(NULL);
}

static void
test_names(void)
{
	struct arena *a = arena_new();
	struct names *t = names_new(a);
	const struct name *first = name_getz(t, "first");
	char text[24];

	CHECK(name_find(t, "second", 6) == NULL, "absent");
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "name%d", i);
		name_getz(t, text);
	}
	CHECK(name_getz(t, "first") == first && name_find(t, "first", 5) == first, "one address");
	CHECK(name_get(t, "firstly", 5) == first, "counted");
	CHECK(name_get(t, "", 0) == name_getz(t, ""), "empty");
	CHECK(str_eqz(name_str(name_getz(t, "name19999")), "name19999"), "text");
	arena_free(a);
}

static void
test_map(void)
{
	struct arena *a = arena_new();
	struct map m;
	static int keys[5000];
	bool all = true;

	map_init(&m, a);
	CHECK(map_get(&m, &keys[0]) == NULL, "empty");
	for (int i = 0; i < 5000; i++)
		map_put(&m, &keys[i], &keys[4999 - i]);
	for (int i = 0; i < 5000; i++)
		all = all && map_get(&m, &keys[i]) == &keys[4999 - i];
	CHECK(all, "every key");
	map_put(&m, &keys[3], &m);
	CHECK(map_get(&m, &keys[3]) == &m && m.n == 5000, "replaced");
	CHECK(map_get(&m, &all) == NULL, "absent");
	arena_free(a);
}

static void
test_buf(void)
{
	struct buf b = {0};

	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%03d,", i);
	CHECK(b.n == 4000 && memcmp(b.p + 3996, "999,", 4) == 0, "growth");
	buf_free(&b);
	buf_addz(&b, "ab");
	buf_addc(&b, 'c');
	buf_pad(&b, '.', 3);
	buf_adds(&b, STR("d"));
	CHECK(str_eqz(buf_str(&b), "abc...d"), "parts");
	buf_free(&b);
}

static void
test_file(void)
{
	struct arena *a = arena_new();
	char path[] = "/tmp/berth-base-XXXXXX";
	int fd = mkstemp(path);
	struct str text;

	CHECK(fd >= 0 && write(fd, "hello\0x", 7) == 7, "made");
	close(fd);
	CHECK(file_read(a, path, 7, &text) == 0 && text.n == 7 && text.p[7] == '\0', "read with its NUL");
	CHECK(file_read(a, path, 6, &text) == EFBIG, "too long");
	CHECK(file_read(a, "/tmp", 100, &text) == EISDIR, "a folder");
	unlink(path);
	CHECK(file_read(a, path, 7, &text) == ENOENT, "missing");
	CHECK(file_read(a, "/dev/zero", 5000, &text) == EFBIG, "endless");
	CHECK(file_read(a, "/dev/null", 0, &text) == 0 && text.n == 0, "empty");
	arena_free(a);
}

static void
test_sha256(void)
{
	struct buf b = {0};
	char hex[65];

	sha256_hex(STR(""), hex);
	CHECK(strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0, "%s", hex);
	sha256_hex(STR("abc"), hex);
	CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0, "%s", hex);
	sha256_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
	CHECK(strcmp(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0, "%s", hex);
	buf_pad(&b, 'a', 1000000);
	sha256_hex(buf_str(&b), hex);
	CHECK(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0, "%s", hex);
	buf_free(&b);
}

static void
say_hook(void)
{
	if (write(STDOUT_FILENO, "hook\n", 5) < 0)
		_exit(1);
}

static void
overflow_buf(void)
{
	struct buf b = {.max = 10};

	buf_pad(&b, 'x', 11);
}

static void
overflow_array(void)
{
	arena_array(arena_new(), SIZE_MAX / 2, 4);
}

/* Runs fn in a child; its exit status, and whether the hook spoke exactly once. */
static int
status_of(void (*fn)(void), bool *hooked)
{
	char said[64];
	int ends[2], status = 0;
	ssize_t n;
	pid_t child;

	if (pipe(ends))
		return -1;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(STDERR_FILENO);
		die_hook(say_hook);
		fn();
		_exit(0);
	}
	close(ends[1]);
	n = read(ends[0], said, sizeof said);
	close(ends[0]);
	waitpid(child, &status, 0);
	*hooked = n == 5 && memcmp(said, "hook\n", 5) == 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_ends(void)
{
	bool hooked;

	CHECK(status_of(overflow_buf, &hooked) == 70 && hooked, "a buffer beyond its maximum is a bug");
	CHECK(status_of(overflow_array, &hooked) == 71 && hooked, "a size that overflows is no memory");
}

int
main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0); /* children must not repeat what was said */
	test_strings();
	test_utf8();
	test_distance();
	test_arena();
	test_names();
	test_map();
	test_buf();
	test_file();
	test_sha256();
	test_ends();
	return unit_end();
}
