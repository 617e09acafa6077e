// Requests of io_uring that move bytes over sockets: notes each request, so that the hook that fires when its bytes moved
// (socket_io.bpf.c) finds the buffer. With two requests open on one socket and direction the bytes cannot be told apart: those calls
// are counted as gaps (GAP_IO_URING), as are registered files and registered buffers.
//
// Hooks: tp_btf/io_uring_submit_req (Linux 6.0 in this form) and tp_btf/io_uring_complete (6.11 in this form; the loader checks).
// Cost: for programs that use io_uring, six short reads for each request on a socket.
#include "state.h"
#include "emit.h"
#include "buffers.h"

char LICENSE[] SEC("license") = "GPL";

#define REQ_F_FIXED_FILE 1 /* include/linux/io_uring_types.h: REQ_F_FIXED_FILE_BIT is 0 */

static __always_inline int direction_of(__u8 opcode)
{
	switch (opcode) {
	case IORING_OP_SEND:
	case IORING_OP_SENDMSG:
	case IORING_OP_SEND_ZC:
	case IORING_OP_SENDMSG_ZC:
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV:
		return DIRECTION_SEND;
	case IORING_OP_RECV:
	case IORING_OP_RECVMSG:
	case IORING_OP_READ:
	case IORING_OP_READV:
		return DIRECTION_RECEIVE;
	}
	return -1;
}

/* A socket and its file point at each other; nothing else does by accident. */
static __always_inline __u64 socket_of(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	if (!socket || BPF_CORE_READ(socket, file) != file)
		return 0;
	return (__u64)BPF_CORE_READ(socket, sk);
}

static __always_inline struct file *file_of(int descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	if (descriptor < 0 || (__u32)descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *request)
{
	int direction = direction_of(BPF_CORE_READ(request, opcode));
	if (direction < 0 || BPF_CORE_READ(request, flags) & REQ_F_FIXED_FILE)
		return 0;
	struct file *file = file_of(BPF_CORE_READ(request, cqe.fd));
	struct uring_key key = { .sk = file ? socket_of(file) : 0, .direction = direction };
	if (!key.sk)
		return 0;
	struct uring_request *noted = bpf_map_lookup_elem(&uring_requests, &key);
	struct uring_request first = { .request = (__u64)request, .open = 1 };
	if (!noted) {
		bpf_map_update_elem(&uring_requests, &key, &first, BPF_ANY);
		return 0;
	}
	noted->request = (__u64)request;
	__sync_fetch_and_add(&noted->open, 1);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete, void *ring, struct io_kiocb *request)
{
	if (!request)
		return 0;
	int direction = direction_of(BPF_CORE_READ(request, opcode));
	struct file *file = direction < 0 ? NULL : BPF_CORE_READ(request, file);
	struct uring_key key = { .sk = file ? socket_of(file) : 0, .direction = direction };
	struct uring_request *noted = key.sk ? bpf_map_lookup_elem(&uring_requests, &key) : NULL;
	if (noted && __sync_fetch_and_add(&noted->open, -1) <= 1)
		bpf_map_delete_elem(&uring_requests, &key);
	return 0;
}
