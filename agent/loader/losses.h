/* What was lost, as JSON: the counters of each CPU by name (agent/PROTOCOL.md, LOSS). */
#ifndef TOCSIN_LOSSES_H
#define TOCSIN_LOSSES_H

#include "text.h"
#include "../../bpf/counters.h"

/* A frame has room for so many; the last one stands for all further ones too. */
#define LOSSES_CPUS_MOST 128

/* Adds to the last of `values` that is told. */
void losses_write(struct text *text, struct counters *values, int cpus);

#endif
