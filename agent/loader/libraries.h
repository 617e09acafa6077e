/* TLS libraries: which files processes map, which functions they have, and the probes on them. A file is known by device and inode,
 * so a library is probed once however many containers and processes use it. */
#ifndef TOCSIN_LIBRARIES_H
#define TOCSIN_LIBRARIES_H

#include <stdbool.h>
#include "proc.h"
#include "text.h"

#define LIBRARIES_MOST 4096
#define LIBRARY_LINKS 4

struct library {
	struct file_identity identity;
	const char *kind; /* "openssl", "node", or NULL: looked at, nothing there */
	int links[LIBRARY_LINKS];
	size_t link_count;
	bool mapped;  /* by a process, as the last look found */
	bool settled; /* an executable whose libraries were looked at when it had run for a while */
};

struct tls_programs {
	int enter;
	int leave;
	int release;
	int node_write;
};

struct libraries {
	struct library known[LIBRARIES_MOST];
	size_t count;
	size_t refused; /* looks at files for which there was no room */
	struct tls_programs programs;
	void (*tell)(void *context, struct text *text); /* a LIBRARY frame */
	void (*node_found)(void *context);
	void *context;
};

/* Looks at the files the process maps; returns the kind of library that is probed in it, or NULL. */
const char *libraries_scan(struct libraries *libraries, __u32 pid);

/* Whether a process that runs this executable was looked at before, or there is none any more; `settle`: from now on it was. */
bool libraries_is_settled(struct libraries *libraries, __u32 pid, bool settle);
void libraries_scan_all(struct libraries *libraries);

/* Looks at all processes and lets go of the files that none maps any more: a probe keeps a deleted file on disk. */
void libraries_sweep(struct libraries *libraries);
void libraries_close(struct libraries *libraries);

#endif
