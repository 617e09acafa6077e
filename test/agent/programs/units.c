/* Tests of the loader's parts that need no kernel and no programs to look into (units.h). Linked with the loader's own files. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "../../../agent/loader/losses.h"
#include "../../../agent/loader/options.h"
#include "../../../agent/loader/queue.h"
#include "../../../agent/loader/ring.h"
#include "../../../agent/loader/text.h"
#include "units.h"

static size_t make_frame(unsigned char *bytes, __u16 type, size_t length, unsigned char fill)
{
	struct event_header header = { .type = type, .length = length };
	memset(bytes, fill, length);
	memcpy(bytes, &header, sizeof(header));
	return length;
}

/* Frames of changing sizes through a small queue: what comes out is what went in, byte for byte, across the end of the ring. */
static void queue_keeps_order_across_its_end(void)
{
	struct queue queue;
	int ends[2];
	unsigned char frame[512], back[512];

	expect(pipe2(ends, O_NONBLOCK) == 0 && queue_init(&queue, 4096));
	for (unsigned int round = 0; round < 5000; round++) {
		size_t length = make_frame(frame, EVENT_CLOSE, 40 + round * 37 % 400, round);
		expect(queue_add(&queue, frame, length));
		expect(queue_flush(&queue, ends[1]) == QUEUE_EMPTY);
		expect(read(ends[0], back, sizeof(back)) == (ssize_t)length && memcmp(back, frame, length) == 0);
	}
	expect(queue.dropped == 0 && queue.used == 0);
	queue_free(&queue);
	close(ends[0]);
	close(ends[1]);
}

static void full_queue_drops_data_first(void)
{
	struct queue queue;
	unsigned char frame[512];
	size_t data = 0;

	expect(queue_init(&queue, 8192));
	while (queue_add(&queue, frame, make_frame(frame, EVENT_DATA, 200, 1)))
		data++;
	expect(data == (8192 - 1024) / 200);
	expect(queue.dropped == 1 && queue.dropped_bytes == 200);
	expect(queue_add(&queue, frame, make_frame(frame, EVENT_CLOSE, 72, 2)));
	expect(queue.used == data * 200 + 72);
	queue_free(&queue);
}

static void reader_that_is_gone_is_noticed(void)
{
	struct queue queue;
	unsigned char frame[64];
	int ends[2];

	expect(pipe(ends) == 0 && queue_init(&queue, 4096));
	close(ends[0]);
	queue_add(&queue, frame, make_frame(frame, EVENT_CLOSE, 64, 0));
	expect(queue_flush(&queue, ends[1]) == QUEUE_BROKEN);
	queue_free(&queue);
	close(ends[1]);
}

static bool is_resident(const unsigned char *byte)
{
	unsigned char resident = 0;
	size_t page = sysconf(_SC_PAGESIZE);
	mincore((void *)((size_t)byte & ~(page - 1)), page, &resident);
	return resident & 1;
}

static void memory_of_a_jam_is_given_back(void)
{
	struct queue queue;
	unsigned char frame[4096];
	int sink = open("/dev/null", O_WRONLY);

	expect(queue_init(&queue, 4 << 20));
	for (int i = 0; i < 600; i++)
		expect(queue_add(&queue, frame, make_frame(frame, EVENT_CLOSE, sizeof(frame), i)));
	expect(is_resident(queue.bytes + (2 << 20)));
	expect(queue_flush(&queue, sink) == QUEUE_EMPTY && !is_resident(queue.bytes + (2 << 20)));
	/* What comes in a moment stays where it is. */
	expect(queue_add(&queue, frame, sizeof(frame)) && queue_flush(&queue, sink) == QUEUE_EMPTY && is_resident(queue.bytes + 4096));
	queue_free(&queue);
	close(sink);
}

static void text_is_json_whatever_the_names(void)
{
	static struct text text;
	static const char *expected = "{\"name\":\"a\\\"b\\\\c\\u000a\\u007f\",\"broken\":\"\\ufffdx\\ufffd\",\"fine\":\"\xc3\xa9\xe2\x82\xac\","
				      "\"list\":[1,\"two\",null],\"inner\":{\"large\":\"18446744073709551615\",\"yes\":true}}";
	text_begin_plain(&text);
	text_string(&text, "name", "a\"b\\c\n\x7f");
	text_string(&text, "broken", "\xffx\xc3");
	text_string(&text, "fine", "\xc3\xa9\xe2\x82\xac");
	text_open(&text, "list", '[');
	text_number(&text, NULL, 1);
	text_string(&text, NULL, "two");
	text_string(&text, NULL, NULL);
	text_close(&text, ']');
	text_open(&text, "inner", '{');
	text_number_string(&text, "large", ~0ULL);
	text_boolean(&text, "yes", true);
	text_close(&text, '}');
	text_close(&text, '}');
	expect(!text.overflow && strncmp(text.bytes, expected, text.length) == 0 && text.length == strlen(expected));
}

static void text_that_is_too_long_is_said_to_be(void)
{
	static struct text text;
	text_begin(&text, FRAME_PROCESS, 1);
	for (int i = 0; i < 10000; i++)
		text_string(&text, "name", "0123456789");
	text_finish(&text);
	expect(text.overflow);
}

static void losses_of_many_cpus_fit_a_frame(void)
{
	static struct text text;
	static struct counters values[8192];
	for (size_t cpu = 0; cpu < 8192; cpu++)
		for (size_t reason = 0; reason < LOSS_REASONS; reason++)
			values[cpu].losses[reason] = ~0ULL >> 13;
	text_begin(&text, 67, 0);
	losses_write(&text, values, 8192);
	text_finish(&text);
	expect(!text.overflow);
	expect(strstr(text.bytes + sizeof(struct event_header), "{\"cpu\":127,\"ringFull\":18160765497371517055"));
}

static const char *parse(struct options *options, const char *first, const char *second)
{
	char *arguments[] = { (char *)first, (char *)second };
	return options_parse(options, second ? 2 : first ? 1 : 0, arguments);
}

static void arguments_are_checked(void)
{
	struct options options;
	expect(parse(&options, NULL, NULL) == NULL && options.port_count == 2 && options.ports[0] == 22 && options.ports[1] == 2379);
	expect(options.capture == 4096 && options.tls && options.environment_count == 5);
	expect(parse(&options, "--exclude-ports", "8080,443") == NULL && options.port_count == 2 && options.ports[1] == 443);
	expect(parse(&options, "--exclude-ports", "none") == NULL && options.port_count == 0);
	expect(parse(&options, "--environment", "APP_*") == NULL && options.environment_count == 1);
	expect(strstr(parse(&options, "--exclude-ports", "0"), "from 1 to 65535"));
	expect(strstr(parse(&options, "--exclude-ports", "1,,2"), "from 1 to 65535"));
	expect(strstr(parse(&options, "--capture", "99999"), "16 to 15872"));
	expect(strstr(parse(&options, "--capture", "-1"), "number"));
	expect(strstr(parse(&options, "--tail", "129"), "at most 128"));
	expect(strstr(parse(&options, "--ring-bytes", "300000"), "power of two"));
	expect(strstr(parse(&options, "--exclude-pid", "x"), "process id"));
	expect(strstr(parse(&options, "--colour", "3"), "unknown option"));
	expect(strstr(parse(&options, "--capture", NULL), "number"));
}

/* A ring as the kernel lays it out: a page with what was read, one with what was written, the records. */
#define RING_BYTES 4096
struct written {
	unsigned char *pages;
	size_t page;
	unsigned long end;
	unsigned int next; /* what the next record is filled with */
	size_t taken;
};

static void write_record(struct written *written, unsigned int length, unsigned int flags)
{
	unsigned char *records = written->pages + 2 * written->page;
	memcpy(records + written->end % RING_BYTES, &(unsigned int){ length | flags }, sizeof(length));
	for (unsigned int i = 0; i < length; i++)
		records[(written->end + BPF_RINGBUF_HDR_SZ + i) % RING_BYTES] = flags ? 0xff : written->next;
	written->next += !flags;
	written->end += (BPF_RINGBUF_HDR_SZ + length + 7) / 8 * 8;
	*(unsigned long *)(written->pages + written->page) = written->end;
}

static void take_record(void *context, const void *record, size_t size)
{
	struct written *written = context;
	unsigned char wanted = written->taken;
	expect(size == 1 + written->taken * 37 % 600);
	for (size_t i = 0; i < size; i++)
		expect(((const unsigned char *)record)[i] == wanted);
	written->taken++;
}

/* Records of changing sizes, some of them thrown away by the kernel, many of them cut by the end of the ring. */
static void the_ring_is_read_across_its_end(void)
{
	struct written written = { .page = sysconf(_SC_PAGESIZE) };
	int map = memfd_create("ring", 0);
	size_t all = 2 * written.page + RING_BYTES;
	struct ring ring;

	expect(ftruncate(map, all) == 0 && ring_open(&ring, map, RING_BYTES));
	written.pages = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	for (unsigned int round = 0; round < 5000; round++) {
		write_record(&written, 1 + round * 37 % 600, 0);
		if (round % 3 == 0)
			write_record(&written, 1 + round % 50, BPF_RINGBUF_DISCARD_BIT);
		expect(ring_consume(&ring, take_record, &written) == 1);
	}
	expect(written.taken == 5000 && *(unsigned long *)written.pages == written.end);
	/* One that is being written holds up what comes behind it. */
	write_record(&written, 8, BPF_RINGBUF_BUSY_BIT);
	write_record(&written, 8, 0);
	expect(ring_consume(&ring, take_record, &written) == 0);
	ring_close(&ring);
	munmap(written.pages, all);
	close(map);
}

/* Each record that is taken makes another, up to a number that no reader is to come to. */
#define RECORDS_TOO_MANY 100000

static void take_and_write(void *context, const void *record, size_t size)
{
	struct written *written = context;
	(void)record, (void)size;
	if (++written->taken < RECORDS_TOO_MANY)
		write_record(written, 8, 0);
}

static void the_ring_that_is_written_faster_than_read_is_left_in_between(void)
{
	struct written written = { .page = sysconf(_SC_PAGESIZE) };
	written.pages = calloc(1, 2 * written.page + RING_BYTES);
	struct ring ring = {
		.consumed = (unsigned long *)written.pages, .produced = (unsigned long *)(written.pages + written.page),
		.records = written.pages + 2 * written.page, .size = RING_BYTES, .whole = malloc(RING_BYTES),
	};
	write_record(&written, 8, 0);
	expect(ring_consume(&ring, take_and_write, &written) <= 2 * RING_BYTES / 16);
	expect(*ring.consumed < *ring.produced && ring_consume(&ring, take_and_write, &written) > 0);
	free(ring.whole);
	free(written.pages);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test("the queue keeps order and bytes across its end", queue_keeps_order_across_its_end);
	test("a full queue drops data and keeps room for what is small", full_queue_drops_data_first);
	test("a reader that is gone is noticed", reader_that_is_gone_is_noticed);
	test("memory of a jam is given back", memory_of_a_jam_is_given_back);
	test("text is JSON whatever the names", text_is_json_whatever_the_names);
	test("text that is too long is said to be", text_that_is_too_long_is_said_to_be);
	test("losses of many CPUs fit a frame", losses_of_many_cpus_fit_a_frame);
	test("the ring is read across its end", the_ring_is_read_across_its_end);
	test("arguments are checked", arguments_are_checked);
	test("the ring that is written faster than read is left in between", the_ring_that_is_written_faster_than_read_is_left_in_between);
	return failures > 0;
}
