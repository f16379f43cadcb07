/* Shared by the files of graph. */
#ifndef BERTH_GRAPH_INTERNAL_H
#define BERTH_GRAPH_INTERNAL_H

#include "berth/graph.h"

/* check_schedule.c */
void check_schedule(struct graph *g, struct object *s);
/* check_platform.c */
void check_refused(struct graph *g);

#endif
