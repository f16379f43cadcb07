/*
 * base: memory, strings, names, buffers, maps, files, digests.
 *
 * Nothing here knows the language. One arena per compile owns everything that
 * lives as long as the compile; nothing inside an arena is freed alone.
 */
#ifndef BERTH_BASE_H
#define BERTH_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define BERTH_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BERTH_NORETURN __attribute__((noreturn))
#else
#define BERTH_PRINTF(f, a)
#define BERTH_NORETURN
#endif

/* A counted string; not NUL-terminated unless a function says so. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
struct str str_of(const char *z);
bool str_eq(struct str a, struct str b);
bool str_eqz(struct str a, const char *z);
bool str_starts(struct str a, const char *z);
bool str_ends(struct str a, const char *z);
/* Bytewise order, shorter first on a common prefix; usable for qsort. */
int str_cmp(struct str a, struct str b);
/* 32-bit FNV-1a. */
uint32_t str_hash(struct str s);

/* ---- failing ---- */

/* Our own mistake: prints file, line and words to stderr and exits 70. */
void bug_at(const char *file, int line, const char *fmt, ...) BERTH_NORETURN BERTH_PRINTF(3, 4);
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
/* Memory ran out: runs the hook of `die_hook`, says so on stderr, exits 71. */
void die_oom(void) BERTH_NORETURN;
/* A function called once before bug_at or die_oom end the process (removes temporary files). */
void die_hook(void (*fn)(void));

/* ---- memory ---- */

struct arena;
struct arena *arena_new(void);
/* Frees the arena and all it gave out. NULL is fine. */
void arena_free(struct arena *a);
/* Zeroed, aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t size);
/* n * size with overflow checked. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Copies; the result has a NUL behind its n bytes. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strz(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *fmt, ...) BERTH_PRINTF(2, 3);
struct str arena_strf(struct arena *a, const char *fmt, ...) BERTH_PRINTF(2, 3);
/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);
#define NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* malloc, calloc of one, realloc that end the process through die_oom. */
void *xmalloc(size_t n);
void *xcalloc(size_t n);
void *xrealloc(void *p, size_t n);

/*
 * A growing array in an arena: struct { T *v; size_t n, cap; }. VEC_PUSH gives
 * a zeroed new element's address; growth copies, so addresses do not last.
 */
#define VEC(T) struct { T *v; size_t n, cap; }
#define VEC_PUSH(a, vec) \
	(((vec)->n == (vec)->cap ? vec_grow((a), (void **)&(vec)->v, &(vec)->cap, (vec)->n, sizeof *(vec)->v) : (void)0), \
	 &(vec)->v[(vec)->n++])
void vec_grow(struct arena *a, void **v, size_t *cap, size_t n, size_t size);

/* ---- names ---- */

/* An interned name: equal text is equal address within one table. */
struct name {
	uint32_t len;
	uint32_t hash;
	uint32_t word; /* vocabulary number + 1 when the schema knows it, else 0 */
	char text[];   /* NUL-terminated */
};

struct names;
struct names *names_new(struct arena *a);
const struct name *name_get(struct names *t, const char *p, size_t n);
const struct name *name_getz(struct names *t, const char *z);
/* NULL when the name was never interned. */
const struct name *name_find(const struct names *t, const char *p, size_t n);
struct str name_str(const struct name *n);

/* ---- maps from addresses to addresses ---- */

struct map {
	struct arena *arena;
	const void **keys;
	void **values;
	size_t n, cap;
};
void map_init(struct map *m, struct arena *a);
/* NULL when absent. */
void *map_get(const struct map *m, const void *key);
/* Stores; a value that was there is replaced. */
void map_put(struct map *m, const void *key, void *value);

/* ---- buffers ---- */

/* Heap text that grows up to `max` (0 = 1 GiB); beyond it the process ends through bug. */
struct buf {
	char *p;
	size_t n, cap, max;
};
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addz(struct buf *b, const char *z);
void buf_adds(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
/* Text whose malformed bytes become U+FFFD. */
void buf_add_utf8(struct buf *b, struct str s);
/* 'text' for the shell. */
void buf_add_shell(struct buf *b, struct str s);
void buf_pad(struct buf *b, char c, size_t n);
void buf_addf(struct buf *b, const char *fmt, ...) BERTH_PRINTF(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
struct str buf_str(const struct buf *b);
void buf_free(struct buf *b);

/* ---- text ---- */

/* The length (1..4) of the well-formed UTF-8 character at p[0..n), 0 when malformed. */
size_t utf8_len(const char *p, size_t n);
/* Number of code points; malformed bytes count one each. */
size_t utf8_count(struct str s);
/* Edit distance with adjacent swaps, at most `limit` (limit + 1 means more). ASCII case is ignored. */
unsigned text_distance(struct str a, struct str b, unsigned limit);
/*
 * Pick the nearest word: start with best = {0}, feed candidates, and read
 * best->word (NULL when nothing is near enough to be meant).
 */
struct nearest {
	struct str wanted;
	struct str word; /* p is NULL when none */
	unsigned distance;
};
struct nearest nearest_to(struct str wanted);
void nearest_try(struct nearest *best, struct str candidate);

/* ---- files ---- */

/*
 * Read a whole file of at most `max` bytes into the arena (NUL behind it).
 * Returns 0, or an errno value: EISDIR for a folder, EFBIG beyond max.
 */
int file_read(struct arena *a, const char *path, size_t max, struct str *out);

/* ---- digests ---- */

/* SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(struct str data, char out[65]);

#endif
