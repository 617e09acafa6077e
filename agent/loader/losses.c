#include "losses.h"

static const char *names[LOSS_REASONS] = {
	[LOSS_RING_FULL] = "ringFull", [LOSS_UNREADABLE] = "unreadable", [LOSS_STATE] = "state", [LOSS_UNSEEN_BYTES] = "unseenBytes",
	[LOSS_ORDER] = "order", [LOSS_NO_BUFFER] = "noBuffer", [LOSS_VECTOR] = "vector", [LOSS_UNKNOWN_CALL] = "unknownCall",
	[LOSS_IO_URING] = "ioUring", [LOSS_TLS_UNJOINED] = "tlsUnjoined", [LOSS_TLS_UNREADABLE] = "tlsUnreadable",
	[LOSS_TLS_LENGTH] = "tlsLength",
};

static int fold(struct counters *values, int cpus)
{
	for (int cpu = LOSSES_CPUS_MOST; cpu < cpus; cpu++)
		for (size_t reason = 0; reason < LOSS_REASONS; reason++)
			values[LOSSES_CPUS_MOST - 1].losses[reason] += values[cpu].losses[reason];
	return cpus < LOSSES_CPUS_MOST ? cpus : LOSSES_CPUS_MOST;
}

void losses_write(struct text *text, struct counters *values, int cpus)
{
	int told = fold(values, cpus);
	text_open(text, "cpus", '[');
	for (int cpu = 0; cpu < told; cpu++) {
		text_open(text, NULL, '{');
		text_number(text, "cpu", cpu);
		for (size_t reason = 0; reason < LOSS_REASONS; reason++)
			text_number(text, names[reason], values[cpu].losses[reason]);
		text_close(text, '}');
	}
	text_close(text, ']');
}
