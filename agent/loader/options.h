/* What the command line asks for. */
#ifndef TOCSIN_OPTIONS_H
#define TOCSIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "frames.h"

#define PORTS_MOST 256
#define PIDS_MOST 64
#define NAMES_MOST 64

struct options {
	__u32 capture;
	__u32 capture_more;
	__u32 tail;
	__u32 ring_bytes;
	size_t queue_bytes;
	__u32 network; /* follow this network namespace alone; 0: all */
	bool tls;
	__u16 ports[PORTS_MOST];
	size_t port_count;
	__u32 pids[PIDS_MOST];
	size_t pid_count;
	const char *environment[NAMES_MOST];
	size_t environment_count;
};

/* NULL, or what is wrong with the arguments. */
const char *options_parse(struct options *options, int count, char **arguments);

/* "22,2379" or "none". NULL, or what is wrong. */
const char *options_ports(struct options *options, const char *list);

/* NULL, or what is wrong with the limits. */
const char *options_limits(unsigned long capture, unsigned long more, unsigned long tail);

bool options_number(const char *text, unsigned long long most, unsigned long long *value);

#endif
