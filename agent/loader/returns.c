#include "returns.h"
#include <capstone/capstone.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FUNCTION_MOST (64 * 1024)

#if defined(__x86_64__)
#define ARCHITECTURE CS_ARCH_X86
#define MODE CS_MODE_64
#else
#define ARCHITECTURE CS_ARCH_ARM64
#define MODE CS_MODE_LITTLE_ENDIAN
#endif

struct walk {
	unsigned long begin;
	unsigned long end;
	unsigned long *offsets;
	size_t count;
	const char *why;
};

#if defined(__x86_64__)
/* A jump out of the function is a tail call: it returns from there, unseen. (Conditional ones lead to its own cold part.) */
static bool leaves(const struct walk *walk, const cs_insn *instruction)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	if (instruction->id != X86_INS_JMP || x86->op_count != 1 || x86->operands[0].type != X86_OP_IMM)
		return false; /* a jump table stays inside */
	unsigned long target = x86->operands[0].imm;
	return target < walk->begin || target >= walk->end;
}

static bool is_return(const cs_insn *instruction)
{
	return instruction->id == X86_INS_RET;
}
#else
static bool leaves(const struct walk *walk, const cs_insn *instruction)
{
	const cs_arm64 *arm = &instruction->detail->arm64;
	if (instruction->id != ARM64_INS_B || arm->cc > ARM64_CC_INVALID || arm->op_count == 0 || arm->operands[0].type != ARM64_OP_IMM)
		return false;
	unsigned long target = arm->operands[0].imm;
	return target < walk->begin || target >= walk->end;
}

static bool is_return(const cs_insn *instruction)
{
	return instruction->id == ARM64_INS_RET;
}
#endif

static void step(struct walk *walk, const cs_insn *instruction)
{
	if (leaves(walk, instruction))
		walk->why = "it ends in another function (tail call)";
	if (!is_return(instruction))
		return;
	if (walk->count == RETURNS_MOST)
		walk->why = "it has more than 64 returns";
	else
		walk->offsets[walk->count++] = instruction->address;
}

static void disassemble(struct walk *walk, const uint8_t *code)
{
	csh handle;
	size_t left = walk->end - walk->begin;
	uint64_t address = walk->begin;

	if (cs_open(ARCHITECTURE, MODE, &handle) != CS_ERR_OK) {
		walk->why = "the disassembler does not know this processor";
		return;
	}
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	cs_insn *instruction = cs_malloc(handle);
	while (left > 0 && !walk->why && cs_disasm_iter(handle, &code, &left, &address, instruction))
		step(walk, instruction);
	if (left > 0 && !walk->why)
		walk->why = "its code cannot be disassembled";
	cs_free(instruction, 1);
	cs_close(&handle);
}

static uint8_t *read_code(const char *path, const struct function *function)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *code = descriptor < 0 ? NULL : malloc(function->size);
	if (code && pread(descriptor, code, function->size, function->offset) != (ssize_t)function->size) {
		free(code);
		code = NULL;
	}
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

size_t returns_find(const char *path, const struct function *function, unsigned long offsets[RETURNS_MOST], const char **why)
{
	struct walk walk = { .begin = function->offset, .end = function->offset + function->size, .offsets = offsets };
	*why = "its size is not known";
	if (function->size == 0 || function->size > FUNCTION_MOST)
		return 0;
	uint8_t *code = read_code(path, function);
	*why = "its code cannot be read";
	if (!code)
		return 0;
	disassemble(&walk, code);
	free(code);
	*why = walk.why ? walk.why : walk.count == 0 ? "it never returns" : NULL;
	return *why ? 0 : walk.count;
}
