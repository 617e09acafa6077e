#include "queue.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define KEPT_FOR_CONTROL(capacity) ((capacity) / 8)
/* More than a moment's events: what is only taken when the reader is late goes back when it has caught up. */
#define JAM_BYTES (1 << 20)

bool queue_init(struct queue *queue, size_t capacity)
{
	*queue = (struct queue){ .bytes = malloc(capacity), .capacity = capacity };
	return queue->bytes != NULL;
}

void queue_free(struct queue *queue)
{
	free(queue->bytes);
}

static size_t room_for(const struct queue *queue, const struct event_header *header)
{
	size_t free_bytes = queue->capacity - queue->used;
	size_t kept = header->type == EVENT_DATA ? KEPT_FOR_CONTROL(queue->capacity) : 0;
	return free_bytes > kept ? free_bytes - kept : 0;
}

bool queue_has_room(const struct queue *queue)
{
	return queue->capacity - queue->used >= FRAME_LENGTH_MOST;
}

bool queue_add(struct queue *queue, const void *frame, size_t length)
{
	struct event_header header;
	memcpy(&header, frame, sizeof(header));
	if (length > room_for(queue, &header)) {
		queue->dropped++;
		queue->dropped_bytes += length;
		return false;
	}
	size_t end = (queue->start + queue->used) % queue->capacity;
	size_t first = length < queue->capacity - end ? length : queue->capacity - end;
	memcpy(queue->bytes + end, frame, first);
	memcpy(queue->bytes, (const unsigned char *)frame + first, length - first);
	queue->used += length;
	if (queue->used > queue->most_used)
		queue->most_used = queue->used;
	if (queue->start + queue->used > queue->touched)
		queue->touched = queue->start + queue->used < queue->capacity ? queue->start + queue->used : queue->capacity;
	return true;
}

static ssize_t write_some(const struct queue *queue, int descriptor)
{
	size_t first = queue->used < queue->capacity - queue->start ? queue->used : queue->capacity - queue->start;
	struct iovec parts[2] = {
		{ .iov_base = queue->bytes + queue->start, .iov_len = first },
		{ .iov_base = queue->bytes, .iov_len = queue->used - first },
	};
	return writev(descriptor, parts, 2);
}

void queue_release(struct queue *queue)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)queue->bytes + page - 1) & ~(page - 1);
	uintptr_t end = (uintptr_t)(queue->bytes + queue->capacity) & ~(page - 1);

	if (queue->used > 0 || end <= begin)
		return;
	madvise((void *)begin, end - begin, MADV_DONTNEED);
	queue->touched = 0;
}

enum queue_flush queue_flush(struct queue *queue, int descriptor)
{
	while (queue->used > 0) {
		ssize_t written = write_some(queue, descriptor);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno == EAGAIN ? QUEUE_WAITING : QUEUE_BROKEN;
		queue->start = (queue->start + written) % queue->capacity;
		queue->used -= written;
	}
	queue->start = 0;
	if (queue->touched > JAM_BYTES)
		queue_release(queue);
	return QUEUE_EMPTY;
}
