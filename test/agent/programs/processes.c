/* Tests of what the loader knows and tells of processes (units.h). Linked with the loader's own files. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../agent/loader/proc.h"
static ssize_t read_of_one_that_ends(__u32 pid, const char *name, char *bytes, size_t room);
#define proc_read read_of_one_that_ends
#include "../../../agent/loader/facts.c" /* its parts are tested, not only its whole */
#undef proc_read
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

static ssize_t read_of_one_that_ends(__u32 pid, const char *name, char *bytes, size_t room)
{
	if (ending.file && (pid_t)pid == ending.pid && strcmp(name, ending.file) == 0) {
		kill(ending.pid, SIGKILL);
		waitpid(ending.pid, NULL, 0);
		ending.file = NULL;
	}
	return proc_read(pid, name, bytes, room);
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
	test("forks that end while they are read are known by their parent", forks_that_end_while_they_are_read_are_known_by_their_parent);
	return failures > 0;
}
