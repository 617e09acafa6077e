/* What the BPF programs tell the loader: the one description of every event, shared by kernel and user space.
 *
 * The loader passes these records on to the parser byte for byte (agent/PROTOCOL.md), so this file is half of that contract;
 * agent/loader/frames.h is the other half. Little endian, widest member first, no hidden padding (held by the assertions at the
 * end and by a test against agent/layout.ts). A changed layout or meaning needs a new TOCSIN_PROTOCOL. */
#ifndef TOCSIN_EVENTS_H
#define TOCSIN_EVENTS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define TOCSIN_PROTOCOL 2
#define TOCSIN_COMM 16
#define TOCSIN_CAPTURE_MOST 16000 /* head and tail of one event never exceed this together */

enum event_type {
	EVENT_DATA = 1,  /* bytes moved over one connection by one call */
	EVENT_OPEN = 2,  /* a connection worth following: precedes its first EVENT_DATA */
	EVENT_END = 3,   /* one direction ended: nothing more comes in it */
	EVENT_CLOSE = 4, /* the connection is gone */
	EVENT_EXEC = 5,  /* a process became another program */
	EVENT_EXIT = 6,  /* a process ended */
	EVENT_FORK = 7,  /* a process was started */
};

enum direction { DIRECTION_RECEIVE = 0, DIRECTION_SEND = 1 };
enum role { ROLE_UNKNOWN = 0, ROLE_CLIENT = 1, ROLE_SERVER = 2 };

/* How the agent came to know a connection. Only ORIGIN_SEEN starts at its first byte. */
enum origin { ORIGIN_SEEN = 0, ORIGIN_BACKFILLED = 1, ORIGIN_FIRST_USE = 2 };

/* A nomination, never a verdict: user space confirms. */
enum protocol {
	PROTOCOL_UNKNOWN = 0,
	PROTOCOL_HTTP1 = 1,
	PROTOCOL_HTTP2 = 2,
	PROTOCOL_POSTGRESQL = 3,
	PROTOCOL_REDIS = 4,
	PROTOCOL_TLS = 5,
};

enum source { SOURCE_SYSCALL = 0, SOURCE_TLS_LIBRARY = 1, SOURCE_IO_URING = 2 };

/* Why an event carries fewer bytes than the call moved. LIMIT is by choice, the others are blind spots. */
enum gap {
	GAP_NONE = 0,
	GAP_LIMIT = 1,        /* the capture limit cut it */
	GAP_NO_BUFFER = 2,    /* sendfile, splice: the bytes never were in the process' memory */
	GAP_UNREADABLE = 3,   /* the memory could not be read without faulting */
	GAP_VECTOR = 4,       /* more buffers in one call than are followed */
	GAP_UNKNOWN_CALL = 5, /* a call this agent does not know, or of a 32-bit program */
	GAP_DISCARDED = 6,    /* MSG_TRUNC: the kernel threw the bytes away, as asked */
	GAP_IO_URING = 7,     /* io_uring moved them and the request's buffer is not known */
};

/* Flags of a connection (connection_open.flags) and of data (data.flags). */
#define DATA_TLS 0x01        /* plaintext seen at a TLS library; position counts plaintext bytes */
#define DATA_HOLE_BEFORE 0x02 /* bytes before this position were moved by something unseen */
#define DATA_FIRST 0x04      /* the first event of this connection (and of its plaintext, when DATA_TLS) */

struct event_header {
	__u64 time_ns;  /* CLOCK_MONOTONIC */
	__u64 cookie;   /* of the socket, as SO_COOKIE gives it; 0 where no socket is meant */
	__u32 length;   /* of the whole event, this header included */
	__u32 tgid;     /* process id in the initial pid namespace */
	__u32 tid;      /* thread id there */
	__u32 sequence; /* per CPU, one more with each event: a hole here is lost events */
	__u16 type;     /* enum event_type, or enum frame_type of agent/loader/frames.h */
	__u16 cpu;
	__u32 reserved; /* 0 */
};

/* Followed by `head` and then `tail` bytes: the first and the last bytes of what the call moved. */
struct event_data {
	struct event_header header;
	__u64 position; /* bytes moved in this direction before this event */
	__u32 total;    /* bytes the call moved: the next event of this direction starts at position + total */
	__u32 head;     /* captured bytes from `position` on */
	__u32 tail;     /* captured bytes up to position + total; 0 unless head + tail < total */
	__u32 tcp_sequence; /* of the byte at `position`; 0 for plaintext and where unknown */
	__u8 direction;
	__u8 source;
	__u8 protocol;  /* nominated */
	__u8 role;
	__u8 gap;       /* enum gap */
	__u8 flags;     /* DATA_* */
	__u16 reserved; /* 0 */
};

struct event_open {
	struct event_header header; /* tgid, tid: who used it first */
	__u64 opened_ns;   /* CLOCK_MONOTONIC: established; 0 unless ORIGIN_SEEN */
	__u64 cgroup;      /* id in the unified hierarchy of the process in header */
	__u32 network;     /* inode of the network namespace */
	__u32 connect_us;  /* client, ORIGIN_SEEN: from SYN to established */
	__u8 local[16];    /* IPv4 in the first four bytes, the rest 0 */
	__u8 remote[16];
	char comm[TOCSIN_COMM]; /* of the thread; ends with 0 */
	__u16 local_port;  /* host order */
	__u16 remote_port;
	__u8 family;       /* 4 or 6; an IPv4-mapped IPv6 address is told as 4 */
	__u8 role;
	__u8 origin;
	__u8 protocol;     /* nominated */
	__u32 parent;      /* whose program the process in header runs as its fork; 0: it runs one of its own */
	__u32 first_sequence; /* TCP sequence number of the client's first byte: the same at both ends; 0: not known */
};

struct event_end {
	struct event_header header;
	__u64 position; /* bytes moved in this direction in all; plaintext not counted */
	__u8 direction;
	__u8 reserved[7];
};

struct event_close {
	struct event_header header; /* tgid, tid: 0, a connection ends in any context */
	__u64 received; /* bytes moved in all, as far as seen */
	__u64 sent;
	__u32 retransmits;
	__u32 round_trip_us; /* smoothed */
	__u32 error;         /* errno, for example ECONNRESET; 0 when it ended in order */
	__u32 by_peer;       /* 1: the other side ended it first, in order or not */
};

struct event_process {
	struct event_header header; /* tgid: the process meant; FORK: the new one */
	__u64 cgroup;
	__u32 parent; /* FORK: process id of the parent */
	__u32 exit_code; /* EXIT: as wait(2) gives it */
	char comm[TOCSIN_COMM];
};

/* Losses the kernel side counts, per CPU. Names: agent/loader/losses.c, told in LOSS frames. */
enum loss {
	LOSS_RING_FULL = 0,       /* events */
	LOSS_UNREADABLE = 1,      /* events whose bytes could not be read */
	LOSS_STATE = 2,           /* calls without room for their connection's state */
	LOSS_UNSEEN_BYTES = 3,    /* bytes moved by something unseen, found by TCP's own counters */
	LOSS_ORDER = 4,           /* calls of several threads at once on one socket, not to be put in order */
	LOSS_NO_BUFFER = 5,       /* calls with GAP_NO_BUFFER */
	LOSS_VECTOR = 6,          /* calls with GAP_VECTOR */
	LOSS_UNKNOWN_CALL = 7,    /* calls with GAP_UNKNOWN_CALL */
	LOSS_IO_URING = 8,        /* calls with GAP_IO_URING */
	LOSS_TLS_UNJOINED = 9,    /* TLS library calls whose connection is not known */
	LOSS_TLS_UNREADABLE = 10, /* TLS library calls whose bytes could not be read */
	LOSS_TLS_LENGTH = 11,     /* TLS library calls with a length that cannot be */
	LOSS_REASONS = 12,
};

_Static_assert(sizeof(struct event_header) == 40, "event_header");
_Static_assert(sizeof(struct event_data) == 72, "event_data");
_Static_assert(sizeof(struct event_open) == 128, "event_open");
_Static_assert(sizeof(struct event_end) == 56, "event_end");
_Static_assert(sizeof(struct event_close) == 72, "event_close");
_Static_assert(sizeof(struct event_process) == 72, "event_process");

#endif
