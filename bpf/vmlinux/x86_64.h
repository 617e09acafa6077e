/* x86-64: registers, system call numbers, and how to tell whether a system call is running. Linux 6.18. */
#ifndef TOCSIN_VMLINUX_X86_64_H
#define TOCSIN_VMLINUX_X86_64_H

struct pt_regs {
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
} __attribute__((preserve_access_index));

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define CALL_READ 0
#define CALL_WRITE 1
#define CALL_READV 19
#define CALL_WRITEV 20
#define CALL_SENDFILE 40
#define CALL_SENDTO 44
#define CALL_RECVFROM 45
#define CALL_SENDMSG 46
#define CALL_RECVMSG 47
#define CALL_SPLICE 275
#define CALL_RECVMMSG 299
#define CALL_SENDMMSG 307
#define CALL_PREADV2 327
#define CALL_PWRITEV2 328
#define CALL_IO_URING_ENTER 426

#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h: a 32-bit system call */

#define CALL_NUMBER(regs) ((long)(regs)->orig_ax)
#define CALL_ARGUMENT1(regs) ((regs)->di)
#define CALL_ARGUMENT2(regs) ((regs)->si)
#define CALL_ARGUMENT3(regs) ((regs)->dx)
#define CALL_ARGUMENT4(regs) ((regs)->r10)
#define CALL_ARGUMENT5(regs) ((regs)->r8)

/* do_syscall_64() leaves -ENOSYS in ax until the call has returned; task work that runs after it finds the result there. */
#define CALL_IS_RUNNING(regs) ((long)(regs)->ax == -ENOSYS)
#define CALL_IS_COMPAT(task, regs) ((task)->thread_info.status & TS_COMPAT)

#endif
