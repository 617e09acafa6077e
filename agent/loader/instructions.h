/* A function as a list of instructions, with what choosing probe places needs to know of each. */
#ifndef TOCSIN_INSTRUCTIONS_H
#define TOCSIN_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instruction {
	unsigned long address;
	unsigned long size;
	unsigned long target;  /* of a direct jump; 0: none */
	bool is_return;
	bool is_call;
	bool is_jump;          /* never goes on to the next instruction */
	bool is_branch;        /* conditional */
	bool is_emulated;      /* the kernel's uprobes need not single-step it: one trap instead of two */
	bool writes_arguments; /* a register of the first four arguments */
	bool writes_result;
};

struct instructions {
	struct instruction *list;
	size_t count;
	unsigned long begin;
	unsigned long end;
};

/* NULL, or why not. `list` is to be freed. */
const char *instructions_read(struct instructions *instructions, const uint8_t *code, unsigned long begin, size_t size);

#endif
