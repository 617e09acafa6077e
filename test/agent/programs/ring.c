/* An HTTP server and its client, both by io_uring alone, in two threads with a ring each. Asks PATH (argument 1) and prints the answer. */
#include <arpa/inet.h>
#include <err.h>
#include <liburing.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 4096

static int finish(struct io_uring *ring)
{
	struct io_uring_cqe *done;
	if (io_uring_submit(ring) < 0 || io_uring_wait_cqe(ring, &done))
		errx(1, "io_uring");
	int result = done->res;
	io_uring_cqe_seen(ring, done);
	if (result < 0)
		errx(1, "io_uring: %s", strerror(-result));
	return result;
}

static void say(struct io_uring *ring, int socket, const char *text)
{
	io_uring_prep_send(io_uring_get_sqe(ring), socket, text, strlen(text), 0);
	finish(ring);
}

static void hear(struct io_uring *ring, int socket, char text[ROOM])
{
	io_uring_prep_recv(io_uring_get_sqe(ring), socket, text, ROOM - 1, 0);
	text[finish(ring)] = '\0';
}

static void *serve(void *listener)
{
	struct io_uring ring;
	char request[ROOM];

	if (io_uring_queue_init(4, &ring, 0))
		errx(1, "a ring");
	io_uring_prep_accept(io_uring_get_sqe(&ring), *(int *)listener, NULL, NULL, 0);
	int socket = finish(&ring);
	hear(&ring, socket, request);
	say(&ring, socket, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nring");
	hear(&ring, socket, request);
	close(socket);
	return NULL;
}

int main(int count, char **words)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	char text[ROOM];
	struct io_uring ring;
	pthread_t server;

	if (count != 2 || bind(listener, (void *)&address, length) || listen(listener, 1) || getsockname(listener, (void *)&address, &length) || io_uring_queue_init(4, &ring, 0))
		err(1, "ring PATH");
	pthread_create(&server, NULL, serve, &listener);
	io_uring_prep_connect(io_uring_get_sqe(&ring), client, (void *)&address, length);
	finish(&ring);
	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", words[1]);
	say(&ring, client, text);
	hear(&ring, client, text);
	puts(strstr(text, "\r\n\r\n") + 4);
	close(client);
	pthread_join(server, NULL);
	return 0;
}
