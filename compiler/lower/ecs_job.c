/*
 * Jobs: a task definition, and the state machine that runs it, waits for its
 * end and judges it by its exit code. Whoever deploys starts the machine.
 */
#include "ecs.h"

void
lower_job(struct ecs *e, struct object *node)
{
	struct task *t = NEW(e->a, struct task);
	make_task(e, node, t);
	map_put(&e->tasks, node, t);
	struct str when = get_text(e->g, node, A_job_run);
	struct run run = {.node = node, .task = t, .timeout = get(e->g, node, A_job_timeout), .retries = get(e->g, node, A_job_retries)};
	make_machine(e, &run)->when = arena_strz(e->a, when);
}
