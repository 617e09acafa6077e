/* 64-bit ARM: registers, system call numbers, and how to tell whether a system call is running. Linux 6.18. */
#ifndef TOCSIN_VMLINUX_AARCH64_H
#define TOCSIN_VMLINUX_AARCH64_H

struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
} __attribute__((preserve_access_index));

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			u64 regs[31];
			u64 sp;
			u64 pc;
			u64 pstate;
		};
	};
	u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));

/* include/uapi/asm-generic/unistd.h */
#define CALL_READ 63
#define CALL_WRITE 64
#define CALL_READV 65
#define CALL_WRITEV 66
#define CALL_SENDFILE 71
#define CALL_SPLICE 76
#define CALL_SENDTO 206
#define CALL_RECVFROM 207
#define CALL_SENDMSG 211
#define CALL_RECVMSG 212
#define CALL_RECVMMSG 243
#define CALL_SENDMMSG 269
#define CALL_PREADV2 286
#define CALL_PWRITEV2 287
#define CALL_IO_URING_ENTER 426

#define CALL_NUMBER(regs) ((long)(regs)->syscallno)
#define CALL_ARGUMENT1(regs) ((regs)->orig_x0)
#define CALL_ARGUMENT2(regs) ((regs)->regs[1])
#define CALL_ARGUMENT3(regs) ((regs)->regs[2])
#define CALL_ARGUMENT4(regs) ((regs)->regs[3])
#define CALL_ARGUMENT5(regs) ((regs)->regs[4])

/* invoke_syscall() writes the result over x0; until then it equals orig_x0. */
#define CALL_IS_RUNNING(regs) ((regs)->regs[0] == (regs)->orig_x0)
#define PSR_MODE32 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */
#define CALL_IS_COMPAT(task, regs) ((regs)->pstate & PSR_MODE32)

#endif
