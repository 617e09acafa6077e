/* Moves a known message over TCP with every system call that can, over IPv4 and IPv6, and prints what it moved: the test compares that
 * with what the BPF programs saw. One line of JSON per connection:
 * {"name":"writev","family":4,"client":"7","server":"8","opening":"hex","message":"hex","answer":"hex"}
 *
 * Each connection first says `opening` with plain calls, which nominates its protocol; then the client sends `message` with the
 * sending call and the server receives it with the receiving one; then the server sends `answer` back, the calls exchanged. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "movers.h"

#define OPENING "GET /opening HTTP/1.1\r\nHost: test\r\n\r\n"

struct pair {
	int client;
	int server;
	int family;
};

static const struct {
	const char *name;
	mover *send;
	mover *receive;
} variants[] = {
	{ "write, read", by_write, by_read },
	{ "writev, readv", by_writev, by_readv },
	{ "pwritev2, preadv2", by_pwritev2, by_preadv2 },
	{ "send, recv", by_send, by_recv },
	{ "sendto, recv after MSG_PEEK", by_sendto, by_peek_and_recv },
	{ "sendmsg, recvmsg", by_sendmsg, by_recvmsg },
	{ "sendmmsg, recvmmsg", by_sendmmsg, by_recvmmsg },
	{ "write, recvmmsg in two", by_write, by_recvmmsg_in_two },
	{ "io_uring send, io_uring recv", by_uring_send, by_uring_recv },
	{ "io_uring write, io_uring read", by_uring_write, by_uring_read },
	{ "io_uring writev, read", by_uring_writev, by_read },
	{ "io_uring sendmsg, io_uring recvmsg", by_uring_sendmsg, by_uring_recvmsg },
	{ "sendfile, read", by_sendfile, by_read },
	{ "splice, read", by_splice_out, by_read },
};

static struct pair connect_pair(int family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *address = family == 6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t length = family == 6 ? sizeof(six) : sizeof(four);
	int one = 1;
	int listener = socket(address->sa_family, SOCK_STREAM, 0);
	struct pair pair = { .client = socket(address->sa_family, SOCK_STREAM, 0), .family = family };

	check(listener >= 0 && bind(listener, address, length) == 0 && listen(listener, 8) == 0, "listen");
	check(getsockname(listener, address, &length) == 0 && connect(pair.client, address, length) == 0, "connect");
	check((pair.server = accept(listener, NULL, NULL)) >= 0, "accept");
	setsockopt(pair.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(pair.server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
	return pair;
}

static unsigned long long cookie_of(int socket)
{
	unsigned long long cookie = 0;
	socklen_t length = sizeof(cookie);
	check(getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0, "SO_COOKIE");
	return cookie;
}

static void print_hex(const char *name, const char *bytes, size_t size)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", (unsigned char)bytes[i]);
	printf("\"");
}

static void fill(char *bytes, const char *head, int seed)
{
	size_t length = snprintf(bytes, SIZE, "%s", head);
	for (size_t i = length; i < SIZE; i++)
		bytes[i] = 'a' + (i * 7 + seed * 11) % 26;
}

static void receive(mover *move, int socket, const char *sent, size_t size)
{
	char got[SIZE];
	move(socket, got, size);
	if (memcmp(got, sent, size) != 0)
		errx(1, "received something else than was sent");
}

static void print_begin(const char *name, const struct pair *pair)
{
	printf("{\"name\":\"%s\",\"family\":%d,\"client\":\"%llu\",\"server\":\"%llu\"", name, pair->family, cookie_of(pair->client),
	       cookie_of(pair->server));
	print_hex("opening", OPENING, strlen(OPENING));
}

static void try_variant(size_t index, int family)
{
	char message[SIZE], answer[SIZE], opening[] = OPENING;
	struct pair pair = connect_pair(family);

	fill(message, "POST /message HTTP/1.1\r\n\r\n", index);
	fill(answer, "HTTP/1.1 200 OK\r\n\r\n", index + 1);
	by_write(pair.client, opening, strlen(OPENING));
	receive(by_read, pair.server, opening, strlen(OPENING));
	variants[index].send(pair.client, message, SIZE);
	receive(variants[index].receive, pair.server, message, SIZE);
	variants[index].send(pair.server, answer, SIZE);
	receive(variants[index].receive, pair.client, answer, SIZE);
	print_begin(variants[index].name, &pair);
	print_hex("message", message, SIZE);
	print_hex("answer", answer, SIZE);
	printf("}\n");
	close(pair.client);
	close(pair.server);
}

/* A proxy takes a part by splice, which no hook tells, and reads the rest. */
static void try_splice_in(int family)
{
	char message[SIZE], opening[] = OPENING, got[SIZE];
	int ends[2];
	struct pair pair = connect_pair(family);

	fill(message, "POST /message HTTP/1.1\r\n\r\n", 50);
	by_write(pair.client, opening, strlen(OPENING));
	receive(by_read, pair.server, opening, strlen(OPENING));
	by_write(pair.client, message, SIZE);
	check(pipe(ends) == 0 && splice(pair.server, NULL, ends[1], NULL, 300, 0) == 300, "splice from a socket");
	by_read(pair.server, got, SIZE - 300);
	print_begin("write, splice then read", &pair);
	print_hex("message", message, SIZE);
	print_hex("answer", "", 0);
	printf("}\n");
	close(pair.client);
	close(pair.server);
}

/* The kernel throws the bytes away: only their number is known. */
static void try_truncate(int family)
{
	char message[SIZE], opening[] = OPENING;
	struct pair pair = connect_pair(family);

	fill(message, "POST /message HTTP/1.1\r\n\r\n", 51);
	by_write(pair.client, opening, strlen(OPENING));
	receive(by_read, pair.server, opening, strlen(OPENING));
	by_write(pair.client, message, SIZE);
	check(recv(pair.server, NULL, SIZE, MSG_TRUNC | MSG_WAITALL) == SIZE, "recv MSG_TRUNC");
	print_begin("write, recv MSG_TRUNC", &pair);
	print_hex("message", message, SIZE);
	print_hex("answer", "", 0);
	printf("}\n");
	close(pair.client);
	close(pair.server);
}

#define MANY 12 /* more messages than the kernel tries to nominate */

static void send_many(int socket, char *bytes, size_t size)
{
	static struct mmsghdr messages[MANY];
	struct iovec parts[MANY];

	for (size_t i = 0; i < MANY; i++) {
		parts[i] = (struct iovec){ bytes + i * (size / MANY), i + 1 < MANY ? size / MANY : size - i * (size / MANY) };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 } };
	}
	check(sendmmsg(socket, messages, MANY, 0) == MANY, "sendmmsg");
}

/* A batch that is given up in its middle, because it is no known protocol, and the same vector for another connection. */
static void try_vector_again(int family)
{
	char message[SIZE], unknown[SIZE], opening[] = OPENING;
	struct pair stranger = connect_pair(family), pair = connect_pair(family);

	fill(message, "POST /message HTTP/1.1\r\n\r\n", 52);
	fill(unknown, "nothing that is known", 53);
	send_many(stranger.client, unknown, SIZE);
	by_write(pair.client, opening, strlen(OPENING));
	receive(by_read, pair.server, opening, strlen(OPENING));
	send_many(pair.client, message, SIZE);
	receive(by_read, pair.server, message, SIZE);
	print_begin("sendmmsg again, read", &pair);
	print_hex("message", message, SIZE);
	print_hex("answer", "", 0);
	printf("}\n");
	close(stranger.client);
	close(stranger.server);
	close(pair.client);
	close(pair.server);
}

/* A network namespace of its own, with loopback up. */
static void enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	check(unshare(CLONE_NEWNET) == 0, "unshare");
	int any = socket(AF_INET, SOCK_DGRAM, 0);
	check(ioctl(any, SIOCSIFFLAGS, &request) == 0, "SIOCSIFFLAGS");
	close(any);
}

int main(int count, char **arguments)
{
	if (count > 1 && strcmp(arguments[1], "--namespace") == 0)
		enter_namespace();
	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++)
			try_variant(i, family);
		try_splice_in(family);
		try_truncate(family);
		try_vector_again(family);
	}
	return 0;
}
