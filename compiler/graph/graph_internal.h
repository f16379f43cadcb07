/* Shared by the files of graph. */
#ifndef BERTH_GRAPH_INTERNAL_H
#define BERTH_GRAPH_INTERNAL_H

#include "berth/graph.h"

/* check_schedule.c */
void check_schedule(struct graph *g, struct object *s);
/* check_queue.c */
void check_queue(struct graph *g, struct object *queue);
void check_consumes(struct graph *g, struct object *service);
void check_order(struct graph *g, struct object *node);
void check_mounts(struct graph *g, struct object *node);
/* check_platform.c */
void check_refused(struct graph *g);

#endif
