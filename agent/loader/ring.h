/* The ring that the programs write their events to, as this process reads it. Mapped once: libbpf maps it twice in a row, so that no record
 * is cut by its end, and the kernel counts every page of both as memory of this process. */
#ifndef TOCSIN_RING_H
#define TOCSIN_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
	unsigned long *consumed;       /* bytes read so far, for the kernel */
	const unsigned long *produced; /* bytes written so far */
	const unsigned char *records;
	size_t size; /* a power of two */
	unsigned char *whole; /* a record that the end of the ring cuts, put together */
};

/* `map`: of type BPF_MAP_TYPE_RINGBUF, with `size` bytes. */
bool ring_open(struct ring *ring, int map, size_t size);
void ring_close(struct ring *ring);

/* Hands over every record that is there, in order, and of those that are added meanwhile as many as the ring holds: whoever reads more slowly
 * than is written has other things to see to, like the end. Returns how many. */
size_t ring_consume(struct ring *ring, void (*take)(void *context, const void *record, size_t size), void *context);

#endif
