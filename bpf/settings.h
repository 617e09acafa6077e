/* What the loader tells the programs while they run, through the mapped .data section. */
#ifndef TOCSIN_SETTINGS_H
#define TOCSIN_SETTINGS_H

/* POLICY_ANNOUNCE: the full way, after another OPEN; it holds once. */
enum policy { POLICY_FULL = 0, POLICY_OFF = 1, POLICY_COUNT = 2, POLICY_ANNOUNCE = 3 };
/* KNOWN_MET: by an OPEN; KNOWN_TOLD: user space has its facts. */
enum known { KNOWN_MET = 1, KNOWN_TOLD = 2 };
enum backfill_pass { BACKFILL_LISTENERS = 0, BACKFILL_CONNECTIONS = 1 };

struct settings {
	__u32 generation;    /* one more when exclusions or policies changed: each connection decides again */
	__u32 capture;       /* bytes of a turn */
	__u32 capture_more;  /* bytes of each further call of the turn */
	__u32 tail;          /* last bytes of a call that was cut */
	__u32 wake_bytes;    /* waiting bytes at which the loader is woken before its time */
	__u32 backfill_pass; /* enum backfill_pass */
	__u32 follow_tls;    /* 1: TLS libraries are probed */
	__u32 follow_node;   /* 1: Node's own TLS is probed */
	__u32 follow_uring;  /* 1: requests of io_uring are noted */
	__u32 network;       /* inode of a network namespace to follow alone; 0: all */
};

#endif
