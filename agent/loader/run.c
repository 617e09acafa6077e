/* The loop: drains the ring buffer in batches, passes frames on, obeys commands, reports. One thread, no locks. */
#include "loader.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <linux/capability.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "programs.h"
#include "ring.h"

#define BUSY_MS 50        /* how often the ring is emptied under load: batches, not one wake-up per event */
#define IDLE_MS 100
#define TICK_NS 1000000000ULL
#define REPORT_TICKS 10
#define FORGET_TICKS 60
#define SWEEP_TICKS 300
#define PIPE_BYTES (1 << 20)
#define LINE_MOST 4096
#define DRAIN_PAUSE_US 10000
#define DRAIN_ROUNDS 200 /* so many pauses in which nobody read anything end the waiting */

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#define CAP_CHECKPOINT_RESTORE 40
#endif

struct loop {
	struct loader *loader;
	struct ring ring;
	int epoll;
	int signals;
	int clock; /* fires when the system's clock is set */
	bool watching_output;
	__u64 next_tick;
	__u64 ticks;
	int wait_ms;
	char line[LINE_MOST];
	size_t line_length;
};

static void keep_capabilities(void)
{
	static const int kept[] = { CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_PERFMON, CAP_BPF, CAP_CHECKPOINT_RESTORE };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2], want[2] = { 0 };

	if (syscall(SYS_capget, &header, have))
		return;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		__u32 bit = 1U << (kept[i] & 31);
		want[kept[i] >> 5].permitted |= have[kept[i] >> 5].permitted & bit;
		want[kept[i] >> 5].effective |= have[kept[i] >> 5].effective & bit;
	}
	if (syscall(SYS_capset, &header, want) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fprintf(stderr, "tocsin-agent-loader: keeps more rights than it needs: %s\n", strerror(errno));
}

static void tell_library(void *context, struct text *text)
{
	struct loader *loader = context;
	if (!text->overflow)
		queue_add(&loader->queue, text->bytes, text->length);
}

static void follow_node(void *context)
{
	struct loader *loader = context;
	session_follow_node(&loader->session);
}

static void watch(struct loop *loop, int descriptor, __u32 events)
{
	struct epoll_event event = { .events = events, .data.fd = descriptor };
	epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static bool open_loop(struct loop *loop)
{
	sigset_t set;
	struct itimerspec never = { .it_value.tv_sec = 0x7fffffffLL };

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	loop->clock = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	timerfd_settime(loop->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
	int events = bpf_map__fd(loop->loader->session.programs->maps.events);
	if (loop->epoll < 0 || loop->signals < 0 || loop->clock < 0 || !ring_open(&loop->ring, events, loop->loader->options.ring_bytes))
		return false;
	watch(loop, loop->signals, EPOLLIN);
	watch(loop, loop->clock, EPOLLIN);
	watch(loop, events, EPOLLIN);
	watch(loop, STDIN_FILENO, EPOLLIN | EPOLLRDHUP);
	loop->next_tick = now_ns() + TICK_NS;
	return true;
}

static void close_loop(struct loop *loop)
{
	ring_close(&loop->ring);
	close(loop->epoll);
	close(loop->signals);
	close(loop->clock);
}

/* A descriptor that epoll refuses (a file) is always writable. */
static void flush(struct loop *loop)
{
	struct loader *loader = loop->loader;
	struct epoll_event event = { .events = EPOLLOUT, .data.fd = loader->output };
	enum queue_flush state = queue_flush(&loader->queue, loader->output);

	loader->broken = state == QUEUE_BROKEN;
	if ((state == QUEUE_WAITING) == loop->watching_output)
		return;
	loop->watching_output = state == QUEUE_WAITING;
	epoll_ctl(loop->epoll, loop->watching_output ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, loader->output, &event);
}

static void obey_lines(struct loop *loop)
{
	char *end;
	loop->line[loop->line_length] = '\0';
	char *begin = loop->line;
	while ((end = strchr(begin, '\n'))) {
		*end = '\0';
		obey(loop->loader, begin);
		begin = end + 1;
	}
	loop->line_length -= begin - loop->line;
	memmove(loop->line, begin, loop->line_length);
}

/* The end of stdin is the end of the loader: whoever started it is gone. */
static void read_commands(struct loop *loop)
{
	if (loop->line_length + 1 >= sizeof(loop->line)) {
		fprintf(stderr, "tocsin-agent-loader: a command line is longer than %d bytes\n", LINE_MOST - 1);
		loop->line_length = 0;
	}
	ssize_t length = read(STDIN_FILENO, loop->line + loop->line_length, sizeof(loop->line) - 1 - loop->line_length);
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		loop->loader->quit = true;
		return;
	}
	if (length < 0)
		return;
	loop->line_length += length;
	obey_lines(loop);
}

static void clock_was_set(struct loop *loop)
{
	__u64 expirations;
	struct itimerspec never = { .it_value.tv_sec = 0x7fffffffLL };
	if (read(loop->clock, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		report_clock(loop->loader);
	timerfd_settime(loop->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

/* Its end was missed. Whoever gets its number next is not excluded for it. */
static void forget_process(void *context, __u32 pid)
{
	struct loader *loader = context;
	session_know_process(&loader->session, pid, false);
	session_exclude_pid(&loader->session, pid, false);
}

/* Pages of a library that nothing was written to: they come back from the file when they are needed. */
static int release_object(struct dl_phdr_info *object, size_t size, void *context)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);

	(void)size, (void)context;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t begin = (object->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
		uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W) && end > begin)
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

/* Looking for libraries takes tables of instructions and symbols, which then lie there for nothing. */
static void release_memory(void)
{
	malloc_trim(0);
	dl_iterate_phdr(release_object, NULL);
}

static void tick(struct loop *loop)
{
	__u64 now = now_ns();
	if (now < loop->next_tick)
		return;
	loop->next_tick = now + TICK_NS;
	bool report = ++loop->ticks % REPORT_TICKS == 0;
	report_losses(loop->loader, report);
	if (report) {
		report_clock(loop->loader);
		report_cost(loop->loader);
		release_memory();
		queue_release(&loop->loader->queue);
	}
	if (loop->ticks % FORGET_TICKS == 0)
		processes_sweep(&loop->loader->processes, forget_process, loop->loader);
	if (loop->ticks % SWEEP_TICKS == 0 && loop->loader->options.tls)
		libraries_sweep(&loop->loader->libraries);
}

static void turn(struct loop *loop)
{
	struct epoll_event events[8];
	int count = epoll_wait(loop->epoll, events, 8, loop->wait_ms);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == STDIN_FILENO)
			read_commands(loop);
		else if (events[i].data.fd == loop->clock)
			clock_was_set(loop);
		else if (events[i].data.fd == loop->signals)
			loop->loader->quit = true;
	}
	size_t taken = ring_consume(&loop->ring, take_event, loop->loader);
	look_at_young(loop->loader);
	tick(loop);
	flush(loop);
	loop->wait_ms = taken > 0 || loop->loader->young_count ? BUSY_MS : loop->wait_ms * 2 > IDLE_MS ? IDLE_MS : loop->wait_ms * 2;
}

/* Everything seen before the end is passed on, as long as someone reads; what is left over is told. */
static void drain(struct loop *loop)
{
	struct loader *loader = loop->loader;
	ring_consume(&loop->ring, take_event, loop->loader);
	report_losses(loader, true);
	flush(loop);
	size_t left = loader->queue.used;
	for (int round = 0; round < DRAIN_ROUNDS && !loader->broken && loader->queue.used > 0; round++) {
		usleep(DRAIN_PAUSE_US);
		flush(loop);
		if (loader->queue.used < left)
			round = 0;
		left = loader->queue.used;
	}
	if (loader->queue.used > 0)
		fprintf(stderr, "tocsin-agent-loader: %zu bytes of events were lost at the end: nobody read them\n", loader->queue.used);
}

static bool start(struct loader *loader)
{
	if (!session_open(&loader->session, &loader->options))
		return false;
	session_set_ports(&loader->session, &loader->options);
	session_exclude_pid(&loader->session, getpid(), true);
	session_exclude_pid(&loader->session, getppid(), true);
	for (size_t i = 0; i < loader->options.pid_count; i++)
		session_exclude_pid(&loader->session, loader->options.pids[i], true);
	loader->libraries.programs = (struct tls_programs){
		.enter = bpf_program__fd(loader->session.programs->progs.on_tls_enter),
		.leave = bpf_program__fd(loader->session.programs->progs.on_tls_return),
		.release = bpf_program__fd(loader->session.programs->progs.on_tls_free),
		.node_write = bpf_program__fd(loader->session.programs->progs.on_node_write),
	};
	loader->options.tls = loader->options.tls && loader->libraries.programs.enter >= 0;
	return true;
}

static bool prepare(struct loader *loader)
{
	loader->output = STDOUT_FILENO;
	loader->libraries.tell = tell_library;
	loader->libraries.node_found = follow_node;
	loader->libraries.context = loader;
	fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	if (queue_init(&loader->queue, loader->options.queue_bytes) && processes_init(&loader->processes))
		return true;
	fprintf(stderr, "tocsin-agent-loader: no memory for the queue\n");
	return false;
}

/* HELLO is the first frame, so everything that may be missing is tried before it; events wait in the ring meanwhile. */
static bool begin(struct loader *loader)
{
	if (!session_attach(&loader->session)) {
		fprintf(stderr, "tocsin-agent-loader: the programs for sending and receiving cannot be attached\n");
		return false;
	}
	session_backfill(&loader->session);
	report_hello(loader);
	report_clock(loader);
	if (loader->options.tls)
		libraries_scan_all(&loader->libraries);
	keep_capabilities();
	release_memory();
	return true;
}

int run(int count, char **arguments)
{
	static struct loader loader;
	static struct loop loop = { .loader = &loader, .wait_ms = BUSY_MS };
	const char *problem = options_parse(&loader.options, count, arguments);
	if (problem) {
		fprintf(stderr, "tocsin-agent-loader: %s\n", problem);
		return 2;
	}
	if (!prepare(&loader))
		return 3;
	if (!start(&loader))
		return 1;
	bool running = open_loop(&loop) && begin(&loader);
	while (running && !loader.quit && !loader.broken)
		turn(&loop);
	if (running)
		drain(&loop);
	libraries_close(&loader.libraries);
	close_loop(&loop);
	session_close(&loader.session);
	queue_free(&loader.queue);
	processes_free(&loader.processes);
	return running ? 0 : 1;
}
