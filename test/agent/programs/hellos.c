/* Speaks like a program whose TLS nobody probes: connections to itself that begin with a handshake, and much that is mapped.
 * Prints their number when all were made, and ends with its input. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAPPINGS 20000
#define CONNECTIONS 100

static const unsigned char hello[69] = { 0x16, 3, 1, 0, 64, 1 };

static int say_hello(int listener, const struct sockaddr_in *address)
{
	unsigned char heard[sizeof(hello)];
	int client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(client, (const struct sockaddr *)address, sizeof(*address)))
		return -1;
	int server = accept(listener, NULL, NULL);
	int said = write(client, hello, sizeof(hello)) == sizeof(hello) && read(server, heard, sizeof(heard)) == sizeof(heard);
	close(client);
	close(server);
	return said ? 0 : -1;
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char end;

	/* Neighbours with different rights stay apart. */
	for (int i = 0; i < MAPPINGS; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			return 1;
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &length))
		return 1;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (say_hello(listener, &address))
			return 1;
		usleep(1000); /* as connections come: each by itself */
	}
	printf("%d\n", CONNECTIONS);
	fflush(stdout);
	return read(STDIN_FILENO, &end, 1) < 0;
}
