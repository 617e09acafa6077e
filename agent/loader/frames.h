/* What the loader adds to the kernel's events on its way to the parser: frames of its own, in the same envelope
 * (struct event_header), most of them with JSON behind it. agent/PROTOCOL.md tells every field. */
#ifndef TOCSIN_FRAMES_H
#define TOCSIN_FRAMES_H

#include "../../bpf/events.h"

/* Continues enum event_type; text frames carry one JSON object (UTF-8) after the header. */
enum frame_type {
	FRAME_HELLO = 64,   /* JSON, the first frame: versions, kernel, what is attached */
	FRAME_CLOCK = 65,   /* struct frame_clock: at the start, every ten seconds, and when the clock was set */
	FRAME_PROCESS = 66, /* JSON: facts about a process, before the first event that names it */
	FRAME_LOSS = 67,    /* JSON: every loss counter, when one changed and every ten seconds */
	FRAME_LIBRARY = 68, /* JSON: a TLS library was attached to, or refused */
	FRAME_COST = 69,    /* JSON: what the programs and the loader cost, every ten seconds */
};

struct frame_clock {
	struct event_header header; /* time_ns: CLOCK_MONOTONIC at the same moment */
	__u64 realtime_ns;          /* CLOCK_REALTIME */
	__u64 boottime_ns;          /* CLOCK_BOOTTIME, the base of process start times */
};

/* A frame longer than this is a defect: the reader stops instead of guessing where the next one starts. */
#define FRAME_LENGTH_MOST 65536

_Static_assert(sizeof(struct frame_clock) == 56, "frame_clock");
_Static_assert(sizeof(struct event_data) + TOCSIN_CAPTURE_MOST < FRAME_LENGTH_MOST, "FRAME_LENGTH_MOST");

#endif
