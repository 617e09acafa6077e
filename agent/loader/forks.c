#include "forks.h"
#include <string.h>

static __u32 place_of(__u32 pid)
{
	return pid % FORKS_MOST;
}

void forks_add(struct forks *forks, const struct event_process *event)
{
	struct fork *fork = &forks->table[place_of(event->header.tgid)];
	fork->pid = event->header.tgid;
	fork->parent = event->parent;
	memcpy(fork->comm, event->comm, sizeof(fork->comm));
}

const struct fork *forks_find(const struct forks *forks, __u32 pid)
{
	const struct fork *fork = &forks->table[place_of(pid)];
	return pid && fork->pid == pid ? fork : NULL;
}

void forks_remove(struct forks *forks, __u32 pid)
{
	if (forks_find(forks, pid))
		forks->table[place_of(pid)] = (struct fork){ 0 };
}
