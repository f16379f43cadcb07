/*
 * libFuzzer over the whole front end: any bytes are a program. Parsing,
 * the checks without a stage, every stage, the graph and its checks, and the
 * formatter must not crash, leak or hang.
 */
#include "berth/fmt.h"
#include "berth/graph.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
no_files(void *ctx, struct arena *a, const char *path, struct str *out)
{
	(void)ctx, (void)a, (void)path, (void)out;
	return ENOENT;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct compile *c = compile_new(a, no_files, NULL);
	compile_add(c, "main.berth", arena_str(a, (struct str){(const char *)data, size}));
	compile_resolve(c, NULL, 0);
	for (size_t i = 0; !c->broken && i < c->stages.n; i++) {
		struct arena *sa = arena_new();
		graph_check(graph_build(sema_stage(c, &c->stages.v[i], sa)));
		arena_free(sa);
	}
	sema_finish(c, true);
	struct buf out = {0};
	struct diag_style style = {.colour = false};
	diags_text(c->diags, &style, &out);
	buf_free(&out);
	fmt_source(a, c->names, c->sources, 1, &out);
	buf_free(&out);
	compile_end(c);
	arena_free(a);
	return 0;
}
