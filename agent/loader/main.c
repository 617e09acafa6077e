/* tocsin-agent-loader: the privileged half of the agent. agent/PROTOCOL.md tells what goes in and out. */
#include "loader.h"
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
	const char *command = count > 1 ? arguments[1] : "";
	if (strcmp(command, "run") == 0)
		return run(count - 2, arguments + 2);
	if (strcmp(command, "doctor") == 0)
		return doctor();
	if (strcmp(command, "layout") == 0)
		return layout();
	if (strcmp(command, "version") == 0) {
		printf("%s\n", LOADER_VERSION);
		return 0;
	}
	fprintf(stderr, "tocsin-agent-loader run|doctor|layout|version (see agent/PROTOCOL.md)\n");
	return 2;
}
