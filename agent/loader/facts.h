/* The facts about a process that need rights to read, as a PROCESS frame. */
#ifndef TOCSIN_FACTS_H
#define TOCSIN_FACTS_H

#include "options.h"
#include "text.h"

/* `comm`: the name its last event carried, for a process that is gone already; NULL where none did. `library`: the kind of TLS
 * library it maps that is probed, or NULL. */
void facts_write(struct text *text, __u32 pid, const char *comm, const char *library, const struct options *options);

#endif
