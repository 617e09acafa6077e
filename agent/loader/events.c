/* Takes the kernel's events, adds what they need before them (facts about processes), and passes them on unchanged. */
#include "loader.h"
#include <string.h>
#include <time.h>
#include "facts.h"

#define YOUNG_NS 150000000ULL /* by then the dynamic linker is done */

__u64 now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void tell_text(struct loader *loader)
{
	if (!loader->text.overflow)
		queue_add(&loader->queue, loader->text.bytes, loader->text.length);
}

/* Its parent by its own event, where that was seen: whose child it is now may be another, after that one has ended. */
static struct facts_of facts_of(struct loader *loader, __u32 pid, const struct event_open *open)
{
	const struct fork *fork = forks_find(&loader->forks, pid);

	if (fork && (!open || open->parent))
		return (struct facts_of){ .pid = pid, .parent = fork->parent, .comm = fork->comm };
	if (open)
		return (struct facts_of){ .pid = pid, .parent = open->parent, .comm = open->comm };
	return (struct facts_of){ .pid = pid };
}

/* Reading facts is dear: not while the queue would drop them, and not for more processes than are remembered. */
static void tell_process(struct loader *loader, __u32 pid, const struct event_open *open)
{
	struct process *process = queue_has_room(&loader->queue) ? processes_add(&loader->processes, pid) : NULL;
	if (!process)
		return;
	process->library = loader->options.tls ? libraries_scan(&loader->libraries, pid) : NULL;
	struct facts_of facts = facts_of(loader, pid, open);
	facts.library = process->library;
	loader->facts_cut += !facts_write(&loader->text, &facts, &loader->options);
	process->told = queue_add(&loader->queue, loader->text.bytes, loader->text.length);
	session_know_process(&loader->session, pid, process->told);
}

/* `open`: the event that names it; NULL where there is none. */
static void need_process(struct loader *loader, __u32 pid, const struct event_open *open)
{
	const struct process *process = processes_find(&loader->processes, pid);
	if (!process || !process->told)
		tell_process(loader, pid, open);
}

/* A known process that speaks TLS without a probed library may have loaded one since. Looking takes a millisecond where much is mapped, and
 * some never load one (Java, Go): not for each connection. */
static void look_again(struct loader *loader, const struct event_header *header)
{
	struct process *process = processes_find(&loader->processes, header->tgid);
	__u32 second = header->time_ns / 1000000000ULL;

	if (!process || !process->told || process->library || process->looked_s == second)
		return;
	process->looked_s = second;
	process->library = libraries_scan(&loader->libraries, header->tgid);
}

static void take_open(struct loader *loader, const struct event_open *event)
{
	const struct process *process = processes_find(&loader->processes, event->header.tgid);
	bool was_told = process && process->told;

	need_process(loader, event->header.tgid, event);
	if (event->protocol == PROTOCOL_TLS && loader->options.tls && was_told)
		look_again(loader, &event->header);
	queue_add(&loader->queue, event, event->header.length);
}

static void forget(struct loader *loader, __u32 pid)
{
	forks_remove(&loader->forks, pid);
	processes_remove(&loader->processes, pid);
	session_know_process(&loader->session, pid, false);
}

static void watch_young(struct loader *loader, __u32 pid)
{
	if (!loader->options.tls || libraries_is_settled(&loader->libraries, pid, false))
		return;
	if (loader->young_count == EXECS_MOST) {
		loader->young_refused++;
		return;
	}
	libraries_scan(&loader->libraries, pid); /* the executable itself is mapped at once */
	loader->young[loader->young_count++] = (struct young){ .pid = pid, .due_ns = now_ns() + YOUNG_NS };
}

void look_at_young(struct loader *loader)
{
	size_t kept = 0;
	__u64 now = loader->young_count ? now_ns() : 0;
	for (size_t i = 0; i < loader->young_count; i++) {
		if (loader->young[i].due_ns > now) {
			loader->young[kept++] = loader->young[i];
			continue;
		}
		libraries_scan(&loader->libraries, loader->young[i].pid);
		libraries_is_settled(&loader->libraries, loader->young[i].pid, true);
	}
	loader->young_count = kept;
}

static void take_process(struct loader *loader, const struct event_process *event)
{
	__u32 pid = event->header.tgid;
	bool told = processes_find(&loader->processes, pid) != NULL;

	if (told || event->header.type == EVENT_FORK)
		queue_add(&loader->queue, event, event->header.length);
	/* Also of a new one: its number was another's, whose end was lost if it is still known. */
	forget(loader, pid);
	if (event->header.type == EVENT_FORK)
		forks_add(&loader->forks, event);
	if (event->header.type == EVENT_EXEC)
		watch_young(loader, pid);
}

/* Sequences arrive a little out of order (an interrupt between counting and writing), so holes are counted as balance. */
static void check_sequence(struct loader *loader, const struct event_header *header)
{
	if (header->cpu >= CPUS_MOST)
		return;
	__u32 *next = &loader->last_sequence[header->cpu];
	if (!loader->sequenced[header->cpu]) {
		loader->sequenced[header->cpu] = true;
		*next = header->sequence;
	}
	__s32 ahead = header->sequence - *next;
	loader->sequence_holes += ahead >= 0 ? ahead : -1;
	if (ahead >= 0)
		*next = header->sequence + 1;
}

void take_event(void *context, const void *record, size_t size)
{
	struct loader *loader = context;
	const struct event_header *header = record;

	if (size < sizeof(*header) || header->length > size)
		return;
	loader->events++;
	loader->event_bytes += header->length;
	check_sequence(loader, header);
	switch (header->type) {
	case EVENT_DATA:
		need_process(loader, header->tgid, NULL);
		queue_add(&loader->queue, record, header->length);
		break;
	case EVENT_OPEN:
		take_open(loader, record);
		break;
	case EVENT_EXEC:
	case EVENT_EXIT:
	case EVENT_FORK:
		take_process(loader, record);
		break;
	default:
		queue_add(&loader->queue, record, header->length);
	}
}
