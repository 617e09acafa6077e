/* The processes the parser was told of, and what this program must remember of each. */
#ifndef TOCSIN_PROCESSES_H
#define TOCSIN_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include "frames.h"

#define PROCESSES_MOST 16384

struct process {
	__u32 pid; /* 0: free */
	bool told;
	__u32 looked_s; /* when it was last looked for one, in whole seconds */
	const char *library; /* kind of TLS library found in it */
};

struct processes {
	struct process *table; /* open addressing, a power of two, at most half full */
	size_t size;
	size_t count;
	size_t refused; /* how often one more was to be added */
};

bool processes_init(struct processes *processes);
void processes_free(struct processes *processes);
struct process *processes_find(struct processes *processes, __u32 pid);

/* Found or added; NULL when there are too many. */
struct process *processes_add(struct processes *processes, __u32 pid);
void processes_remove(struct processes *processes, __u32 pid);

/* Forgets those that are gone although their EXIT was lost; `gone` hears of each. */
void processes_sweep(struct processes *processes, void (*gone)(void *context, __u32 pid), void *context);

#endif
