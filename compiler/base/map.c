/*
 * Maps from addresses to addresses. Open addressing with linear probing; keys
 * are compared as addresses and never NULL. Iteration is not offered, so that
 * the order of addresses cannot reach any output.
 */
#include "berth/base.h"

enum { MAP_MIN = 16 };

void
map_init(struct map *m, struct arena *a)
{
	*m = (struct map){.arena = a};
}

/* Addresses are multiples of 16 and lie close together: mix them (the finaliser of splitmix64). */
static size_t
address_hash(const void *p)
{
	uint64_t h = (uint64_t)(uintptr_t)p;

	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (size_t)(h ^ (h >> 31));
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t
slot_of(const struct map *m, const void *key)
{
	size_t i = address_hash(key) & (m->cap - 1);

	while (m->keys[i] && m->keys[i] != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

void *
map_get(const struct map *m, const void *key)
{
	return m->n && key ? m->values[slot_of(m, key)] : NULL;
}

static void
grow(struct map *m)
{
	struct map old = *m;

	if (old.cap > SIZE_MAX / 2)
		die_oom();
	m->cap = old.cap ? old.cap * 2 : MAP_MIN;
	m->keys = arena_array(m->arena, m->cap, sizeof *m->keys);
	m->values = arena_array(m->arena, m->cap, sizeof *m->values);
	for (size_t i = 0; i < old.cap; i++) {
		size_t to;

		if (!old.keys[i])
			continue;
		to = slot_of(m, old.keys[i]);
		m->keys[to] = old.keys[i];
		m->values[to] = old.values[i];
	}
}

void
map_put(struct map *m, const void *key, void *value)
{
	size_t i;

	if (!key)
		bug("a map key is NULL");
	if (m->n + 1 > m->cap / 4 * 3)
		grow(m);
	i = slot_of(m, key);
	if (!m->keys[i]) {
		m->keys[i] = key;
		m->n++;
	}
	m->values[i] = value;
}
