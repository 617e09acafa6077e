/* What the programs remember, and the maps that hold it. Every program file includes this; the linker joins the weak definitions. */
#ifndef TOCSIN_STATE_H
#define TOCSIN_STATE_H

#include "vmlinux/vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "counters.h"
#include "events.h"
#include "settings.h"

#define TLS_SESSIONS_MOST 16384
#define URING_REQUESTS_MOST 16384
#define NODE_HEADS_MOST 4096
#define EXCLUDED_MOST 4096
#define POLICIES_MOST 16384
#define LISTENERS_MOST 16384
#define KNOWN_MOST 16384

/* The kernel nominates from the first calls only: who said nothing known by then is not asked again. */
#define NOMINATION_TRIES 8
#define JOIN_TRIES 64
#define TAIL_MOST 128

#define CONNECTION_ANNOUNCED 0x01  /* an OPEN was written */
#define CONNECTION_POSITIONED 0x02 /* TCP's counters were taken at the first byte */
#define CONNECTION_GIVEN_UP 0x04   /* nominated nothing */
#define CONNECTION_JOINED 0x08     /* its TLS library object is known */
#define CONNECTION_DATA 0x10       /* a DATA was written */
#define CONNECTION_LEFT 0x40       /* of a TLS object: its connection is not followed */
#define CONNECTION_KERNEL 0x20     /* the kernel's own socket (NFS, a subflow) */

/* Turns: all calls in one direction until the other speaks. The capture limit counts from the start of each. */
struct turn {
	__u32 bytes;
	__u8 direction;
	__u8 tries;
	__u8 reserved[2];
};

struct stream {
	__u64 position;
	__u32 sequence;   /* TCP's counter after the last call seen */
	__u32 positioned; /* 1: `sequence` is valid */
};

/* One per socket, in the socket's own storage: freed with it, never evicted, found without a hash. */
struct connection {
	__u64 cookie;
	__u64 opened_ns;
	struct stream streams[2]; /* by enum direction */
	struct turn turn;
	__u32 connect_us;
	__u32 generation; /* of the settings by which `mode` was decided; 0: not yet */
	__u8 mode;        /* enum policy */
	__u8 flags;       /* CONNECTION_* */
	__u8 role;
	__u8 origin;
	__u8 protocol;
	__u8 join_tries;
	__u8 reserved[2];
};

enum tls_function { TLS_NONE = 0, TLS_READ = 1, TLS_WRITE = 2, TLS_READ_EX = 3, TLS_WRITE_EX = 4, TLS_HANDSHAKE = 5 };

/* One per thread that called a TLS library or moves batches of messages. */
struct thread {
	__u64 ssl;      /* the object of the TLS call that runs now; 0: none */
	__u64 entered_ns; /* when it began */
	__u64 moved_ns; /* when bytes moved inside that call, the last time; 0: not yet */
	__u64 buffer;
	__u64 length;   /* pointer, for the _ex functions */
	__u64 cookie;   /* of the connection that moved bytes inside that call; 0: none yet */
	__u64 vector;   /* of the sendmmsg or recvmmsg that runs now */
	__u64 batch;    /* cookie of its socket: once one is not followed any more its messages are not counted, and the vector may serve another */
	__u32 function; /* enum tls_function */
	__u32 next;     /* index of the next message in `vector` */
	__u8 role;      /* of `cookie` */
	__u8 off;       /* the connection inside that call is not followed */
	__u8 reserved[6];
};

struct tls_key {
	__u64 ssl;
	__u32 tgid;
	__u32 reserved;
};

/* One per TLS object: its connection, once known, and what was said in plaintext. */
struct tls_session {
	__u64 cookie; /* 0: not known yet */
	__u64 positions[2];
	struct turn turn;
	__u32 generation;
	__u8 mode;
	__u8 flags;
	__u8 role;
	__u8 protocol;
};

#define NODE_HEAD 24
struct node_head {
	__u8 bytes[NODE_HEAD];
	__u32 tgid;
	__u32 reserved;
};

struct uring_key {
	__u64 sk;
	__u32 direction;
	__u32 reserved;
};

struct uring_request {
	__u64 request; /* struct io_kiocb *, the latest submitted */
	__s32 open;    /* submitted and not completed: with more than one the bytes cannot be told apart */
	__u32 reserved;
};

struct listener {
	__u32 network;
	__u32 port;
};

/* Two of them, by direction: a program that is interrupted by another never shares its scratch with it. */
struct scratch {
	struct event_data data;
	__u8 bytes[TOCSIN_CAPTURE_MOST * 2];
};

struct settings settings __weak SEC(".data.settings") = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TLS_SESSIONS_MOST);
	__type(key, struct tls_key);
	__type(value, struct tls_session);
} tls_sessions __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NODE_HEADS_MOST);
	__type(key, struct node_head);
	__type(value, __u64); /* the TLS object that produced these bytes */
} node_heads __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, URING_REQUESTS_MOST);
	__type(key, struct uring_key);
	__type(value, struct uring_request);
} uring_requests __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EXCLUDED_MOST);
	__type(key, __u32); /* process id */
	__type(value, __u8);
} excluded_processes __weak SEC(".maps");

/* Processes that were announced with a connection, and whether user space has their facts: of these it wants to know forks and the end. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KNOWN_MOST);
	__type(key, __u32); /* process id */
	__type(value, __u8); /* enum known */
} known_processes __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EXCLUDED_MOST);
	__type(key, __u16);
	__type(value, __u8);
} excluded_ports __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POLICIES_MOST);
	__type(key, __u64); /* cookie */
	__type(value, __u8); /* enum policy */
} policies __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LISTENERS_MOST);
	__type(key, struct listener);
	__type(value, __u8);
} listeners __weak SEC(".maps");

#endif
