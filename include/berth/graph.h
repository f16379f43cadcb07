/*
 * graph: one stage, platform-neutral, every default explicit.
 *
 * The objects of sema are its nodes; this layer adds the list of what is
 * deployed, the edges between declarations, and the checks that need a whole
 * workload or the platform's limits.
 */
#ifndef BERTH_GRAPH_H
#define BERTH_GRAPH_H

#include "berth/cron.h"
#include "berth/sema.h"

enum edge_kind { EDGE_LOGS_TO, EDGE_CONSUMES, EDGE_PRODUCES, EDGE_READS, EDGE_RUNS, EDGE_DEAD_LETTERS };
const char *edge_word(enum edge_kind k);

struct graph_edge {
	enum edge_kind kind;
	struct object *from, *to; /* declarations */
	struct span at;           /* the setting that says so */
};

struct graph {
	struct program *program;
	struct compile *compile;
	struct arena *arena;
	enum target target;         /* of the stage */
	bool targeted;              /* the stage says its platform: else nothing is checked against one */
	VEC(struct object *) nodes; /* service, job, schedule, queue, log, in program order */
	VEC(struct graph_edge) edges; /* those of one node stand together */
	struct map first_edge;      /* node -> number of its first edge, + 1 */
};
/* The edges that begin at the node: *n of them. */
const struct graph_edge *node_edges(const struct graph *g, const struct object *node, size_t *n);
struct graph *graph_build(struct program *p);
/* Report what cannot work: sizes, drains, ports, names, schedules, routes, and what the platform refuses. */
void graph_check(struct graph *g);
/* Clashes of platform names over all stages; call once with every checked stage's graph. */
void graph_check_names(struct graph **graphs, size_t n);
/*
 * For compile: report each written setting that its target does not build yet. Returns the number of reports.
 */
unsigned graph_check_built(struct graph *g);
/*
 * Nothing vanishes in silence: forget what was read before lowering, and report after it each written setting of a
 * workload that nothing has asked for.
 */
void graph_forget_reads(struct graph *g);
void graph_check_read(struct graph *g);
void graph_dot(const struct graph *g, struct buf *out);
void graph_mermaid(const struct graph *g, struct buf *out);

/* ---- reading, for checks and lowering ---- */

/* The platform a workload runs on: its own `platform`, or the stage's. */
enum target node_target(struct graph *g, struct object *node);
/* "shop-web" on AWS, "web" on Kubernetes: `name`, or prefix and label. Uncut. */
const char *node_name(struct graph *g, struct object *node);
/* A name cut to max bytes with a hash of the whole; arena text. */
const char *name_cut(struct arena *a, const char *whole, int max);
/* Values with the type known: the setting must hold one (default or required); reported ones give 0 / "". */
int64_t get_int(struct graph *g, struct object *o, enum attr_id a);
bool get_bool(struct graph *g, struct object *o, enum attr_id a);
struct str get_text(struct graph *g, struct object *o, enum attr_id a);   /* string or word; empty when not set */
const struct value *get(struct graph *g, struct object *o, enum attr_id a); /* NULL when not set, V_NONE or reported */
/* Where the value was written, else where the object was. */
struct span get_span(struct graph *g, struct object *o, enum attr_id a);
/* The crontab expressions of a schedule (cron, or the ones `every` stands for) and its zone. */
struct timetable {
	struct cron cron[3];
	size_t count;
	const struct zone *zone;
	struct span at;
	bool accept_dst;
};
/* false when it has none that is right (reported). */
bool node_timetable(struct graph *g, struct object *schedule, struct timetable *out);
/* The schedule's zone, or the project's; NULL after a report. */
const struct zone *node_zone(struct graph *g, struct object *schedule);
/* The same for `scale schedule`. */
const struct zone *scale_zone(struct graph *g, struct object *scale);
/* A local time of a schedule (at, from_date, until_date). */
struct instant {
	int64_t utc;       /* seconds since 1970 */
	const char *local; /* 2026-12-01T02:00:00 */
	const struct zone *zone;
};
/* False after a report: no such text, no such time in the zone, or a time that comes twice. */
bool node_instant(struct graph *g, struct object *schedule, const struct value *v, struct instant *out);
/* 2026-11-30T17:00:00, in UTC; out has room for 32 bytes. */
void instant_text(int64_t utc, char *out);
/* Sum over containers that run at one time, with the log router where one is needed. */
struct size {
	int64_t cpu;   /* thousandths */
	int64_t bytes;
};
struct size node_size(struct graph *g, struct object *node);
/* The smallest Fargate pair that holds it; false when none does. cpu in units of 1024, memory in MiB. */
bool fargate_size(struct size need, int *cpu, int *memory);
/* Does the container start before the workload's own: `init` or `sidecar`? */
bool container_is_early(struct graph *g, struct object *container);
/* The log route of a container, or NULL. */
struct object *container_log(struct graph *g, struct object *container);
/* The first log route of the workload that needs a router on ECS (anything but CloudWatch alone), or NULL. */
struct object *node_router(struct graph *g, struct object *node);
/* The container and port that traffic goes to; false when there is none. */
bool node_port(struct graph *g, struct object *node, struct object **container, int64_t *port, struct span *at);

/* Does the route need a log router on ECS (anything but CloudWatch alone)? */
bool log_needs_router(struct graph *g, struct object *log);
/* Does the schedule speak of its run (overlap, timeout, retries), so that ECS needs a state machine? */
bool schedule_has_machine(struct graph *g, struct object *s);
/* How the schedule is started. */
enum cron_target schedule_way(struct graph *g, struct object *s);
/* Report for the graph's stage. */
struct diag *complain(struct graph *g, enum diag_code code, struct span at, const char *fmt, ...) BERTH_PRINTF(4, 5);

#endif
