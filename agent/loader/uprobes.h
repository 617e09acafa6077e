/* Attaches one program to many places of one file at once (uprobe_multi, Linux 6.6): CAP_BPF and CAP_PERFMON suffice. */
#ifndef TOCSIN_UPROBES_H
#define TOCSIN_UPROBES_H

#include <stddef.h>
#include "frames.h"

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI: newer than the headers of some systems */

#define PLACES_MOST 512

struct places {
	unsigned long offsets[PLACES_MOST];
	__u64 cookies[PLACES_MOST];
	size_t count;
};

/* A descriptor that keeps the probes; they end with it. -1 and errno when refused. */
int uprobes_attach(int program, const char *path, const struct places *places);

#endif
