/* Which protocol the first bytes of a call suggest. A candidate only: user space confirms by parsing. */
#ifndef TOCSIN_NOMINATE_H
#define TOCSIN_NOMINATE_H

#include "events.h"

/* Plain C, so that a test can ask it too (test/agent/programs/nominations.c). */
#ifndef __VMLINUX_H__
#include <stdbool.h>
#include <sys/cdefs.h>
#define __noinline __attribute__((noinline))
#define __weak __attribute__((weak))
#endif

#define NOMINATE_BYTES 8
#define TLS_HANDSHAKE_RECORD 0x16
#define TLS_DATA_RECORD 0x17

/* A nomination: the protocol, and whether the bytes are a request (of the client) or a response. */
#define NOMINATED(value) ((value) & 0xff)
#define IS_REQUEST 0x100
#define IS_RESPONSE 0x200

/* The first eight bytes of a call, the first one lowest; zero where the call moved fewer. */
typedef __u64 opening;

static __always_inline __u8 byte_of(opening bytes, __u32 index)
{
	return bytes >> 8 * index;
}

#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

static __always_inline __u32 network_word(opening bytes, __u32 index)
{
	return __builtin_bswap32((__u32)(bytes >> 8 * index));
}

/* RFC 8446 5.1: a handshake record (or its five-byte header, which OpenSSL reads alone), or application data in mid-stream. */
static __always_inline bool is_tls(opening first, __u32 head)
{
	if (head < 5 || byte_of(first, 1) != 3 || byte_of(first, 2) > 4)
		return false;
	__u32 record = (__u32)byte_of(first, 3) << 8 | byte_of(first, 4);
	if (record == 0 || record > 16640)
		return false;
	if (byte_of(first, 0) == TLS_HANDSHAKE_RECORD)
		return head == 5 || byte_of(first, 5) == 1 || byte_of(first, 5) == 2;
	return byte_of(first, 0) == TLS_DATA_RECORD && byte_of(first, 2) == 3 && record >= 17;
}

/* RFC 9110 9.1, RFC 5789, WebDAV (RFC 4918, 3253, 5323) and the query method. "PRI * HTTP/2.0" is HTTP/2's preface (RFC 9113 3.4). */
static __always_inline bool is_http_method(__u32 word, __u8 fifth)
{
	switch (word) {
	case WORD('G', 'E', 'T', ' '):
	case WORD('P', 'U', 'T', ' '):
		return fifth == '/' || fifth == 'h';
	case WORD('P', 'O', 'S', 'T'):
	case WORD('H', 'E', 'A', 'D'):
		return fifth == ' ';
	case WORD('D', 'E', 'L', 'E'):
		return fifth == 'T';
	case WORD('O', 'P', 'T', 'I'):
		return fifth == 'O';
	case WORD('P', 'A', 'T', 'C'):
		return fifth == 'H';
	case WORD('C', 'O', 'N', 'N'):
		return fifth == 'E';
	case WORD('T', 'R', 'A', 'C'):
	case WORD('M', 'E', 'R', 'G'):
		return fifth == 'E';
	case WORD('P', 'R', 'O', 'P'):
		return fifth == 'F' || fifth == 'P';
	case WORD('M', 'K', 'C', 'O'):
		return fifth == 'L';
	case WORD('C', 'O', 'P', 'Y'):
	case WORD('M', 'O', 'V', 'E'):
	case WORD('L', 'O', 'C', 'K'):
		return fifth == ' ';
	case WORD('U', 'N', 'L', 'O'):
	case WORD('S', 'E', 'A', 'R'):
		return fifth == 'C';
	case WORD('R', 'E', 'P', 'O'):
		return fifth == 'R';
	case WORD('Q', 'U', 'E', 'R'):
		return fifth == 'Y';
	}
	return false;
}

/* PostgreSQL 55.7: start-up packets carry their length and a code; 80877102..4 are cancel, TLS and GSS requests. */
static __always_inline bool is_postgresql_start(opening first, __u32 total)
{
	__u32 length = network_word(first, 0);
	__u32 code = network_word(first, 4);
	if (length != total || length > 10240)
		return false;
	if (length == 8)
		return code == 80877103 || code == 80877104;
	return code >> 16 == 3 || (length == 16 && code == 80877102);
}

static __always_inline bool is_postgresql_type(__u8 type)
{
	return type == 'Q' || type == 'P' || type == 'B' || type == 'D' || type == 'E' || type == 'S' || type == 'H' || type == 'C' ||
	       type == 'F' || type == 'X' || type == 'd' || type == 'c' || type == 'f';
}

/* A typed message of the client that ends with the call, is followed by another, or is a long statement cut by the call. */
static __always_inline bool is_postgresql_message(opening first, __u32 head, __u32 total, __u8 next)
{
	__u32 length = network_word(first, 1);
	if (head < 5 || !is_postgresql_type(byte_of(first, 0)) || length < 4 || length > 1 << 20)
		return false;
	if (length + 1 == total)
		return byte_of(first, 0) != 'Q' || length > 4;
	if (length + 1 < total)
		return length + 1 < head ? is_postgresql_type(next) : byte_of(first, 0) == 'Q' || byte_of(first, 0) == 'P';
	return head >= NOMINATE_BYTES && byte_of(first, 0) == 'Q' && byte_of(first, 5) >= ' ' && byte_of(first, 5) < 127;
}

/* RESP: an array of bulk strings, "*3\r\n$3\r\nSET…", as every client library sends commands. */
static __always_inline bool is_redis(opening first, __u32 head)
{
	if (head < 6 || byte_of(first, 0) != '*' || byte_of(first, 1) < '1' || byte_of(first, 1) > '9')
		return false;
	if (byte_of(first, 2) == '\r')
		return byte_of(first, 3) == '\n' && byte_of(first, 4) == '$';
	if (byte_of(first, 2) < '0' || byte_of(first, 2) > '9')
		return false;
	if (byte_of(first, 3) == '\r')
		return byte_of(first, 4) == '\n' && byte_of(first, 5) == '$';
	return byte_of(first, 3) >= '0' && byte_of(first, 3) <= '9' && byte_of(first, 4) == '\r' && byte_of(first, 5) == '\n';
}

static __always_inline __u32 tls_nomination(opening first, __u32 head)
{
	__u8 message = head > 5 && byte_of(first, 0) == TLS_HANDSHAKE_RECORD ? byte_of(first, 5) : 0;
	return PROTOCOL_TLS | (message == 1 ? IS_REQUEST : 0) | (message == 2 ? IS_RESPONSE : 0);
}

/* `next`: the byte after the PostgreSQL message that `first` would begin. A function of its own for the verifier, which then
 * looks at it once and not once for each way that leads here. */
__weak __noinline __u32 nominate(opening first, __u32 head, __u32 total, __u8 next)
{
	__u32 word = (__u32)first;

	if (is_tls(first, head))
		return tls_nomination(first, head);
	if (word == WORD('H', 'T', 'T', 'P'))
		return byte_of(first, 4) == '/' && byte_of(first, 5) == '1' ? PROTOCOL_HTTP1 | IS_RESPONSE : PROTOCOL_UNKNOWN;
	if (word == WORD('P', 'R', 'I', ' '))
		return byte_of(first, 4) == '*' ? PROTOCOL_HTTP2 | IS_REQUEST : PROTOCOL_UNKNOWN;
	if (is_http_method(word, byte_of(first, 4)))
		return PROTOCOL_HTTP1 | IS_REQUEST;
	if (is_redis(first, head))
		return PROTOCOL_REDIS | IS_REQUEST;
	if (is_postgresql_start(first, total) || is_postgresql_message(first, head, total, next))
		return PROTOCOL_POSTGRESQL | IS_REQUEST;
	return PROTOCOL_UNKNOWN;
}

static __always_inline __u8 role_of(__u32 nomination, __u32 direction)
{
	if (nomination & IS_REQUEST)
		return direction == DIRECTION_SEND ? ROLE_CLIENT : ROLE_SERVER;
	if (nomination & IS_RESPONSE)
		return direction == DIRECTION_SEND ? ROLE_SERVER : ROLE_CLIENT;
	return ROLE_UNKNOWN;
}

#endif
