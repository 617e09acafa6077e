// Processes begin, become other programs and end. Threads are not told; forks and ends only of processes that were announced or that user space knows.
//
// Hooks: tp_btf/sched_process_{fork,exec,exit} (BTF form 5.5). Cost: one small event for each.
#include "state.h"
#include "emit.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline void tell_process(struct event_process *event, struct task_struct *task, __u16 type)
{
	fill_header(&event->header, type, sizeof(*event));
	event->header.tgid = task->tgid;
	event->header.tid = task->pid;
	event->cgroup = bpf_get_current_cgroup_id();
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	write_event(event, sizeof(*event), wake_flag());
}

static __always_inline bool is_known(__u32 tgid)
{
	return bpf_map_lookup_elem(&known_processes, &tgid) != NULL;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct event_process event = { .parent = parent->tgid };
	if (child->pid == child->tgid && is_known(event.parent))
		tell_process(&event, child, EVENT_FORK);
	return 0;
}

/* Every one: the loader looks whether the new program brings a TLS library of its own. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct event_process event = {};
	tell_process(&event, task, EVENT_EXEC);
	return 0;
}

/* The last thread that ends is the end of the process; it need not be the first one. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct event_process event = { .exit_code = task->exit_code };
	if (BPF_CORE_READ(task, signal, live.counter) == 0 && is_known(task->tgid))
		tell_process(&event, task, EVENT_EXIT);
	return 0;
}
