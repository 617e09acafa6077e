/* Where functions are in an ELF file: offsets as uprobes want them, and sizes. */
#ifndef TOCSIN_SYMBOLS_H
#define TOCSIN_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include "frames.h"

struct function {
	const char *name;    /* wanted */
	unsigned long offset; /* in the file; 0: not found */
	unsigned long size;
};

/* Fills in `functions`; false when the file cannot be read as ELF of this machine. */
bool symbols_find(const char *path, struct function *functions, size_t count);

#endif
