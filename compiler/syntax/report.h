/* How an unexpected token is told. */
#ifndef BERTH_SYNTAX_REPORT_H
#define BERTH_SYNTAX_REPORT_H

#include "internal.h"

void report_unexpected(struct parse *p, struct span at, const char *token, const char *const *expected, int n);

#endif
