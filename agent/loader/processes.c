#include "processes.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#define SIZE (PROCESSES_MOST * 2)

bool processes_init(struct processes *processes)
{
	*processes = (struct processes){ .table = calloc(SIZE, sizeof(struct process)), .size = SIZE };
	return processes->table != NULL;
}

void processes_free(struct processes *processes)
{
	free(processes->table);
}

static size_t slot_of(const struct processes *processes, __u32 pid)
{
	return (pid * 2654435761U) & (processes->size - 1);
}

static struct process *probe(struct processes *processes, __u32 pid)
{
	size_t slot = slot_of(processes, pid);
	while (processes->table[slot].pid && processes->table[slot].pid != pid)
		slot = (slot + 1) & (processes->size - 1);
	return &processes->table[slot];
}

struct process *processes_find(struct processes *processes, __u32 pid)
{
	struct process *found = probe(processes, pid);
	return found->pid ? found : NULL;
}

struct process *processes_add(struct processes *processes, __u32 pid)
{
	struct process *found = probe(processes, pid);
	if (found->pid)
		return found;
	if (processes->count == PROCESSES_MOST) {
		processes->refused++;
		return NULL;
	}
	processes->count++;
	*found = (struct process){ .pid = pid };
	return found;
}

/* Closes the gap, so that no later entry of the run is lost. */
void processes_remove(struct processes *processes, __u32 pid)
{
	struct process *found = processes_find(processes, pid);
	if (!found)
		return;
	processes->count--;
	size_t gap = found - processes->table;
	for (size_t slot = (gap + 1) & (processes->size - 1); processes->table[slot].pid; slot = (slot + 1) & (processes->size - 1)) {
		size_t home = slot_of(processes, processes->table[slot].pid);
		if (((slot - home) & (processes->size - 1)) < ((slot - gap) & (processes->size - 1)))
			continue;
		processes->table[gap] = processes->table[slot];
		gap = slot;
	}
	processes->table[gap] = (struct process){ 0 };
}

/* Removing moves later entries into the gap, so that slot is looked at again. */
void processes_sweep(struct processes *processes, void (*gone)(void *context, __u32 pid), void *context)
{
	for (size_t slot = 0; slot < processes->size;) {
		__u32 pid = processes->table[slot].pid;
		if (!pid || kill(pid, 0) == 0 || errno != ESRCH) {
			slot++;
			continue;
		}
		processes_remove(processes, pid);
		gone(context, pid);
	}
}
