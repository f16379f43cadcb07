/*
 * Interned names: one address per text within a table. Open addressing with
 * linear probing; at most three quarters full.
 */
#include "berth/base.h"

#include <string.h>

struct names {
	struct arena *arena;
	struct name **slots;
	size_t n, cap; /* cap is a power of two */
};

enum { NAMES_MIN = 1024 };

struct names *
names_new(struct arena *a)
{
	struct names *t = NEW(a, struct names);

	t->arena = a;
	t->cap = NAMES_MIN;
	t->slots = arena_array(a, t->cap, sizeof *t->slots);
	return t;
}

/* The slot that holds the text, or the free one where it belongs. */
static struct name **
slot_of(const struct names *t, const char *p, size_t n, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct name **slot = &t->slots[i & (t->cap - 1)];
		struct name *name = *slot;

		if (!name || (name->hash == hash && name->len == n && (n == 0 || memcmp(name->text, p, n) == 0)))
			return slot;
	}
}

static void
grow(struct names *t)
{
	struct name **old = t->slots;
	size_t cap = t->cap;

	if (cap > SIZE_MAX / 2)
		die_oom();
	t->cap = cap * 2;
	t->slots = arena_array(t->arena, t->cap, sizeof *t->slots);
	for (size_t i = 0; i < cap; i++)
		if (old[i])
			*slot_of(t, old[i]->text, old[i]->len, old[i]->hash) = old[i];
}

const struct name *
name_get(struct names *t, const char *p, size_t n)
{
	uint32_t hash = str_hash((struct str){p, n});
	struct name **slot = slot_of(t, p, n, hash);
	struct name *name;

	if (*slot)
		return *slot;
	if (n > UINT32_MAX - 1)
		bug("a name of %zu bytes", n);
	if (t->n + 1 > t->cap / 4 * 3) {
		grow(t);
		slot = slot_of(t, p, n, hash);
	}
	name = arena_alloc(t->arena, sizeof *name + n + 1);
	name->len = (uint32_t)n;
	name->hash = hash;
	if (n)
		memcpy(name->text, p, n);
	t->n++;
	return *slot = name;
}

const struct name *
name_getz(struct names *t, const char *z)
{
	return name_get(t, z, strlen(z));
}

const struct name *
name_find(const struct names *t, const char *p, size_t n)
{
	return *slot_of(t, p, n, str_hash((struct str){p, n}));
}

struct str
name_str(const struct name *n)
{
	return (struct str){n->text, n->len};
}
