#include "session.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "programs.h"
#include "uprobes.h"

#define SETTINGS(session) ((session)->programs->data_settings->settings)

static void note_missing(struct session *session, const char *what, const char *why)
{
	if (session->missing_count == MISSING_MOST)
		return;
	struct missing *missing = &session->missing[session->missing_count++];
	missing->what = what;
	snprintf(missing->why, sizeof(missing->why), "%s", why);
	fprintf(stderr, "tocsin-agent-loader: %s is not seen: %s\n", what, why);
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

/* The io_uring programs read the arguments of one kernel generation (6.11 on); an older one passes others in their place. */
static bool uring_is_known(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int id = kernel ? btf__find_by_name_kind(kernel, "btf_trace_io_uring_complete", BTF_KIND_TYPEDEF) : -1;
	bool known = false;
	if (id > 0) {
		const struct btf_type *type = btf__type_by_id(kernel, btf__type_by_id(kernel, id)->type); /* pointer */
		type = btf__type_by_id(kernel, type->type);
		known = btf_is_func_proto(type) && btf_vlen(type) == 4;
	}
	btf__free(kernel);
	return known;
}

static void configure(struct session *session, const struct options *options)
{
	struct agent_bpf *programs = session->programs;
	struct bpf_program *uprobes[] = { programs->progs.on_tls_enter, programs->progs.on_tls_return, programs->progs.on_tls_free,
					  programs->progs.on_node_write };
	for (size_t i = 0; i < sizeof(uprobes) / sizeof(*uprobes); i++) {
		bpf_program__set_expected_attach_type(uprobes[i], UPROBE_MULTI);
		bpf_program__set_autoload(uprobes[i], options->tls);
	}
	bpf_map__set_max_entries(programs->maps.events, options->ring_bytes);
	bpf_map__set_autocreate(programs->maps.events, true);
	if (!uring_is_known()) {
		bpf_program__set_autoload(programs->progs.on_uring_submit, false);
		bpf_program__set_autoload(programs->progs.on_uring_complete, false);
		note_missing(session, "io_uring", "this kernel tells io_uring's requests in another form (6.11 is needed)");
	}
	SETTINGS(session).generation = 1;
	SETTINGS(session).follow_tls = options->tls;
	SETTINGS(session).follow_uring = bpf_program__autoload(programs->progs.on_uring_submit);
	SETTINGS(session).wake_bytes = options->ring_bytes / 4;
	SETTINGS(session).network = options->network;
	session_set_limits(session, options);
}

static int load(struct session *session, const struct options *options)
{
	session->programs = agent_bpf__open();
	if (!session->programs)
		return -errno;
	configure(session, options);
	return agent_bpf__load(session->programs);
}

/* Without uprobe_multi (kernel before 6.6) the rest still runs. */
bool session_open(struct session *session, const struct options *options)
{
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
	struct options without_tls = *options;

	*session = (struct session){ 0 };
	setrlimit(RLIMIT_NOFILE, &files);
	libbpf_set_print(print_nothing);
	int error = load(session, options);
	if (error && options->tls) {
		agent_bpf__destroy(session->programs);
		without_tls.tls = false;
		session->missing_count = 0;
		error = load(session, &without_tls);
		if (!error)
			note_missing(session, "tls", "the kernel refuses programs for uprobe_multi (6.6 is needed)");
	}
	libbpf_set_print(print_warnings);
	if (!error)
		return true;
	fprintf(stderr, "tocsin-agent-loader: the programs cannot be loaded: %s. Needed: Linux 6.3 with BTF, CAP_BPF and CAP_PERFMON "
		"(`tocsin agent doctor` tells which is missing)\n", strerror(-error));
	agent_bpf__destroy(session->programs);
	session->programs = NULL;
	return false;
}

static bool attach_one(struct session *session, struct bpf_program *program, struct bpf_link **link)
{
	if (!bpf_program__autoload(program))
		return true;
	*link = bpf_program__attach(program);
	if (*link)
		return true;
	note_missing(session, bpf_program__name(program), strerror(errno));
	return false;
}

bool session_attach(struct session *session)
{
	struct agent_bpf *programs = session->programs;
	bool both = attach_one(session, programs->progs.on_send, &programs->links.on_send) &&
		    attach_one(session, programs->progs.on_receive, &programs->links.on_receive);
	attach_one(session, programs->progs.on_state, &programs->links.on_state);
	attach_one(session, programs->progs.on_fork, &programs->links.on_fork);
	attach_one(session, programs->progs.on_exec, &programs->links.on_exec);
	attach_one(session, programs->progs.on_exit, &programs->links.on_exit);
	if (!attach_one(session, programs->progs.on_uring_complete, &programs->links.on_uring_complete) ||
	    !attach_one(session, programs->progs.on_uring_submit, &programs->links.on_uring_submit))
		SETTINGS(session).follow_uring = 0;
	return both;
}

void session_close(struct session *session)
{
	agent_bpf__destroy(session->programs);
	session->programs = NULL;
}

static bool run_iterator(struct bpf_program *program)
{
	char bytes[4096];
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return false;
	int iterator = bpf_iter_create(bpf_link__fd(link));
	ssize_t length = -1;
	while (iterator >= 0 && (length = read(iterator, bytes, sizeof(bytes))) != 0)
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			break;
	if (iterator >= 0)
		close(iterator);
	bpf_link__destroy(link);
	return length == 0;
}

bool session_backfill(struct session *session)
{
	struct agent_bpf *programs = session->programs;
	SETTINGS(session).backfill_pass = 0;
	bool done = run_iterator(programs->progs.backfill_files);
	SETTINGS(session).backfill_pass = 1;
	done = done && run_iterator(programs->progs.backfill_files);
	run_iterator(programs->progs.backfill_sockets);
	if (!done)
		note_missing(session, "role of connections open at the start", strerror(errno));
	return done;
}

void session_set_limits(struct session *session, const struct options *options)
{
	SETTINGS(session).capture = options->capture;
	SETTINGS(session).capture_more = options->capture_more;
	SETTINGS(session).tail = options->tail;
}

/* Every connection decides again whether it is followed. */
static void renew(struct session *session)
{
	__atomic_add_fetch(&SETTINGS(session).generation, 1, __ATOMIC_SEQ_CST);
}

static void clear_ports(int map)
{
	__u16 port;
	while (bpf_map_get_next_key(map, NULL, &port) == 0)
		bpf_map_delete_elem(map, &port);
}

void session_set_ports(struct session *session, const struct options *options)
{
	int map = bpf_map__fd(session->programs->maps.excluded_ports);
	__u8 one = 1;
	clear_ports(map);
	for (size_t i = 0; i < options->port_count; i++)
		bpf_map_update_elem(map, &options->ports[i], &one, BPF_ANY);
	renew(session);
}

void session_exclude_pid(struct session *session, __u32 pid, bool excluded)
{
	int map = bpf_map__fd(session->programs->maps.excluded_processes);
	__u8 one = 1;
	if (!excluded)
		bpf_map_delete_elem(map, &pid);
	else if (bpf_map_update_elem(map, &pid, &one, BPF_ANY))
		session->unexcluded++;
	renew(session);
}

void session_set_policy(struct session *session, __u64 cookie, __u8 policy)
{
	int map = bpf_map__fd(session->programs->maps.policies);
	if (policy)
		bpf_map_update_elem(map, &cookie, &policy, BPF_ANY);
	else
		bpf_map_delete_elem(map, &cookie);
	renew(session);
}

void session_know_process(struct session *session, __u32 pid, bool known)
{
	int map = bpf_map__fd(session->programs->maps.known_processes);
	__u8 told = KNOWN_TOLD;
	if (known)
		bpf_map_update_elem(map, &pid, &told, BPF_ANY);
	else
		bpf_map_delete_elem(map, &pid);
}

void session_follow_node(struct session *session)
{
	SETTINGS(session).follow_node = 1;
}
