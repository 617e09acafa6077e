/* Frames on their way to the parser: a bounded ring of bytes. When the parser does not keep up, data is dropped and counted; a part
 * of the room is kept for what is small and must not be missing (connections, processes, losses). */
#ifndef TOCSIN_QUEUE_H
#define TOCSIN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include "frames.h"

struct queue {
	unsigned char *bytes;
	size_t capacity;
	size_t start;
	size_t used;
	size_t most_used;
	size_t touched; /* bytes from the beginning whose memory is taken */
	__u64 dropped;
	__u64 dropped_bytes;
};

bool queue_init(struct queue *queue, size_t capacity);
void queue_free(struct queue *queue);

/* Whether any frame at all would be taken now. */
bool queue_has_room(const struct queue *queue);

/* Adds a whole frame; false, and counted, when there is no room for it. */
bool queue_add(struct queue *queue, const void *frame, size_t length);

enum queue_flush { QUEUE_EMPTY, QUEUE_WAITING, QUEUE_BROKEN };

/* Gives back the memory of a queue that is empty; it is taken again page by page. Flushing does so by itself after a jam. */
void queue_release(struct queue *queue);

/* Writes what the descriptor takes without waiting. QUEUE_BROKEN: the reader is gone. */
enum queue_flush queue_flush(struct queue *queue, int descriptor);

#endif
