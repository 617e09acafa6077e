/* The kernel's nomination of protocols, asked from user space: each line on stdin is hexadecimal bytes of one call; the answer is the
 * protocol and what it is: "http1 request". With `random SEED COUNT`: how many of COUNT random calls are nominated at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../../bpf/nominate.h"

static const char *names[] = { "unknown", "http1", "http2", "postgresql", "redis", "tls" };

static __u32 ask(const unsigned char *bytes, __u32 total, __u32 captured)
{
	opening first = 0;
	__u32 head = total < captured ? total : captured;
	memcpy(&first, bytes, head < NOMINATE_BYTES ? head : NOMINATE_BYTES);
	__u32 end = network_word(first, 1) + 1;
	return nominate(first, head, total, end < head ? bytes[end] : 0);
}

static int answer_random(unsigned int seed, long count)
{
	unsigned char bytes[600];
	long nominated = 0;
	for (long i = 0; i < count; i++) {
		__u32 length = 4 + rand_r(&seed) % (sizeof(bytes) - 4);
		for (__u32 at = 0; at < length; at++)
			bytes[at] = rand_r(&seed) >> 7;
		nominated += NOMINATED(ask(bytes, length, 4096)) != PROTOCOL_UNKNOWN;
	}
	printf("%ld\n", nominated);
	return 0;
}

int main(int count, char **arguments)
{
	char line[16384];
	if (count == 4 && strcmp(arguments[1], "random") == 0)
		return answer_random(strtoul(arguments[2], NULL, 10), strtol(arguments[3], NULL, 10));
	while (fgets(line, sizeof(line), stdin)) {
		unsigned char bytes[sizeof(line) / 2];
		__u32 length = 0;
		unsigned int byte;
		while (sscanf(line + length * 2, "%2x", &byte) == 1)
			bytes[length++] = byte;
		__u32 answer = ask(bytes, length, 4096);
		printf("%s%s\n", names[NOMINATED(answer)], answer & IS_REQUEST ? " request" : answer & IS_RESPONSE ? " response" : "");
	}
	return 0;
}
