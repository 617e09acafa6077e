/* The lines the parser writes to stdin (agent/PROTOCOL.md). A wrong one changes nothing. */
#include "loader.h"
#include <stdio.h>
#include <string.h>

#define WORDS_MOST 4

static const char *policy(struct loader *loader, char **words)
{
	static const char *names[] = { "full", "off", "count", "announce" };
	unsigned long long cookie;
	if (!options_number(words[1], ~0ULL, &cookie) || !words[2])
		return "policy COOKIE off|count|full|announce";
	for (__u8 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(words[2], names[i]) != 0)
			continue;
		session_set_policy(&loader->session, cookie, i);
		return NULL;
	}
	return "policy: off, count, full or announce";
}

static const char *pid(struct loader *loader, char **words, bool excluded)
{
	unsigned long long value;
	if (!options_number(words[1], 1 << 22, &value) || value == 0)
		return "a process id is missing";
	session_exclude_pid(&loader->session, value, excluded);
	return NULL;
}

static const char *ports(struct loader *loader, char **words)
{
	struct options wanted = loader->options;
	const char *problem = options_ports(&wanted, words[1]);
	if (problem)
		return problem;
	loader->options = wanted;
	session_set_ports(&loader->session, &loader->options);
	return NULL;
}

static const char *limits(struct loader *loader, char **words)
{
	unsigned long long capture, more, tail;
	if (!options_number(words[1], 65536, &capture) || !options_number(words[2], 65536, &more) || !options_number(words[3], 65536, &tail))
		return "capture N MORE TAIL";
	const char *problem = options_limits(capture, more, tail);
	if (problem)
		return problem;
	loader->options.capture = capture;
	loader->options.capture_more = more;
	loader->options.tail = tail;
	session_set_limits(&loader->session, &loader->options);
	return NULL;
}

static const char *dispatch(struct loader *loader, char **words)
{
	if (strcmp(words[0], "policy") == 0)
		return policy(loader, words);
	if (strcmp(words[0], "exclude-pid") == 0)
		return pid(loader, words, true);
	if (strcmp(words[0], "include-pid") == 0)
		return pid(loader, words, false);
	if (strcmp(words[0], "exclude-ports") == 0)
		return ports(loader, words);
	if (strcmp(words[0], "capture") == 0)
		return limits(loader, words);
	if (strcmp(words[0], "quit") != 0)
		return "unknown command (see agent/PROTOCOL.md)";
	loader->quit = true;
	return NULL;
}

void obey(struct loader *loader, char *line)
{
	char *words[WORDS_MOST] = { 0 };
	char *rest = line, *word;
	size_t count = 0;
	while (count < WORDS_MOST && (word = strsep(&rest, " \t\r")))
		if (*word)
			words[count++] = word;
	if (count == 0)
		return;
	const char *problem = dispatch(loader, words);
	if (problem)
		fprintf(stderr, "tocsin-agent-loader: command \"%s\": %s\n", words[0], problem);
}
