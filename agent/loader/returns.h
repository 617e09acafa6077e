/* Where to probe a function, found by disassembling it (capstone): one place at its beginning, one on every way out. */
#ifndef TOCSIN_RETURNS_H
#define TOCSIN_RETURNS_H

#include <stddef.h>
#include "symbols.h"

#define RETURNS_MOST 64

struct function_places {
	unsigned long entry; /* the arguments are in their registers, whoever calls */
	unsigned long returns[RETURNS_MOST]; /* the result is in its register */
	size_t return_count;
};

/* Offsets in the file. False and `why` when the function cannot be probed safely or wholly. */
bool returns_find(const char *path, const struct function *function, struct function_places *places, const char **why);

#endif
