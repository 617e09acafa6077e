#include "ring.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

/* Documentation/bpf/ringbuf.rst: before each record its length with two flags, and where it stands; everything in steps of eight bytes. */
#define STEP(length) (((length) + 7) & ~(size_t)7)

bool ring_open(struct ring *ring, int map, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *consumed = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	void *produced = mmap(NULL, page + size, PROT_READ, MAP_SHARED, map, page);

	*ring = (struct ring){ .size = size, .whole = malloc(size) };
	if (consumed != MAP_FAILED)
		ring->consumed = consumed;
	if (produced != MAP_FAILED) {
		ring->produced = produced;
		ring->records = (unsigned char *)produced + page;
	}
	if (ring->consumed && ring->produced && ring->whole)
		return true;
	ring_close(ring);
	return false;
}

void ring_close(struct ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (ring->consumed)
		munmap(ring->consumed, page);
	if (ring->produced)
		munmap((void *)ring->produced, page + ring->size);
	free(ring->whole);
	*ring = (struct ring){ 0 };
}

static const void *whole_record(struct ring *ring, size_t at, size_t length)
{
	size_t before_end = ring->size - at;
	if (length <= before_end)
		return ring->records + at;
	memcpy(ring->whole, ring->records + at, before_end);
	memcpy(ring->whole + before_end, ring->records, length - before_end);
	return ring->whole;
}

size_t ring_consume(struct ring *ring, void (*take)(void *context, const void *record, size_t size), void *context)
{
	size_t count = 0;
	unsigned long at = *ring->consumed;
	unsigned long most = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) + ring->size;

	while (at < most && at < __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE)) {
		uint32_t head = __atomic_load_n((const uint32_t *)(ring->records + (at & (ring->size - 1))), __ATOMIC_ACQUIRE);
		size_t length = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (head & BPF_RINGBUF_BUSY_BIT || length > ring->size)
			break;
		if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
			take(context, whole_record(ring, (at + BPF_RINGBUF_HDR_SZ) & (ring->size - 1), length), length);
			count++;
		}
		at += STEP(BPF_RINGBUF_HDR_SZ + length);
		__atomic_store_n(ring->consumed, at, __ATOMIC_RELEASE);
	}
	return count;
}
