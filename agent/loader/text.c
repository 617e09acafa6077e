#include "text.h"
#include <stdarg.h>
#include <string.h>
#include <time.h>

static void put(struct text *text, const char *format, ...)
{
	va_list arguments;
	size_t room = sizeof(text->bytes) - text->length;
	va_start(arguments, format);
	int wanted = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (wanted < 0 || (size_t)wanted >= room) {
		text->overflow = true;
		return;
	}
	text->length += wanted;
}

static __u64 monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void text_begin(struct text *text, __u16 type, __u32 tgid)
{
	struct event_header header = { .time_ns = monotonic_ns(), .tgid = tgid, .tid = tgid, .type = type };
	memcpy(text->bytes, &header, sizeof(header));
	text->length = sizeof(header);
	text->overflow = false;
	text->after_value = false;
	text_open(text, NULL, '{');
}

void text_begin_plain(struct text *text)
{
	text->length = 0;
	text->overflow = false;
	text->after_value = false;
	text_open(text, NULL, '{');
}

void text_finish(struct text *text)
{
	__u32 length;
	text_close(text, '}');
	length = text->length;
	memcpy(text->bytes + offsetof(struct event_header, length), &length, sizeof(length));
}

static int sequence_length(const unsigned char *at)
{
	int more = at[0] >= 0xc2 && at[0] <= 0xdf ? 1 : (at[0] & 0xf0) == 0xe0 ? 2 : at[0] >= 0xf0 && at[0] <= 0xf4 ? 3 : 0;
	for (int i = 1; i <= more; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return more;
}

/* Linux names are bytes. What is not UTF-8 becomes U+FFFD, so that the frame stays valid JSON. */
static void put_quoted(struct text *text, const char *value)
{
	put(text, "\"");
	for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
		int more = *at >= 0x80 ? sequence_length(at) : 0;
		if (*at == '"' || *at == '\\')
			put(text, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			put(text, "\\u%04x", *at);
		else if (*at < 0x80)
			put(text, "%c", *at);
		else if (more == 0)
			put(text, "\\ufffd");
		else
			put(text, "%.*s", more + 1, (const char *)at);
		at += more;
	}
	put(text, "\"");
}

static void name_member(struct text *text, const char *name)
{
	if (text->after_value)
		put(text, ",");
	text->after_value = true;
	if (!name)
		return;
	put_quoted(text, name);
	put(text, ":");
}

void text_open(struct text *text, const char *name, char bracket)
{
	name_member(text, name);
	put(text, "%c", bracket);
	text->after_value = false;
}

void text_close(struct text *text, char bracket)
{
	put(text, "%c", bracket);
	text->after_value = true;
}

void text_string(struct text *text, const char *name, const char *value)
{
	name_member(text, name);
	if (value)
		put_quoted(text, value);
	else
		put(text, "null");
}

void text_number(struct text *text, const char *name, unsigned long long value)
{
	name_member(text, name);
	put(text, "%llu", value);
}

void text_number_string(struct text *text, const char *name, unsigned long long value)
{
	name_member(text, name);
	put(text, "\"%llu\"", value);
}

void text_boolean(struct text *text, const char *name, bool value)
{
	name_member(text, name);
	put(text, "%s", value ? "true" : "false");
}
