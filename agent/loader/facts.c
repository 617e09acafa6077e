#include "facts.h"
#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "proc.h"

#define READ_MOST (256 * 1024)
/* exec(2) gives a program at most six. */
#define ENVIRONMENT_MOST (8 * 1024 * 1024)
#define ARGUMENTS_MOST 64
#define ARGUMENT_BYTES_MOST 1024
#define ARGUMENTS_BYTES_MOST 8192
#define VARIABLES_BYTES_MOST 32768
#define CONTAINER_ID 64
/* Fields of /proc/PID/stat, proc(5). */
#define STAT_PARENT 4
#define STAT_START 22
#define STAT_MEMORY 23

static char buffer[READ_MOST];
/* Something that was wanted of the process being told was left out for want of room. */
static bool cut_short;

static void write_executable(struct text *text, __u32 pid)
{
	char link[64], target[PATH_MAX], device[32] = "";
	struct file_identity identity;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	text_string(text, "executable", proc_link(pid, "exe", target, sizeof(target)) ? target : NULL);
	if (!proc_identity(link, &identity)) {
		text_string(text, "device", NULL);
		text_string(text, "inode", NULL);
		return;
	}
	snprintf(device, sizeof(device), "%u:%u", identity.major, identity.minor);
	text_string(text, "device", device);
	text_number_string(text, "inode", identity.inode);
}

static void write_arguments(struct text *text, __u32 pid)
{
	ssize_t length = proc_read(pid, "cmdline", buffer, ARGUMENTS_BYTES_MOST);
	text_open(text, "arguments", '[');
	for (ssize_t at = 0, count = 0; at < length && count < ARGUMENTS_MOST; count++) {
		size_t step = strlen(buffer + at) + 1;
		if (step > ARGUMENT_BYTES_MOST)
			buffer[at + ARGUMENT_BYTES_MOST] = '\0';
		text_string(text, NULL, buffer + at);
		at += step;
	}
	text_close(text, ']');
}

static bool is_wanted(const char *name, const struct options *options)
{
	for (size_t i = 0; i < options->environment_count; i++) {
		const char *wanted = options->environment[i];
		size_t length = strlen(wanted);
		bool beginning = wanted[length - 1] == '*';
		if (beginning ? strncmp(name, wanted, length - 1) == 0 : strcmp(name, wanted) == 0)
			return true;
	}
	return false;
}

struct environment {
	struct text *text;
	const struct options *options;
	size_t room;
};

/* One that is too long leaves its room to others. */
static void take_variable(void *context, char *variable)
{
	struct environment *environment = context;
	size_t length = strlen(variable) + 1;
	char *equals = strchr(variable, '=');

	if (!equals)
		return;
	*equals = '\0';
	if (!is_wanted(variable, environment->options))
		return;
	if (length > environment->room) {
		cut_short = true;
		return;
	}
	environment->room -= length;
	text_string(environment->text, variable, equals + 1);
}

/* Only the variables asked for leave the loader: environments hold secrets. */
static void write_environment(struct text *text, __u32 pid, const struct options *options)
{
	struct environment environment = { .text = text, .options = options, .room = VARIABLES_BYTES_MOST };
	struct proc_strings strings = { .bytes = buffer, .room = sizeof(buffer), .most = ENVIRONMENT_MOST, .take = take_variable, .context = &environment };

	text_open(text, "environment", '{');
	proc_read_strings(pid, "environ", &strings);
	text_close(text, '}');
}

/* The process' place in the unified hierarchy; where only version 1 places it, the first place that names a container. */
static const char *find_cgroup(char *lines)
{
	const char *unified = NULL, *other = NULL;
	char *rest = lines, *line;
	while ((line = strsep(&rest, "\n"))) {
		char *path = strchr(line, ':');
		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		path++;
		if (strncmp(line, "0::", 3) == 0)
			unified = path;
		else if (!other && strlen(path) > CONTAINER_ID)
			other = path;
	}
	return other && (!unified || strcmp(unified, "/") == 0) ? other : unified;
}

/* The last 64 hexadecimal digits in a row: docker/ID, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope. */
static bool find_container(const char *cgroup, char id[CONTAINER_ID + 1])
{
	size_t run = 0;
	bool found = false;
	for (const char *at = cgroup; ; at++) {
		if (isxdigit((unsigned char)*at)) {
			run++;
			continue;
		}
		if (run == CONTAINER_ID) {
			memcpy(id, at - CONTAINER_ID, CONTAINER_ID);
			id[CONTAINER_ID] = '\0';
			found = true;
		}
		run = 0;
		if (*at == '\0')
			return found;
	}
}

/* "pod" and a UUID, with the dashes as underscores where systemd names the slice. */
static bool find_pod(const char *cgroup, char uid[37])
{
	for (const char *at = strstr(cgroup, "pod"); at; at = strstr(at + 1, "pod")) {
		int digits = 0;
		for (; digits < 36; digits++) {
			bool dash = digits == 8 || digits == 13 || digits == 18 || digits == 23;
			char one = at[3 + digits];
			if (dash ? one != '-' && one != '_' : !isxdigit((unsigned char)one))
				break;
			uid[digits] = dash ? '-' : one;
		}
		uid[digits] = '\0';
		if (digits == 36)
			return true;
	}
	return false;
}

static void write_cgroup(struct text *text, __u32 pid)
{
	char container[CONTAINER_ID + 1], pod[37];
	const char *cgroup = proc_read(pid, "cgroup", buffer, 65536) >= 0 ? find_cgroup(buffer) : NULL;
	text_string(text, "cgroup", cgroup);
	text_string(text, "containerId", cgroup && find_container(cgroup, container) ? container : NULL);
	text_string(text, "podUid", cgroup && find_pod(cgroup, pod) ? pod : NULL);
}

/* "NSpid:\t4711\t7": the last number is the id the process knows itself by. */
static void write_status(struct text *text, __u32 pid, bool of_itself)
{
	unsigned int uid;
	if (proc_read(pid, "status", buffer, 16384) < 0)
		return;
	char *line = strstr(buffer, "\nUid:\t");
	if (line && sscanf(line, "\nUid:\t%u", &uid) == 1)
		text_number(text, "uid", uid);
	line = of_itself ? strstr(buffer, "\nNSpid:\t") : NULL;
	if (!line)
		return;
	char *end = strchr(line + 1, '\n');
	if (end)
		*end = '\0';
	char *last = strrchr(line, '\t');
	unsigned int inner;
	if (last && sscanf(last, "%u", &inner) == 1)
		text_number(text, "pidInNamespace", inner);
}

static void write_namespace(struct text *text, __u32 pid)
{
	char target[64];
	unsigned int inode;
	if (proc_link(pid, "ns/net", target, sizeof(target)) && sscanf(target, "net:[%u]", &inode) == 1)
		text_number(text, "networkNamespace", inode);
}

static void write_hostname(struct text *text, __u32 pid)
{
	char name[256];
	if (proc_read_public(pid, "etc/hostname", name, sizeof(name)) <= 0) {
		text_string(text, "hostname", NULL);
		return;
	}
	name[strcspn(name, "\r\n")] = '\0';
	text_string(text, "hostname", name);
}

static void write_name(struct text *text, __u32 pid, const char *comm)
{
	char name[64];
	if (proc_read(pid, "comm", name, sizeof(name)) > 0) {
		name[strcspn(name, "\n")] = '\0';
		comm = name;
	}
	text_string(text, "comm", comm);
}

static void write_identity(struct text *text, __u32 pid, __u32 source)
{
	char directory[PATH_MAX];
	unsigned long long ticks = proc_stat(pid, STAT_START);

	text_number_string(text, "startNs", ticks * (1000000000ULL / sysconf(_SC_CLK_TCK)));
	write_executable(text, source);
	text_string(text, "workingDirectory", proc_link(source, "cwd", directory, sizeof(directory)) ? directory : NULL);
}

/* Names full of bytes that JSON must escape can outgrow a frame: then only what is short is told. */
static void write_short(struct text *text, __u32 pid, const char *comm)
{
	text_begin(text, FRAME_PROCESS, pid);
	text_number(text, "pid", pid);
	write_name(text, pid, comm);
	write_cgroup(text, pid);
	write_status(text, pid, true);
	write_namespace(text, pid);
	text_boolean(text, "gone", false);
	text_finish(text);
}

/* Its memory is gone, and with it its program, arguments and environment: it has ended, waits for its parent, or is on its way there. */
static bool is_gone(__u32 pid)
{
	return proc_stat(pid, STAT_MEMORY) == 0;
}

/* Whether it still runs the program that forked the process: it may have become another one. */
static bool runs_program_of(__u32 parent, const struct facts_of *process)
{
	char name[64] = "";
	if (!process->comm || proc_read(parent, "comm", name, sizeof(name)) <= 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, process->comm) == 0;
}

static void begin_facts(struct text *text, const struct facts_of *process)
{
	text_begin(text, FRAME_PROCESS, process->pid);
	text_number(text, "pid", process->pid);
	write_name(text, process->pid, process->comm);
}

/* The facts of `source`, as those of the process. False where that one ended meanwhile: of what it was, some may be missing. */
static bool write_as(struct text *text, const struct facts_of *process, __u32 source, const struct options *options)
{
	begin_facts(text, process);
	text_number(text, "parent", source == process->pid ? proc_stat(source, STAT_PARENT) : process->parent);
	write_identity(text, process->pid, source);
	write_arguments(text, source);
	write_environment(text, source, options);
	write_cgroup(text, source);
	write_status(text, source, source == process->pid);
	write_namespace(text, source);
	write_hostname(text, source);
	text_open(text, "libraries", '[');
	if (process->library)
		text_string(text, NULL, process->library);
	text_close(text, ']');
	text_boolean(text, "gone", false);
	text_finish(text);
	return !is_gone(source);
}

static void write_gone(struct text *text, const struct facts_of *process)
{
	begin_facts(text, process);
	if (process->parent)
		text_number(text, "parent", process->parent);
	text_boolean(text, "gone", true);
	text_finish(text);
}

/* Its own; of a fork that ended before all was read those of the program that forked it, as long as that one runs. What nobody forked has
 * nothing better than a part. */
bool facts_write(struct text *text, const struct facts_of *process, const struct options *options)
{
	cut_short = false;
	bool there = !is_gone(process->pid);
	bool whole = there && write_as(text, process, process->pid, options);

	if (!whole && process->parent)
		whole = there = runs_program_of(process->parent, process) && write_as(text, process, process->parent, options);
	if (!there)
		write_gone(text, process);
	else if (text->overflow) {
		cut_short = true;
		write_short(text, process->pid, process->comm);
	}
	return !cut_short;
}
