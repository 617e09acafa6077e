/* The running loader: everything its parts share. */
#ifndef TOCSIN_LOADER_H
#define TOCSIN_LOADER_H

#include <stdbool.h>
#include "forks.h"
#include "libraries.h"
#include "options.h"
#include "processes.h"
#include "queue.h"
#include "session.h"
#include "text.h"

#define CPUS_MOST 8192 /* as many as a kernel can be built for (NR_CPUS of x86-64) */
#define EXECS_MOST 64

/* A program that just started: its libraries are not mapped yet. */
struct young {
	__u32 pid;
	__u64 due_ns;
};

struct loader {
	struct options options;
	struct session session;
	struct queue queue;
	struct processes processes;
	struct forks forks;
	struct libraries libraries;
	struct text text;
	struct young young[EXECS_MOST];
	size_t young_count;
	size_t young_refused;
	size_t facts_cut; /* processes of which not all that is wanted had room */
	__u32 last_sequence[CPUS_MOST]; /* the next one expected, per CPU */
	bool sequenced[CPUS_MOST];
	long long sequence_holes;
	__u64 events;
	__u64 event_bytes;
	int output;
	bool quit;
	bool broken; /* the reader is gone */
};

__u64 now_ns(void);

/* events.c: one record of the ring, as ring_consume wants it. */
void take_event(void *context, const void *record, size_t size);
void tell_text(struct loader *loader);
void look_at_young(struct loader *loader);

/* commands.c: one line from stdin. */
void obey(struct loader *loader, char *line);

/* report.c: frames about the agent itself. */
void report_hello(struct loader *loader);
void report_clock(struct loader *loader);
void report_losses(struct loader *loader, bool always);
void report_cost(struct loader *loader);

/* run.c, doctor.c, layout.c: the subcommands; each returns the exit code. */
int run(int count, char **arguments);
int doctor(void);
int layout(void);

#define LOADER_VERSION "0.1.0"

#endif
