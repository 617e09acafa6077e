/* Tests of what the loader knows and tells of processes (units.h). Linked with the loader's own files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../agent/loader/proc.h"
static ssize_t read_of_one_that_ends(__u32 pid, const char *name, char *bytes, size_t room);
static void strings_of_one_that_ends(__u32 pid, const char *name, const struct proc_strings *strings);
#define proc_read read_of_one_that_ends
#define proc_read_strings strings_of_one_that_ends
#include "../../../agent/loader/facts.c" /* its parts are tested, not only its whole */
#undef proc_read
#undef proc_read_strings
#include "../../../agent/loader/forks.h"
#include "../../../agent/loader/processes.h"
#include "units.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "6d4ab9a4-3c1f-4a9e-8e0c-7f2c3a1b5d6e"

/* As Docker, containerd, CRI-O and Podman name them, with the cgroupfs driver and with systemd's. */
static void containers_are_named_by_their_cgroup(void)
{
	static const struct {
		const char *cgroup;
		bool container;
		bool pod;
	} cases[] = {
		{ "/docker/" ID, true, false },
		{ "/system.slice/docker-" ID ".scope", true, false },
		{ "/machine.slice/libpod-" ID ".scope/container", true, false },
		{ "/kubepods/burstable/pod" UID "/" ID, true, true },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6d4ab9a4_3c1f_4a9e_8e0c_7f2c3a1b5d6e.slice/cri-containerd-" ID ".scope",
		  true, true },
		{ "/kubepods.slice/kubepods-pod6d4ab9a4_3c1f_4a9e_8e0c_7f2c3a1b5d6e.slice/crio-" ID ".scope", true, true },
		{ "/system.slice/nginx.service", false, false },
		{ "/user.slice/podman-" ID "0.scope", false, false },
		{ "/", false, false },
	};
	char container[CONTAINER_ID + 1], pod[37];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		expect(find_container(cases[i].cgroup, container) == cases[i].container);
		expect(!cases[i].container || strcmp(container, ID) == 0);
		expect(find_pod(cases[i].cgroup, pod) == cases[i].pod);
		expect(!cases[i].pod || strcmp(pod, UID) == 0);
	}
}

static void the_unified_hierarchy_is_preferred(void)
{
	char both[] = "1:name=systemd:/x\n0::/system.slice/shop.service\n";
	char old[] = "4:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n";
	char none[] = "0::/\n";
	expect(strcmp(find_cgroup(both), "/system.slice/shop.service") == 0);
	expect(strcmp(find_cgroup(old), "/docker/" ID) == 0);
	expect(strcmp(find_cgroup(none), "/") == 0);
}

/* A fork of this program, which ends just before that file of it is read. */
static struct {
	pid_t pid;
	const char *file;
} ending;

static void end_before(__u32 pid, const char *name)
{
	if (ending.file && (pid_t)pid == ending.pid && strcmp(name, ending.file) == 0) {
		kill(ending.pid, SIGKILL);
		waitpid(ending.pid, NULL, 0);
		ending.file = NULL;
	}
}

static ssize_t read_of_one_that_ends(__u32 pid, const char *name, char *bytes, size_t room)
{
	end_before(pid, name);
	return proc_read(pid, name, bytes, room);
}

static void strings_of_one_that_ends(__u32 pid, const char *name, const struct proc_strings *strings)
{
	end_before(pid, name);
	proc_read_strings(pid, name, strings);
}

static const char *facts_of_one_that_ends(const char *file, __u32 parent, const char *comm)
{
	static struct text text;
	struct options options;

	options_parse(&options, 0, NULL);
	ending.pid = fork();
	if (ending.pid == 0)
		for (;;)
			pause();
	ending.file = file;
	facts_write(&text, &(struct facts_of){ .pid = ending.pid, .parent = parent, .comm = comm }, &options);
	expect(!ending.file && !text.overflow);
	text.bytes[text.length] = '\0';
	return text.bytes + sizeof(struct event_header);
}

static void forks_that_end_while_they_are_read_are_known_by_their_parent(void)
{
	static const char *files[] = { "comm", "cmdline", "environ", "cgroup", "status" };
	char own[] = "\"arguments\":[\"", parent[64];

	snprintf(parent, sizeof(parent), "\"parent\":%d,", getpid());
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *facts = facts_of_one_that_ends(files[i], getpid(), "processes");
		expect(strstr(facts, "\"gone\":false") && strstr(facts, own) && strstr(facts, parent) && strstr(facts, "\"uid\":"));
		facts = facts_of_one_that_ends(files[i], getpid(), "another");
		expect(strstr(facts, "\"gone\":true") && strstr(facts, parent) && !strstr(facts, "executable"));
		/* Nobody else knows what this one was. */
		facts = facts_of_one_that_ends(files[i], 0, "processes");
		expect(strstr(facts, "\"gone\":false") && (i < 2 || strstr(facts, own)));
	}
}

static char *variable(const char *name, size_t length)
{
	char *text = malloc(strlen(name) + length + 2);
	size_t start = sprintf(text, "%s=", name);
	memset(text + start, 'x', length);
	text[start + length] = '\0';
	return text;
}

/* The facts of another program with such an environment; whether all that is wanted is in them. */
static bool facts_with(char *const environment[], char *facts)
{
	static struct text text;
	struct options options;
	int ready[2];

	options_parse(&options, 0, NULL);
	expect(pipe2(ready, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		execle("/bin/sleep", "sleep", "1000", NULL, environment);
		_exit(1);
	}
	close(ready[1]);
	expect(read(ready[0], facts, 1) == 0); /* it runs its program */
	close(ready[0]);
	bool whole = facts_write(&text, &(struct facts_of){ .pid = pid }, &options);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(!text.overflow);
	text.bytes[text.length] = '\0';
	strcpy(facts, text.bytes + sizeof(struct event_header));
	return whole;
}

static void wanted_variables_are_found_wherever_they_are(void)
{
	static char facts[FRAME_LENGTH_MOST];
	char name[] = "OTEL_SERVICE_NAME=shop", *environment[32] = { 0 };

	for (size_t i = 0; i < 12; i++)
		environment[i] = variable("FILLER", 100000 + i * 1777);
	environment[12] = name;
	environment[13] = variable("FILLER", 131072 - sizeof("FILLER="));
	environment[14] = variable("OTEL_RESOURCE_ATTRIBUTES", 20000);
	expect(facts_with(environment, facts));
	expect(strstr(facts, "\"OTEL_SERVICE_NAME\":\"shop\"") && strstr(facts, strchr(environment[14], '=') + 1));
}

static void a_variable_without_room_is_told_to_be_missing_and_costs_no_other(void)
{
	static char facts[FRAME_LENGTH_MOST];
	char name[] = "OTEL_SERVICE_NAME=shop", *environment[] = { variable("JAVA_TOOL_OPTIONS", 40000), name, NULL };

	expect(!facts_with(environment, facts));
	expect(!strstr(facts, "JAVA_TOOL_OPTIONS") && strstr(facts, "\"OTEL_SERVICE_NAME\":\"shop\""));
	expect(facts_with(environment + 1, facts));
}

static size_t strings_seen, bytes_seen;

static void see_string(void *context, char *string)
{
	strings_seen++;
	bytes_seen += strlen(string);
	if (context)
		expect(strncmp(string, context, strlen(string)) == 0);
}

/* Of a string that is longer than the room only its beginning is told, whatever comes before and behind it. */
static void strings_are_told_one_by_one(void)
{
	char bytes[64];

	for (size_t room = 2; room <= sizeof(bytes); room++) {
		strings_seen = bytes_seen = 0;
		proc_read_strings(getpid(), "cmdline", &(struct proc_strings){ .bytes = bytes, .room = room, .most = 1 << 20, .take = see_string, .context = program_invocation_name });
		expect(strings_seen == 1 && bytes_seen == (strlen(program_invocation_name) < room ? strlen(program_invocation_name) : room - 1));
	}
	strings_seen = 0;
	proc_read_strings(getpid(), "no-such-file", &(struct proc_strings){ .bytes = bytes, .room = sizeof(bytes), .most = 100, .take = see_string });
	expect(strings_seen == 0);
}

/* Random additions and removals against a plain list of flags. */
static void processes_are_found_again(void)
{
	static bool known[2000];
	struct processes processes;
	unsigned int seed = 20261125;

	printf("# seed %u\n", seed);
	expect(processes_init(&processes));
	for (int step = 0; step < 200000; step++) {
		__u32 pid = 1 + rand_r(&seed) % 1999;
		bool add = rand_r(&seed) % 2;
		if (add)
			expect(processes_add(&processes, pid * 7919)->pid == pid * 7919);
		else
			processes_remove(&processes, pid * 7919);
		known[pid] = add;
	}
	size_t count = 0;
	for (__u32 pid = 1; pid < 2000; pid++) {
		expect((processes_find(&processes, pid * 7919) != NULL) == known[pid]);
		count += known[pid];
	}
	expect(processes.count == count);
	processes_free(&processes);
}

static size_t heard_gone;

static void hear_gone(void *context, __u32 pid)
{
	(void)context;
	heard_gone += pid > 4194304;
}

/* Ids above PID_MAX_LIMIT are of no process; this one's own is. */
static void processes_that_are_gone_are_forgotten(void)
{
	struct processes processes;
	expect(processes_init(&processes));
	expect(processes_add(&processes, getpid()) != NULL);
	for (__u32 pid = 4194305; pid < 4194305 + 5000; pid++)
		expect(processes_add(&processes, pid) != NULL);
	processes_sweep(&processes, hear_gone, NULL);
	expect(heard_gone == 5000 && processes.count == 1 && processes_find(&processes, getpid()));
	processes_free(&processes);
}

static void processes_have_a_limit(void)
{
	struct processes processes;
	expect(processes_init(&processes));
	for (__u32 pid = 1; pid <= PROCESSES_MOST; pid++)
		expect(processes_add(&processes, pid) != NULL);
	expect(processes_add(&processes, PROCESSES_MOST + 1) == NULL && processes.refused == 1);
	expect(processes_add(&processes, 1) != NULL && processes.refused == 1);
	processes_free(&processes);
}

static void forks_are_known_until_they_run_a_program(void)
{
	static struct forks forks;
	const struct event_process first = { .header.tgid = 7, .parent = 3, .comm = "shop" }, second = { .header.tgid = 7 + FORKS_MOST, .parent = 4 };

	expect(!forks_find(&forks, 0) && !forks_find(&forks, 7));
	forks_add(&forks, &first);
	expect(forks_find(&forks, 7)->parent == 3 && strcmp(forks_find(&forks, 7)->comm, "shop") == 0);
	forks_remove(&forks, 7 + FORKS_MOST);
	expect(forks_find(&forks, 7) != NULL);
	forks_add(&forks, &second);
	expect(!forks_find(&forks, 7) && forks_find(&forks, 7 + FORKS_MOST)->parent == 4);
	forks_remove(&forks, 7 + FORKS_MOST);
	expect(!forks_find(&forks, 7 + FORKS_MOST));
}

int main(void)
{
	test("processes are found again", processes_are_found_again);
	test("processes that are gone are forgotten", processes_that_are_gone_are_forgotten);
	test("processes have a limit", processes_have_a_limit);
	test("forks are known until they run a program", forks_are_known_until_they_run_a_program);
	test("containers are named by their cgroup", containers_are_named_by_their_cgroup);
	test("the unified hierarchy is preferred", the_unified_hierarchy_is_preferred);
	test("wanted variables are found wherever they are", wanted_variables_are_found_wherever_they_are);
	test("a variable without room is told to be missing and costs no other", a_variable_without_room_is_told_to_be_missing_and_costs_no_other);
	test("strings are told one by one", strings_are_told_one_by_one);
	test("forks that end while they are read are known by their parent", forks_that_end_while_they_are_read_are_known_by_their_parent);
	return failures > 0;
}
