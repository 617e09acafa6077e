#include "instructions.h"
#include <capstone/capstone.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define ARCHITECTURE CS_ARCH_X86
#define MODE CS_MODE_64

static bool is_of(unsigned int register_id, const unsigned int *family)
{
	for (; *family; family++)
		if (*family == register_id)
			return true;
	return false;
}

static bool is_argument(unsigned int register_id)
{
	static const unsigned int family[] = { X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, X86_REG_RSI, X86_REG_ESI, X86_REG_SI,
					       X86_REG_SIL, X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH, X86_REG_RCX,
					       X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH, 0 };
	return is_of(register_id, family);
}

static bool is_result(unsigned int register_id)
{
	static const unsigned int family[] = { X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH, 0 };
	return is_of(register_id, family);
}

static bool has_direct_target(const cs_insn *from)
{
	const cs_x86 *x86 = &from->detail->x86;
	return x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM;
}

static bool is_conditional(unsigned int id)
{
	return id >= X86_INS_JAE && id <= X86_INS_JS && id != X86_INS_JMP && id != X86_INS_LJMP && id != X86_INS_JCXZ &&
	       id != X86_INS_JECXZ && id != X86_INS_JRCXZ;
}

/* arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(): pushes of registers and direct jumps, without prefixes. */
static bool is_emulated(const cs_insn *from)
{
	const uint8_t *bytes = from->bytes;
	bool near = bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80;
	bool is_short = (bytes[0] & 0xf0) == 0x70;
	bool push = (bytes[0] & 0xf8) == 0x50 || (bytes[0] == 0x41 && (bytes[1] & 0xf8) == 0x50);
	return near || is_short || push;
}

static void describe(struct instruction *to, const cs_insn *from)
{
	to->is_return = from->id == X86_INS_RET;
	to->is_call = from->id == X86_INS_CALL;
	to->is_branch = is_conditional(from->id);
	to->is_jump = from->id == X86_INS_JMP;
	to->is_emulated = is_emulated(from);
	if ((to->is_branch || to->is_jump) && has_direct_target(from))
		to->target = from->detail->x86.operands[0].imm;
}
#else
#define ARCHITECTURE CS_ARCH_ARM64
#define MODE CS_MODE_LITTLE_ENDIAN

static bool is_argument(unsigned int register_id)
{
	return register_id >= ARM64_REG_X0 && register_id <= ARM64_REG_X3;
}

static bool is_result(unsigned int register_id)
{
	return register_id == ARM64_REG_X0 || register_id == ARM64_REG_W0;
}

static void describe(struct instruction *to, const cs_insn *from)
{
	const cs_arm64 *arm = &from->detail->arm64;
	bool conditional = arm->cc != ARM64_CC_INVALID && arm->cc != ARM64_CC_AL;
	to->is_return = from->id == ARM64_INS_RET;
	to->is_call = from->id == ARM64_INS_BL || from->id == ARM64_INS_BLR;
	to->is_branch = from->id == ARM64_INS_B && conditional;
	to->is_jump = from->id == ARM64_INS_B && !conditional;
	if (from->id == ARM64_INS_B && arm->op_count > 0 && arm->operands[0].type == ARM64_OP_IMM)
		to->target = arm->operands[0].imm;
}
#endif

static void note_writes(csh handle, struct instruction *to, const cs_insn *from)
{
	cs_regs read, written;
	uint8_t read_count = 0, written_count = 0;
	if (cs_regs_access(handle, from, read, &read_count, written, &written_count)) {
		to->writes_arguments = to->writes_result = true; /* not known: the careful answer */
		return;
	}
	for (uint8_t i = 0; i < written_count; i++) {
		to->writes_arguments = to->writes_arguments || is_argument(written[i]);
		to->writes_result = to->writes_result || is_result(written[i]);
	}
}

const char *instructions_read(struct instructions *instructions, const uint8_t *code, unsigned long begin, size_t size)
{
	csh handle;
	uint64_t address = begin;
	size_t left = size;

	*instructions = (struct instructions){ .list = calloc(size, sizeof(struct instruction)), .begin = begin, .end = begin + size };
	if (!instructions->list || cs_open(ARCHITECTURE, MODE, &handle) != CS_ERR_OK)
		return "the disassembler does not start";
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	cs_insn *one = cs_malloc(handle);
	while (left > 0 && cs_disasm_iter(handle, &code, &left, &address, one)) {
		struct instruction *to = &instructions->list[instructions->count++];
		*to = (struct instruction){ .address = one->address, .size = one->size };
		describe(to, one);
		note_writes(handle, to, one);
	}
	cs_free(one, 1);
	cs_close(&handle);
	return left > 0 ? "its code cannot be disassembled" : NULL;
}
