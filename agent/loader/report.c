/* Frames about the agent itself: what it is, what time it is, what was lost, what it costs. */
#include "loader.h"
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "losses.h"
#include "programs.h"

static void write_missing(struct text *text, const struct session *session)
{
	text_open(text, "missing", '[');
	for (size_t i = 0; i < session->missing_count; i++) {
		text_open(text, NULL, '{');
		text_string(text, "what", session->missing[i].what);
		text_string(text, "why", session->missing[i].why);
		text_close(text, '}');
	}
	text_close(text, ']');
}

void report_hello(struct loader *loader)
{
	struct text *text = &loader->text;
	struct utsname system;

	uname(&system);
	text_begin(text, FRAME_HELLO, getpid());
	text_number(text, "protocol", TOCSIN_PROTOCOL);
	text_string(text, "loader", LOADER_VERSION);
	text_string(text, "kernel", system.release);
	text_string(text, "arch", system.machine);
	text_number(text, "cpus", libbpf_num_possible_cpus());
	text_number(text, "pid", getpid());
	text_number(text, "capture", loader->options.capture);
	text_number(text, "captureMore", loader->options.capture_more);
	text_number(text, "tail", loader->options.tail);
	text_open(text, "excludedPorts", '[');
	for (size_t i = 0; i < loader->options.port_count; i++)
		text_number(text, NULL, loader->options.ports[i]);
	text_close(text, ']');
	write_missing(text, &loader->session);
	text_finish(text);
	tell_text(loader);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void report_clock(struct loader *loader)
{
	struct frame_clock frame = { .header = { .length = sizeof(frame), .type = FRAME_CLOCK, .tgid = getpid(), .tid = getpid() } };
	/* The realtime of the middle of two monotonic readings: what lies between them does not shift it. */
	__u64 before = clock_ns(CLOCK_MONOTONIC);
	frame.realtime_ns = clock_ns(CLOCK_REALTIME);
	__u64 after = clock_ns(CLOCK_MONOTONIC);
	frame.boottime_ns = clock_ns(CLOCK_BOOTTIME);
	frame.header.time_ns = before + (after - before) / 2;
	queue_add(&loader->queue, &frame, sizeof(frame));
}

static bool read_counters(struct loader *loader, struct counters *values)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(bpf_map__fd(loader->session.programs->maps.counters), &zero, values) == 0;
}

static __u64 missed_runs(struct loader *loader)
{
	__u64 missed = 0;
	struct bpf_program *program;
	bpf_object__for_each_program(program, loader->session.programs->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 length = sizeof(info);
		if (bpf_program__fd(program) >= 0 && !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length))
			missed += info.recursion_misses;
	}
	return missed;
}

static __u64 sum_of(const struct counters *values, int cpus)
{
	__u64 sum = 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t reason = 0; reason < LOSS_REASONS; reason++)
			sum += values[cpu].losses[reason];
	return sum;
}

/* How often a table was full, and something was left out therefore. */
static __u64 left_out(const struct loader *loader)
{
	return loader->libraries.refused + loader->session.unexcluded + loader->young_refused + loader->processes.refused + loader->facts_cut;
}

void report_losses(struct loader *loader, bool always)
{
	static struct counters values[CPUS_MOST];
	static __u64 told;
	struct text *text = &loader->text;
	int cpus = libbpf_num_possible_cpus();

	if (cpus <= 0 || cpus > CPUS_MOST || !read_counters(loader, values))
		return;
	__u64 sum = sum_of(values, cpus) + loader->queue.dropped + loader->sequence_holes + left_out(loader);
	if (!always && sum == told)
		return;
	told = sum;
	text_begin(text, FRAME_LOSS, getpid());
	losses_write(text, values, cpus);
	text_open(text, "loader", '{');
	text_number(text, "queueFull", loader->queue.dropped);
	text_number(text, "queueFullBytes", loader->queue.dropped_bytes);
	text_number(text, "missedRuns", missed_runs(loader));
	text_number(text, "sequenceHoles", loader->sequence_holes > 0 ? loader->sequence_holes : 0);
	text_number(text, "librariesFull", loader->libraries.refused);
	text_number(text, "excludedFull", loader->session.unexcluded);
	text_number(text, "programsFull", loader->young_refused);
	text_number(text, "processesFull", loader->processes.refused);
	text_number(text, "factsFull", loader->facts_cut);
	text_close(text, '}');
	text_finish(text);
	tell_text(loader);
}

static void write_programs(struct loader *loader)
{
	struct bpf_program *program;
	text_open(&loader->text, "programs", '[');
	bpf_object__for_each_program(program, loader->session.programs->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 length = sizeof(info);
		if (bpf_program__fd(program) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length))
			continue;
		text_open(&loader->text, NULL, '{');
		text_string(&loader->text, "name", bpf_program__name(program));
		text_number(&loader->text, "runs", info.run_cnt);
		text_number(&loader->text, "ns", info.run_time_ns);
		text_close(&loader->text, '}');
	}
	text_close(&loader->text, ']');
}

static unsigned long resident_kib(void)
{
	unsigned long whole, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file && fscanf(file, "%lu %lu", &whole, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static unsigned long long cpu_ms(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000ULL + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

void report_cost(struct loader *loader)
{
	struct text *text = &loader->text;
	text_begin(text, FRAME_COST, getpid());
	text_open(text, "loader", '{');
	text_number(text, "cpuMs", cpu_ms());
	text_number(text, "residentKiB", resident_kib());
	text_close(text, '}');
	write_programs(loader);
	text_open(text, "events", '{');
	text_number(text, "read", loader->events);
	text_number(text, "bytes", loader->event_bytes);
	text_close(text, '}');
	text_open(text, "queue", '{');
	text_number(text, "bytes", loader->queue.used);
	text_number(text, "mostBytes", loader->queue.most_used);
	text_close(text, '}');
	text_finish(text);
	tell_text(loader);
}
