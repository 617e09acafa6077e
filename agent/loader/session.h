/* The programs in the kernel: loaded, attached, told their settings, and gone with this process. */
#ifndef TOCSIN_SESSION_H
#define TOCSIN_SESSION_H

#include "options.h"
#include "text.h"

struct agent_bpf;

#define MISSING_MOST 16

/* What could not be attached and is therefore invisible. */
struct missing {
	const char *what;
	char why[128];
};

struct session {
	struct agent_bpf *programs;
	struct missing missing[MISSING_MOST];
	size_t missing_count;
	size_t unexcluded; /* processes that were to be excluded and are not: there was no room */
};

/* False when the agent cannot run at all; stderr says why. */
bool session_open(struct session *session, const struct options *options);
bool session_attach(struct session *session);
void session_close(struct session *session);

/* Marks connections that were open already. False, and noted as missing, when the kernel refuses. */
bool session_backfill(struct session *session);

void session_set_limits(struct session *session, const struct options *options);
void session_set_ports(struct session *session, const struct options *options);
void session_exclude_pid(struct session *session, __u32 pid, bool excluded);
void session_set_policy(struct session *session, __u64 cookie, __u8 policy);
void session_know_process(struct session *session, __u32 pid, bool known);
void session_follow_node(struct session *session);

#endif
