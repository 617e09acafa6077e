/* Each way to move `size` bytes over a connected socket: one system call (or request of io_uring) each. */
#ifndef TOCSIN_TEST_MOVERS_H
#define TOCSIN_TEST_MOVERS_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE 999

typedef void mover(int socket, char *bytes, size_t size);

static void check(bool fine, const char *what)
{
	if (!fine)
		err(1, "%s", what);
}

static void split(char *bytes, size_t size, struct iovec parts[3])
{
	size_t third = size / 3;
	parts[0] = (struct iovec){ bytes, third };
	parts[1] = (struct iovec){ bytes + third, 7 };
	parts[2] = (struct iovec){ bytes + third + 7, size - third - 7 };
}

static void batch(struct iovec parts[3], struct mmsghdr messages[3])
{
	for (int i = 0; i < 3; i++)
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 } };
}

static void by_write(int socket, char *bytes, size_t size)
{
	check(write(socket, bytes, size) == (ssize_t)size, "write");
}

static void by_writev(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	split(bytes, size, parts);
	check(writev(socket, parts, 3) == (ssize_t)size, "writev");
}

static void by_pwritev2(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	split(bytes, size, parts);
	check(pwritev2(socket, parts, 3, -1, 0) == (ssize_t)size, "pwritev2");
}

static void by_send(int socket, char *bytes, size_t size)
{
	check(send(socket, bytes, size, 0) == (ssize_t)size, "send");
}

static void by_sendto(int socket, char *bytes, size_t size)
{
	check(sendto(socket, bytes, size, MSG_NOSIGNAL, NULL, 0) == (ssize_t)size, "sendto");
}

static void by_sendmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	split(bytes, size, parts);
	check(sendmsg(socket, &message, 0) == (ssize_t)size, "sendmsg");
}

static void by_sendmmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct mmsghdr messages[3];
	split(bytes, size, parts);
	batch(parts, messages);
	check(sendmmsg(socket, messages, 3, 0) == 3, "sendmmsg");
}

/* A file of a tmpfs: its bytes never are in this process' memory. */
static void by_sendfile(int socket, char *bytes, size_t size)
{
	int file = memfd_create("message", 0);
	off_t from = 0;
	check(file >= 0 && write(file, bytes, size) == (ssize_t)size, "memfd");
	check(sendfile(socket, file, &from, size) == (ssize_t)size, "sendfile");
	close(file);
}

static void by_splice_out(int socket, char *bytes, size_t size)
{
	int ends[2];
	check(pipe(ends) == 0 && write(ends[1], bytes, size) == (ssize_t)size, "pipe");
	check(splice(ends[0], NULL, socket, NULL, size, 0) == (ssize_t)size, "splice to a socket");
	close(ends[0]);
	close(ends[1]);
}

static void by_read(int socket, char *bytes, size_t size)
{
	for (ssize_t step; size > 0; bytes += step, size -= step)
		check((step = read(socket, bytes, size)) > 0, "read");
}

static void by_readv(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	split(bytes, size, parts);
	check(readv(socket, parts, 3) == (ssize_t)size, "readv");
}

static void by_preadv2(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	split(bytes, size, parts);
	check(preadv2(socket, parts, 3, -1, 0) == (ssize_t)size, "preadv2");
}

static void by_recv(int socket, char *bytes, size_t size)
{
	check(recv(socket, bytes, size, MSG_WAITALL) == (ssize_t)size, "recv");
}

/* Looks twice before it takes: what was only looked at must not be told. */
static void by_peek_and_recv(int socket, char *bytes, size_t size)
{
	check(recv(socket, bytes, size, MSG_PEEK) > 0 && recv(socket, bytes, size, MSG_PEEK) > 0, "recv MSG_PEEK");
	by_recv(socket, bytes, size);
}

static void by_recvmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	split(bytes, size, parts);
	check(recvmsg(socket, &message, MSG_WAITALL) == (ssize_t)size, "recvmsg");
}

static void by_recvmmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct mmsghdr messages[3];
	split(bytes, size, parts);
	batch(parts, messages);
	check(recvmmsg(socket, messages, 3, MSG_WAITALL, NULL) == 3, "recvmmsg");
}

/* The same vector twice, the first batch ended early by an empty socket: the second begins at its first message again. */
static void by_recvmmsg_in_two(int socket, char *bytes, size_t size)
{
	static struct mmsghdr messages[3];
	static char first[SIZE], rest[2][SIZE];
	struct iovec parts[3] = { { first, 400 }, { rest[0], SIZE }, { rest[1], SIZE } };
	size_t done = 0;
	batch(parts, messages);
	while (done < size) {
		int count = recvmmsg(socket, messages, 3, MSG_DONTWAIT, NULL);
		if (count < 0 && errno == EAGAIN)
			continue;
		check(count > 0, "recvmmsg twice");
		for (int i = 0; i < count; i++) {
			memcpy(bytes + done, parts[i].iov_base, messages[i].msg_len);
			done += messages[i].msg_len;
		}
		parts[0].iov_len = 100;
	}
}

static void by_uring(int socket, int operation, void *pointer, size_t size)
{
	struct io_uring ring;
	struct io_uring_cqe *done = NULL;
	check(io_uring_queue_init(4, &ring, 0) == 0, "io_uring_queue_init");
	struct io_uring_sqe *request = io_uring_get_sqe(&ring);
	io_uring_prep_rw(operation, request, socket, pointer, size, 0);
	request->msg_flags = operation == IORING_OP_RECV || operation == IORING_OP_RECVMSG ? MSG_WAITALL : 0;
	check(io_uring_submit_and_wait(&ring, 1) >= 0 && io_uring_wait_cqe(&ring, &done) == 0 && done->res > 0, "io_uring");
	io_uring_cqe_seen(&ring, done);
	io_uring_queue_exit(&ring);
}

static void by_uring_send(int socket, char *bytes, size_t size)
{
	by_uring(socket, IORING_OP_SEND, bytes, size);
}

static void by_uring_recv(int socket, char *bytes, size_t size)
{
	by_uring(socket, IORING_OP_RECV, bytes, size);
}

static void by_uring_write(int socket, char *bytes, size_t size)
{
	by_uring(socket, IORING_OP_WRITE, bytes, size);
}

static void by_uring_read(int socket, char *bytes, size_t size)
{
	by_uring(socket, IORING_OP_READ, bytes, size);
}

static void by_uring_writev(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	split(bytes, size, parts);
	by_uring(socket, IORING_OP_WRITEV, parts, 3);
}

static void by_uring_sendmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	split(bytes, size, parts);
	by_uring(socket, IORING_OP_SENDMSG, &message, 1);
}

static void by_uring_recvmsg(int socket, char *bytes, size_t size)
{
	struct iovec parts[3];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	split(bytes, size, parts);
	by_uring(socket, IORING_OP_RECVMSG, &message, 1);
}

#endif
