/* The layouts and numbers of the stream, as this compiler sees them: compared with agent/frames.ts by a test. */
#include "loader.h"
#include <stdio.h>

#define FIELD(type, member) { #member, offsetof(struct type, member), sizeof(((struct type *)0)->member) }
#define END { NULL, 0, 0 }
#define STRUCT(type, ...) { #type, sizeof(struct type), { __VA_ARGS__, END } }
#define CONSTANT(name) { #name, name }

struct field {
	const char *name;
	size_t offset;
	size_t size;
};

static const struct {
	const char *name;
	size_t size;
	struct field fields[20];
} structs[] = {
	STRUCT(event_header, FIELD(event_header, time_ns), FIELD(event_header, cookie), FIELD(event_header, length),
	       FIELD(event_header, tgid), FIELD(event_header, tid), FIELD(event_header, sequence), FIELD(event_header, type),
	       FIELD(event_header, cpu), FIELD(event_header, reserved)),
	STRUCT(event_data, FIELD(event_data, position), FIELD(event_data, total), FIELD(event_data, head), FIELD(event_data, tail),
	       FIELD(event_data, tcp_sequence), FIELD(event_data, direction), FIELD(event_data, source), FIELD(event_data, protocol),
	       FIELD(event_data, role), FIELD(event_data, gap), FIELD(event_data, flags), FIELD(event_data, reserved)),
	STRUCT(event_open, FIELD(event_open, opened_ns), FIELD(event_open, cgroup), FIELD(event_open, network),
	       FIELD(event_open, connect_us), FIELD(event_open, local), FIELD(event_open, remote), FIELD(event_open, comm),
	       FIELD(event_open, local_port), FIELD(event_open, remote_port), FIELD(event_open, family), FIELD(event_open, role),
	       FIELD(event_open, origin), FIELD(event_open, protocol), FIELD(event_open, parent),
	       FIELD(event_open, first_sequence)),
	STRUCT(event_end, FIELD(event_end, position), FIELD(event_end, direction), FIELD(event_end, reserved)),
	STRUCT(event_close, FIELD(event_close, received), FIELD(event_close, sent), FIELD(event_close, retransmits),
	       FIELD(event_close, round_trip_us), FIELD(event_close, error), FIELD(event_close, by_peer)),
	STRUCT(event_process, FIELD(event_process, cgroup), FIELD(event_process, parent), FIELD(event_process, exit_code),
	       FIELD(event_process, comm)),
	STRUCT(frame_clock, FIELD(frame_clock, realtime_ns), FIELD(frame_clock, boottime_ns)),
};

static const struct {
	const char *name;
	unsigned long long value;
} constants[] = {
	CONSTANT(EVENT_DATA), CONSTANT(EVENT_OPEN), CONSTANT(EVENT_END), CONSTANT(EVENT_CLOSE), CONSTANT(EVENT_EXEC),
	CONSTANT(EVENT_EXIT), CONSTANT(EVENT_FORK), CONSTANT(FRAME_HELLO), CONSTANT(FRAME_CLOCK), CONSTANT(FRAME_PROCESS),
	CONSTANT(FRAME_LOSS), CONSTANT(FRAME_LIBRARY), CONSTANT(FRAME_COST), CONSTANT(FRAME_LENGTH_MOST),
	CONSTANT(DIRECTION_RECEIVE), CONSTANT(DIRECTION_SEND), CONSTANT(ROLE_UNKNOWN), CONSTANT(ROLE_CLIENT), CONSTANT(ROLE_SERVER),
	CONSTANT(ORIGIN_SEEN), CONSTANT(ORIGIN_BACKFILLED), CONSTANT(ORIGIN_FIRST_USE), CONSTANT(PROTOCOL_UNKNOWN),
	CONSTANT(PROTOCOL_HTTP1), CONSTANT(PROTOCOL_HTTP2), CONSTANT(PROTOCOL_POSTGRESQL), CONSTANT(PROTOCOL_REDIS),
	CONSTANT(PROTOCOL_TLS), CONSTANT(SOURCE_SYSCALL), CONSTANT(SOURCE_TLS_LIBRARY), CONSTANT(SOURCE_IO_URING), CONSTANT(GAP_NONE),
	CONSTANT(GAP_LIMIT), CONSTANT(GAP_NO_BUFFER), CONSTANT(GAP_UNREADABLE), CONSTANT(GAP_VECTOR), CONSTANT(GAP_UNKNOWN_CALL),
	CONSTANT(GAP_DISCARDED), CONSTANT(GAP_IO_URING), CONSTANT(DATA_TLS), CONSTANT(DATA_HOLE_BEFORE), CONSTANT(DATA_FIRST),
};

static void print_struct(struct text *text, size_t index)
{
	text_open(text, structs[index].name, '{');
	text_number(text, "size", structs[index].size);
	text_open(text, "fields", '{');
	for (const struct field *field = structs[index].fields; field->name; field++) {
		text_open(text, field->name, '[');
		text_number(text, NULL, field->offset);
		text_number(text, NULL, field->size);
		text_close(text, ']');
	}
	text_close(text, '}');
	text_close(text, '}');
}

int layout(void)
{
	static struct text text;
	text_begin_plain(&text);
	text_number(&text, "protocol", TOCSIN_PROTOCOL);
	text_open(&text, "structs", '{');
	for (size_t i = 0; i < sizeof(structs) / sizeof(*structs); i++)
		print_struct(&text, i);
	text_close(&text, '}');
	text_open(&text, "constants", '{');
	for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++)
		text_number(&text, constants[i].name, constants[i].value);
	text_close(&text, '}');
	text_close(&text, '}');
	printf("%.*s\n", (int)text.length, text.bytes);
	return 0;
}
