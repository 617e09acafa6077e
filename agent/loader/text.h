/* Builds a text frame: the header, then one JSON object. A frame that outgrows its room is cut to valid JSON by its maker's limits;
 * `overflow` tells when that failed, and such a frame is not sent. */
#ifndef TOCSIN_TEXT_H
#define TOCSIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "frames.h"

struct text {
	size_t length;
	bool overflow;
	bool after_value; /* the next member needs a comma */
	char bytes[FRAME_LENGTH_MOST];
};

void text_begin(struct text *text, __u16 type, __u32 tgid);
void text_begin_plain(struct text *text); /* JSON alone, for the terminal */
void text_finish(struct text *text);

void text_open(struct text *text, const char *name, char bracket);
void text_close(struct text *text, char bracket);
void text_string(struct text *text, const char *name, const char *value); /* NULL: null */
void text_number(struct text *text, const char *name, unsigned long long value);
void text_number_string(struct text *text, const char *name, unsigned long long value);
void text_boolean(struct text *text, const char *name, bool value);

#endif
