/* One per CPU: what was lost there, and how many events were written. Read by the loader. */
#ifndef TOCSIN_COUNTERS_H
#define TOCSIN_COUNTERS_H

#include "events.h"

struct counters {
	__u64 losses[LOSS_REASONS];
	__u32 sequence;
	__u32 reserved;
};

#endif
