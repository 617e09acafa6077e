/* Where in the process' memory the bytes of a call are, from the registers it entered the kernel with.
 *
 * sock_send_length and sock_recv_length fire inside the system call, so bpf_task_pt_regs() still has its arguments: no hook on
 * entry, no map between entry and exit, and nothing at all runs for calls that are not about sockets. */
#ifndef TOCSIN_BUFFERS_H
#define TOCSIN_BUFFERS_H

#include "emit.h"

#define VECTOR_MOST 16
#define BATCH_LOST 0xffffffffU
#define IORING_OP_READV 1
#define IORING_OP_WRITEV 2
#define IORING_OP_SENDMSG 9
#define IORING_OP_RECVMSG 10
#define IORING_OP_READ 22
#define IORING_OP_WRITE 23
#define IORING_OP_SEND 26
#define IORING_OP_RECV 27
#define IORING_OP_SEND_ZC 47
#define IORING_OP_SENDMSG_ZC 48

/* User memory as 64-bit programs lay it out (include/uapi/linux/uio.h, include/linux/socket.h). */
struct user_vector {
	__u64 base;
	__u64 length;
};
struct user_message {
	__u64 name;
	__u64 name_length;
	__u64 vector;
	__u64 count;
	__u64 control[2];
	__u64 flags;
};
struct user_batch {
	struct user_message message;
	__u64 length;
};

/* One call that moved bytes, as the hooks tell it. */
struct move {
	struct sock *sk;
	__u32 total;
	__u32 direction;
	__u32 flags; /* MSG_* of a receive */
};

struct buffers {
	__u64 pointer; /* of the bytes, or of a vector */
	__u64 count;   /* of the vector */
	__u8 is_vector;
	__u8 source;
	__u8 gap;      /* enum gap: why there is nothing at `pointer` */
};

static __always_inline void set_gap(struct buffers *buffers, __u8 gap)
{
	buffers->pointer = 0;
	buffers->gap = gap;
}

static __always_inline void of_vector(struct buffers *buffers, __u64 pointer, __u64 count)
{
	buffers->pointer = pointer;
	buffers->count = count;
	buffers->is_vector = 1;
}

static __always_inline void of_message(struct buffers *buffers, __u64 pointer)
{
	struct user_message message;
	if (bpf_probe_read_user(&message, sizeof(message), (const void *)pointer))
		return set_gap(buffers, GAP_UNREADABLE);
	of_vector(buffers, message.vector, message.count);
}

/* Bytes the message has room for; 0 when there are too many buffers to say. */
static __always_inline __u64 vector_length(const struct buffers *buffers)
{
	__u64 length = 0;
	for (__u32 i = 0; i < VECTOR_MOST; i++) {
		struct user_vector part = {};
		if (i >= buffers->count)
			return length;
		bpf_probe_read_user(&part, sizeof(part), (const void *)(buffers->pointer + i * sizeof(part)));
		length += part.length;
	}
	return 0;
}

static __always_inline void after_message(struct thread *thread, const struct buffers *buffers, const struct move *move)
{
	__u64 whole = move->direction == DIRECTION_SEND ? vector_length(buffers) : move->total;
	if (whole == move->total)
		thread->next++;
	else if (whole == 0)
		thread->next = BATCH_LOST;
	else
		thread->vector = 0;
}

/* The kernel tells nothing about which message of the batch it moved: it is counted here. A batch ends when its last message was
 * moved, when a call failed (the hook fires for that too, see forget_batch), or when a message was sent in part. */
static __always_inline void of_batch(struct buffers *buffers, struct pt_regs *regs, const struct move *move)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 vector = CALL_ARGUMENT2(regs);
	__u64 cookie = bpf_get_socket_cookie(move->sk);
	__u32 most = CALL_ARGUMENT3(regs);
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return set_gap(buffers, GAP_UNKNOWN_CALL);
	if (thread->vector != vector || thread->batch != cookie || (thread->next >= most && thread->next != BATCH_LOST))
		thread->next = 0;
	thread->vector = vector;
	thread->batch = cookie;
	/* recvmmsg with a timeout may end after any message without a trace. */
	if (thread->next == BATCH_LOST || (thread->next > 0 && CALL_NUMBER(regs) == CALL_RECVMMSG && CALL_ARGUMENT5(regs)))
		return set_gap(buffers, GAP_UNKNOWN_CALL);
	of_message(buffers, vector + (__u64)thread->next * sizeof(struct user_batch));
	after_message(thread, buffers, move);
}

/* The next message of this thread is the first of a new batch. */
static __always_inline void forget_batch(void)
{
	struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, 0);
	if (thread)
		thread->vector = 0;
}

/* A message went by uncounted: until a call fails, which one moves cannot be told. */
static __always_inline void lose_batch(void)
{
	struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, 0);
	if (thread)
		thread->next = BATCH_LOST;
}

/* A request of io_uring: its buffer is in the request, which io_uring_submit_req noted (io_uring.bpf.c). */
static __always_inline void of_uring(struct buffers *buffers, const struct move *move)
{
	struct uring_key key = { .sk = (__u64)move->sk, .direction = move->direction };
	struct uring_request *noted = settings.follow_uring ? bpf_map_lookup_elem(&uring_requests, &key) : NULL;
	buffers->source = SOURCE_IO_URING;
	if (!noted || noted->open != 1)
		return set_gap(buffers, GAP_IO_URING);
	struct io_kiocb *request = (void *)noted->request;
	switch (BPF_CORE_READ(request, opcode)) {
	case IORING_OP_SEND:
	case IORING_OP_RECV:
	case IORING_OP_SEND_ZC:
		buffers->pointer = (__u64)BPF_CORE_READ((struct io_sr_msg *)request, buf);
		return;
	case IORING_OP_SENDMSG:
	case IORING_OP_RECVMSG:
	case IORING_OP_SENDMSG_ZC:
		return of_message(buffers, (__u64)BPF_CORE_READ((struct io_sr_msg *)request, buf));
	case IORING_OP_READ:
	case IORING_OP_WRITE:
		buffers->pointer = BPF_CORE_READ((struct io_rw *)request, addr);
		return;
	case IORING_OP_READV:
	case IORING_OP_WRITEV:
		return of_vector(buffers, BPF_CORE_READ((struct io_rw *)request, addr), BPF_CORE_READ((struct io_rw *)request, len));
	}
	set_gap(buffers, GAP_IO_URING);
}

static __always_inline void of_call(struct buffers *buffers, struct pt_regs *regs, const struct move *move)
{
	switch (CALL_NUMBER(regs)) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_SENDTO:
	case CALL_RECVFROM:
		buffers->pointer = CALL_ARGUMENT2(regs);
		return;
	case CALL_READV:
	case CALL_WRITEV:
	case CALL_PREADV2:
	case CALL_PWRITEV2:
		return of_vector(buffers, CALL_ARGUMENT2(regs), CALL_ARGUMENT3(regs));
	case CALL_SENDMSG:
	case CALL_RECVMSG:
		return of_message(buffers, CALL_ARGUMENT2(regs));
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
		return of_batch(buffers, regs, move);
	case CALL_SENDFILE:
	case CALL_SPLICE:
		return set_gap(buffers, GAP_NO_BUFFER);
	}
	set_gap(buffers, GAP_UNKNOWN_CALL);
}

static __always_inline void find_buffers(struct buffers *buffers, const struct move *move)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	buffers->count = 1;
	if (task->flags & PF_KTHREAD)
		return set_gap(buffers, GAP_UNKNOWN_CALL);
	/* Requests of io_uring also run on the way out of any other call, whose registers say nothing about them. */
	if (task->flags & PF_IO_WORKER || (task->io_uring && (!CALL_IS_RUNNING(regs) || CALL_NUMBER(regs) == CALL_IO_URING_ENTER)))
		return of_uring(buffers, move);
	if (CALL_IS_COMPAT(task, regs))
		return set_gap(buffers, GAP_UNKNOWN_CALL);
	if (move->flags & MSG_TRUNC)
		return set_gap(buffers, GAP_DISCARDED);
	of_call(buffers, regs, move);
}

struct range {
	__u32 from; /* of the bytes the call moved */
	__u32 length;
	__u32 to;   /* offset in the scratch */
};

/* Copies a range of what the call moved to the scratch; returns how much of it. A function of its own for the verifier. */
__weak __noinline __u32 copy_range(struct scratch *scratch, struct buffers *buffers, const struct range *range)
{
	__u32 done = 0;

	if (!scratch || !buffers || !range)
		return 0;
	__u64 skip = range->from;
	for (__u32 i = 0; i < VECTOR_MOST; i++) {
		struct user_vector part = { .base = buffers->pointer, .length = skip + range->length };
		if (i >= buffers->count || done >= range->length)
			return done;
		if (buffers->is_vector && bpf_probe_read_user(&part, sizeof(part), (const void *)(buffers->pointer + i * sizeof(part)))) {
			buffers->gap = GAP_UNREADABLE;
			return done;
		}
		if (part.length <= skip) {
			skip -= part.length;
			continue;
		}
		__u64 length = range->length - done;
		__u64 at = range->to + done;
		if (length > part.length - skip)
			length = part.length - skip;
		if (at > TOCSIN_CAPTURE_MOST || length > TOCSIN_CAPTURE_MOST)
			return done;
		if (bpf_probe_read_user(scratch->bytes + at, length, (const void *)(part.base + skip))) {
			buffers->gap = GAP_UNREADABLE;
			return done;
		}
		done += length;
		skip = 0;
	}
	if (done < range->length)
		buffers->gap = GAP_VECTOR;
	return done;
}

#endif
