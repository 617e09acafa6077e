/* What this kernel and these rights allow, each part tried for itself, and what is invisible without it. */
#include "loader.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/capability.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "programs.h"
#include "symbols.h"
#include "uprobes.h"

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif
#define PROGRAMS_MOST 4

struct check {
	const char *name;
	const char *needs;
	const char *invisible;
	const char *programs[PROGRAMS_MOST];
	bool required;
	bool (*more)(struct agent_bpf *programs); /* tried after loading and attaching; errno says why not */
};

static bool run_iterators(struct agent_bpf *programs)
{
	struct bpf_link *link = bpf_program__attach_iter(programs->progs.backfill_files, NULL);
	int iterator = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	if (iterator >= 0)
		close(iterator);
	bpf_link__destroy(link);
	return iterator >= 0;
}

/* A probe on a function of this very program that nothing calls. */
static bool attach_uprobe(struct agent_bpf *programs)
{
	struct function function = { .name = "doctor_probe_place" };
	struct places places = { .count = 1 };
	if (!symbols_find("/proc/self/exe", &function, 1) || function.offset == 0) {
		errno = ENOENT;
		return false;
	}
	places.offsets[0] = function.offset;
	int link = uprobes_attach(bpf_program__fd(programs->progs.on_tls_free), "/proc/self/exe", &places);
	if (link >= 0)
		close(link);
	return link >= 0;
}

__attribute__((noinline, used)) void doctor_probe_place(void)
{
	__asm__ volatile("" ::: "memory");
}

static const struct check checks[] = {
	{ "sockets", "Linux 6.3 with BTF, CAP_BPF, CAP_PERFMON", "everything", { "on_send", "on_receive" }, true, NULL },
	{ "connections", "Linux 5.8 with BTF, CAP_BPF, CAP_PERFMON", "when connections open and close, who opened them, their errors",
	  { "on_state" }, true, NULL },
	{ "processes", "Linux 5.8 with BTF, CAP_BPF, CAP_PERFMON", "processes that change their program", { "on_fork", "on_exec", "on_exit" },
	  true, NULL },
	{ "open-connections", "Linux 5.9 with BTF, CAP_BPF, CAP_PERFMON", "which end of connections that were open already is the server",
	  { "backfill_files", "backfill_sockets" }, true, run_iterators },
	{ "io_uring", "Linux 6.11 with BTF, CAP_BPF, CAP_PERFMON", "what programs move with io_uring (only how much)",
	  { "on_uring_submit", "on_uring_complete" }, false, NULL },
	{ "tls", "Linux 6.6, CAP_BPF, CAP_PERFMON", "what TLS connections carry",
	  { "on_tls_enter", "on_tls_return", "on_tls_free", "on_node_write" }, false, attach_uprobe },
};

static int be_silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static bool is_among(const struct check *check, const char *name)
{
	for (size_t i = 0; i < PROGRAMS_MOST && check->programs[i]; i++)
		if (strcmp(check->programs[i], name) == 0)
			return true;
	return false;
}

static void choose(struct agent_bpf *programs, const struct check *check)
{
	struct bpf_program *program;
	bpf_map__set_max_entries(programs->maps.events, 256 * 1024);
	bpf_object__for_each_program(program, programs->obj) {
		bpf_program__set_autoload(program, is_among(check, bpf_program__name(program)));
		if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE)
			bpf_program__set_expected_attach_type(program, UPROBE_MULTI);
	}
}

static bool attach_loaded(struct agent_bpf *programs, const struct check *check)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, programs->obj) {
		if (!is_among(check, bpf_program__name(program)) || check->more)
			continue;
		struct bpf_link *link = bpf_program__attach(program);
		int error = errno;
		bpf_link__destroy(link);
		errno = error;
		if (!link)
			return false;
	}
	return !check->more || check->more(programs);
}

/* 0, or why not. */
static int try(const struct check *check)
{
	struct agent_bpf *programs = agent_bpf__open();
	int error = 0;
	if (!programs)
		return errno;
	choose(programs, check);
	error = -agent_bpf__load(programs);
	if (!error && !attach_loaded(programs, check))
		error = errno ? errno : EINVAL;
	agent_bpf__destroy(programs);
	return error;
}

static void write_check(struct text *text, const struct check *check, int error)
{
	text_open(text, NULL, '{');
	text_string(text, "name", check->name);
	text_boolean(text, "ok", error == 0);
	text_string(text, "needs", check->needs);
	text_string(text, "invisible", check->invisible);
	text_string(text, "detail", error ? strerror(error) : "works");
	text_close(text, '}');
}

static bool has_capability(int capability)
{
	char bytes[16384];
	unsigned long long effective;
	char *line = proc_read(getpid(), "status", bytes, sizeof(bytes)) > 0 ? strstr(bytes, "\nCapEff:") : NULL;
	return line && sscanf(line, "\nCapEff: %llx", &effective) == 1 && (effective >> capability & 1);
}

static void write_reading(struct text *text)
{
	static const struct check reading = { .name = "facts", .needs = "CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH",
					      .invisible = "names, environment and TLS libraries of other users' processes" };
	static const struct check replaced = { .name = "replaced-libraries", .needs = "CAP_CHECKPOINT_RESTORE",
					       .invisible = "TLS of libraries that were replaced on disk and still run" };
	write_check(text, &reading, has_capability(CAP_SYS_PTRACE) && has_capability(CAP_DAC_READ_SEARCH) ? 0 : EPERM);
	write_check(text, &replaced, has_capability(CAP_CHECKPOINT_RESTORE) ? 0 : EPERM);
}

int doctor(void)
{
	static struct text text;
	struct utsname system;
	bool usable = true;

	uname(&system);
	libbpf_set_print(be_silent);
	text_begin_plain(&text);
	text_number(&text, "protocol", TOCSIN_PROTOCOL);
	text_string(&text, "kernel", system.release);
	text_string(&text, "arch", system.machine);
	text_open(&text, "checks", '[');
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int error = try(&checks[i]);
		write_check(&text, &checks[i], error);
		usable = usable && (error == 0 || !checks[i].required);
	}
	write_reading(&text);
	text_close(&text, ']');
	text_boolean(&text, "ok", usable);
	text_close(&text, '}');
	printf("%.*s\n", (int)text.length, text.bytes);
	return usable ? 0 : 1;
}
