/* Who forked a process that has run no program of its own: what is to be told of one that ended before it was looked at. */
#ifndef TOCSIN_FORKS_H
#define TOCSIN_FORKS_H

#include "frames.h"

#define FORKS_MOST 1024 /* the newest of those that share a place is kept */

struct fork {
	__u32 pid; /* 0: free */
	__u32 parent;
	char comm[TOCSIN_COMM];
};

struct forks {
	struct fork table[FORKS_MOST];
};

void forks_add(struct forks *forks, const struct event_process *event);
const struct fork *forks_find(const struct forks *forks, __u32 pid);
void forks_remove(struct forks *forks, __u32 pid);

#endif
