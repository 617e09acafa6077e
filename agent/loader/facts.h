/* The facts about a process that need rights to read, as a PROCESS frame. */
#ifndef TOCSIN_FACTS_H
#define TOCSIN_FACTS_H

#include "options.h"
#include "text.h"

/* `comm`: the name its last event carried, for a process that is gone already; NULL where none did. `library`: the kind of TLS
 * library it maps that is probed, or NULL. */
struct facts_of {
	__u32 pid;
	__u32 parent;        /* who forked it, where it has run no program of its own; 0: it has, or that is not known */
	const char *comm;    /* of a thread; NULL: not known */
	const char *library; /* TLS library; NULL: none that is known */
};

/* False where something that is wanted had no room. */
bool facts_write(struct text *text, const struct facts_of *process, const struct options *options);

#endif
