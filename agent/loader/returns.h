/* The RET instructions of a function, found by disassembling it (capstone): where a probe sees what it returns. */
#ifndef TOCSIN_RETURNS_H
#define TOCSIN_RETURNS_H

#include <stddef.h>
#include "symbols.h"

#define RETURNS_MOST 64

/* Offsets in the file of every RET of the function; 0 and `why` when it cannot be probed safely or wholly. */
size_t returns_find(const char *path, const struct function *function, unsigned long offsets[RETURNS_MOST], const char **why);

#endif
