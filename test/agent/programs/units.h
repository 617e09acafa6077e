/* How a program of tests tells of them: one line for each, "ok NAME" or "not ok NAME: why"; `failures` is what it ends with. */
#ifndef TOCSIN_TEST_UNITS_H
#define TOCSIN_TEST_UNITS_H

#include <stdio.h>

static int failures;
static const char *why;

#define expect(condition) \
	do { \
		if (!(condition) && !why) \
			why = #condition; \
	} while (0)

static void test(const char *name, void (*run)(void))
{
	why = NULL;
	run();
	printf(why ? "not ok %s: %s\n" : "ok %s\n", name, why);
	failures += why != NULL;
}

#endif
