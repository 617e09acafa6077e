#include "options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_MOST 128
#define RING_LEAST (256 * 1024)
#define RING_MOST (256 * 1024 * 1024)
#define QUEUE_LEAST (256 * 1024)
#define QUEUE_MOST (256 * 1024 * 1024)

static const char *default_environment[] = { "OTEL_*", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "PYTHONPATH", "CORECLR_PROFILER" };

bool options_number(const char *text, unsigned long long most, unsigned long long *value)
{
	char *end;
	errno = 0;
	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *value <= most;
}

const char *options_ports(struct options *options, const char *list)
{
	char copy[2048];
	char *rest = copy, *one;
	unsigned long long port;

	if (!list || strlen(list) >= sizeof(copy))
		return "--exclude-ports needs a list like 22,2379, or none";
	options->port_count = 0;
	if (strcmp(list, "none") == 0)
		return NULL;
	strcpy(copy, list);
	while ((one = strsep(&rest, ","))) {
		if (!options_number(one, 65535, &port) || port == 0)
			return "--exclude-ports: a port is a number from 1 to 65535";
		if (options->port_count == PORTS_MOST)
			return "--exclude-ports: more than 256 ports";
		options->ports[options->port_count++] = port;
	}
	return NULL;
}

const char *options_limits(unsigned long capture, unsigned long more, unsigned long tail)
{
	if (capture < 16 || capture > TOCSIN_CAPTURE_MOST - TAIL_MOST)
		return "capture: 16 to 15872 bytes";
	if (more < 16 || more > capture)
		return "capture-more: 16 bytes up to capture";
	return tail > TAIL_MOST ? "tail: at most 128 bytes" : NULL;
}

static const char *add_pid(struct options *options, const char *text)
{
	unsigned long long pid;
	if (!options_number(text, 1 << 22, &pid) || pid == 0)
		return "--exclude-pid needs a process id";
	if (options->pid_count == PIDS_MOST)
		return "--exclude-pid: more than 64";
	options->pids[options->pid_count++] = pid;
	return NULL;
}

static const char *add_environment(struct options *options, const char *name)
{
	if (!name || !*name)
		return "--environment needs a name, or a beginning like OTEL_*";
	if (options->environment_count == NAMES_MOST)
		return "--environment: more than 64 names";
	options->environment[options->environment_count++] = name;
	return NULL;
}

static const char *set_number(const char *name, const char *text, struct options *options)
{
	unsigned long long value;
	if (!options_number(text, QUEUE_MOST, &value))
		return "a number is missing or too large";
	if (strcmp(name, "--capture") == 0)
		options->capture = value;
	else if (strcmp(name, "--capture-more") == 0)
		options->capture_more = value;
	else if (strcmp(name, "--tail") == 0)
		options->tail = value;
	else if (strcmp(name, "--ring-bytes") == 0)
		options->ring_bytes = value;
	else if (strcmp(name, "--queue-bytes") == 0)
		options->queue_bytes = value;
	else
		return "unknown option (see agent/PROTOCOL.md)";
	return NULL;
}

static const char *check(const struct options *options)
{
	__u32 ring = options->ring_bytes;
	if (ring < RING_LEAST || ring > RING_MOST || (ring & (ring - 1)))
		return "--ring-bytes: a power of two from 262144 to 268435456";
	if (options->queue_bytes < QUEUE_LEAST)
		return "--queue-bytes: at least 262144";
	return options_limits(options->capture, options->capture_more, options->tail);
}

static const char *take(struct options *options, const char *name, const char *value)
{
	unsigned long long network;
	if (strcmp(name, "--exclude-ports") == 0)
		return options_ports(options, value);
	if (strcmp(name, "--exclude-pid") == 0)
		return add_pid(options, value);
	if (strcmp(name, "--environment") == 0)
		return add_environment(options, value);
	if (strcmp(name, "--network") != 0)
		return set_number(name, value, options);
	if (!options_number(value, 0xffffffff, &network))
		return "--network needs the inode number of a network namespace";
	options->network = network;
	return NULL;
}

const char *options_parse(struct options *options, int count, char **arguments)
{
	static char message[256];
	*options = (struct options){
		.capture = 4096, .capture_more = 256, .tail = 64, .ring_bytes = 4 << 20, .queue_bytes = 8 << 20, .tls = true,
		.ports = { 22, 2379 }, .port_count = 2,
	};
	for (int i = 0; i < count; i++) {
		const char *problem = NULL;
		if (strcmp(arguments[i], "--no-tls") == 0) {
			options->tls = false;
			continue;
		}
		problem = take(options, arguments[i], i + 1 < count ? arguments[i + 1] : NULL);
		if (problem) {
			snprintf(message, sizeof(message), "%s: %s", arguments[i], problem);
			return message;
		}
		i++;
	}
	for (size_t i = 0; options->environment_count == 0 && i < sizeof(default_environment) / sizeof(*default_environment); i++)
		options->environment[i] = default_environment[i];
	if (options->environment_count == 0)
		options->environment_count = sizeof(default_environment) / sizeof(*default_environment);
	return check(options);
}
