// Every byte a process moves over TCP, whichever call moves it.
//
// Hooks: tp_btf/sock_send_length and tp_btf/sock_recv_length (Linux 6.3, commit 6e6eda44b939), which fire once per call for read,
// write, readv, writev, send*, recv*, sendfile, splice to a socket and io_uring, after the bytes were moved, with the socket at hand.
// Not told by them: splice from a socket and TCP_ZEROCOPY_RECEIVE; TCP's own counters betray those at the next call.
// Cost: one storage lookup for a connection that is not followed; see docs/agent.md for the others.
#include "state.h"
#include "emit.h"
#include "nominate.h"
#include "buffers.h"
#include "connection.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline void count_gap(__u8 gap)
{
	if (gap == GAP_UNREADABLE)
		count_loss(LOSS_UNREADABLE, 1);
	else if (gap == GAP_NO_BUFFER)
		count_loss(LOSS_NO_BUFFER, 1);
	else if (gap == GAP_VECTOR)
		count_loss(LOSS_VECTOR, 1);
	else if (gap == GAP_UNKNOWN_CALL)
		count_loss(LOSS_UNKNOWN_CALL, 1);
	else if (gap == GAP_IO_URING)
		count_loss(LOSS_IO_URING, 1);
}

/* Inside a TLS library's call: leaves word of the connection for its return (tls.bpf.c). */
static __always_inline void tell_tls_call(struct connection *connection)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = settings.follow_tls ? bpf_task_storage_get(&threads, task, 0, 0) : NULL;
	if (!thread || !thread->ssl)
		return;
	thread->cookie = connection->cookie;
	thread->moved_ns = bpf_ktime_get_ns();
	thread->role = connection->role;
	thread->off = connection->mode == POLICY_OFF;
}

/* Node writes ciphertext after the library's call, from memory: its first bytes say which TLS object made it. */
static __always_inline void join_by_ciphertext(struct connection *connection, struct scratch *scratch, __u32 head)
{
	struct node_head key = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	if (head < NODE_HEAD || connection->join_tries >= JOIN_TRIES)
		return;
	connection->join_tries++;
	__builtin_memcpy(key.bytes, scratch->bytes, NODE_HEAD);
	__u64 *ssl = bpf_map_lookup_elem(&node_heads, &key);
	if (!ssl)
		return;
	struct tls_key session_key = { .ssl = *ssl, .tgid = key.tgid };
	struct tls_session joined = { .cookie = connection->cookie, .role = connection->role };
	struct tls_session *session = bpf_map_lookup_elem(&tls_sessions, &session_key);
	if (session) {
		session->cookie = connection->cookie;
		session->role = connection->role;
	} else {
		bpf_map_update_elem(&tls_sessions, &session_key, &joined, BPF_ANY);
	}
	bpf_map_delete_elem(&node_heads, &key);
	connection->flags |= CONNECTION_JOINED;
}

/* Ciphertext is not sent on: the library's probes tell the plaintext. */
static __always_inline int moved_tls(const struct move *move, struct connection *connection, struct scratch *scratch)
{
	struct buffers buffers = {};
	struct range range = { .length = NODE_HEAD };

	tell_tls_call(connection);
	if (!(connection->flags & CONNECTION_ANNOUNCED))
		announce(move->sk, connection);
	if (move->direction != DIRECTION_SEND || !settings.follow_node || connection->flags & CONNECTION_JOINED)
		return 0;
	find_buffers(&buffers, move);
	if (buffers.pointer)
		join_by_ciphertext(connection, scratch, copy_range(scratch, &buffers, &range));
	return 0;
}

static __always_inline __u8 byte_after_message(struct scratch *scratch, opening first, __u32 head)
{
	__u32 end = network_word(first, 1) + 1;
	barrier_var(end);
	return end < head && end < TOCSIN_CAPTURE_MOST ? scratch->bytes[end] : 0;
}

/* Returns false when there is (still) nothing to tell of this connection. */
static __always_inline bool recognise(struct connection *connection, struct scratch *scratch, __u32 head)
{
	opening first = *(opening *)scratch->bytes;
	struct event_data *data = &scratch->data;

	if (head < 4)
		return connection->protocol != PROTOCOL_UNKNOWN;
	if (head < NOMINATE_BYTES)
		first &= (1ULL << 8 * head) - 1;
	/* A known protocol may turn to TLS (PostgreSQL's SSLRequest, HTTP's CONNECT), with a handshake, never in the middle of one. */
	if (connection->protocol != PROTOCOL_UNKNOWN && !(is_tls(first, head) && byte_of(first, 0) == TLS_HANDSHAKE_RECORD))
		return true;
	__u32 nomination = nominate(first, head, data->total, byte_after_message(scratch, first, head));
	if (NOMINATED(nomination) == PROTOCOL_UNKNOWN) {
		if (++connection->turn.tries >= NOMINATION_TRIES) {
			connection->flags |= CONNECTION_GIVEN_UP;
			connection->mode = POLICY_OFF;
		}
		return false;
	}
	connection->protocol = NOMINATED(nomination);
	connection->flags &= ~CONNECTION_ANNOUNCED;
	if (connection->role == ROLE_UNKNOWN)
		connection->role = role_of(nomination, data->direction);
	return true;
}

static __always_inline void capture(const struct move *move, struct connection *connection, struct scratch *scratch)
{
	struct event_data *data = &scratch->data;
	struct buffers buffers = {};
	__u32 limit = take_turn(&connection->turn, data->direction, data->total);

	find_buffers(&buffers, move);
	data->source = buffers.source;
	data->gap = buffers.gap;
	if (!buffers.pointer)
		return;
	struct range head = { .length = limit };
	data->head = copy_range(scratch, &buffers, &head);
	__u32 tail = data->total - data->head;
	if (tail > settings.tail)
		tail = settings.tail;
	if (tail > 0 && tail <= TAIL_MOST && buffers.gap == GAP_NONE) {
		struct range range = { .from = data->total - tail, .length = tail, .to = data->head };
		data->tail = copy_range(scratch, &buffers, &range);
		if (data->tail < tail)
			data->tail = 0;
	}
	data->gap = buffers.gap;
	if (data->gap == GAP_NONE && data->head + data->tail < data->total)
		data->gap = GAP_LIMIT;
}

static __always_inline int tell(struct sock *sk, struct connection *connection, struct scratch *scratch)
{
	struct event_data *data = &scratch->data;
	__u32 length = sizeof(*data) + data->head + data->tail;

	if (!(connection->flags & CONNECTION_ANNOUNCED))
		announce(sk, connection);
	fill_header(&data->header, EVENT_DATA, length);
	data->header.cookie = connection->cookie;
	data->protocol = connection->protocol;
	data->role = connection->role;
	if (!(connection->flags & CONNECTION_DATA))
		data->flags |= DATA_FIRST;
	count_gap(data->gap);
	barrier_var(length);
	if (length > sizeof(*data) + TOCSIN_CAPTURE_MOST)
		return 0;
	if (write_event(scratch, length, wake_flag()))
		connection->flags |= CONNECTION_DATA;
	return 0;
}

/* A failed call ends a batch; a receive of nothing may be the end of the stream. */
static __always_inline int moved_nothing(struct sock *sk, struct connection *connection, int result)
{
	if (result < 0)
		forget_batch();
	else if (sk->sk_shutdown & RCV_SHUTDOWN && connection->flags & CONNECTION_ANNOUNCED)
		announce_end(connection, DIRECTION_RECEIVE);
	return 0;
}

static __always_inline struct scratch *take_scratch(const struct move *move)
{
	__u32 index = move->direction;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &index);
	if (!scratch)
		return NULL;
	__builtin_memset(&scratch->data, 0, sizeof(scratch->data));
	scratch->data.direction = move->direction;
	scratch->data.total = move->total;
	return scratch;
}

static __always_inline int moved_some(const struct move *move, struct connection *connection)
{
	struct scratch *scratch = take_scratch(move);
	if (!scratch)
		return 0;
	if (!take_position(move->sk, connection, &scratch->data)) {
		lose_batch();
		return 0;
	}
	if (connection->protocol == PROTOCOL_TLS)
		return moved_tls(move, connection, scratch);
	if (connection->mode == POLICY_COUNT) {
		scratch->data.gap = GAP_LIMIT;
		return connection->protocol == PROTOCOL_UNKNOWN ? 0 : tell(move->sk, connection, scratch);
	}
	capture(move, connection, scratch);
	if (!recognise(connection, scratch, scratch->data.head))
		return 0;
	if (connection->protocol != PROTOCOL_TLS)
		return tell(move->sk, connection, scratch);
	return moved_tls(move, connection, scratch);
}

static __always_inline void decide(struct sock *sk, struct connection *connection)
{
	connection->cookie = bpf_get_socket_cookie(sk);
	connection->generation = settings.generation;
	connection->mode = decide_mode(sk, connection);
}

static __always_inline int moved(struct sock *sk, int result, int flags, __u32 direction)
{
	struct connection *connection = is_tcp(sk) ? find_connection(sk) : NULL;
	if (!connection)
		return 0;
	if (connection->generation != settings.generation)
		decide(sk, connection);
	if (connection->mode == POLICY_OFF) {
		tell_tls_call(connection);
		return 0;
	}
	if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (result <= 0)
		return moved_nothing(sk, connection, result);
	struct move move = { .sk = sk, .total = result, .direction = direction, .flags = flags };
	return moved_some(&move, connection);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int result, int flags)
{
	return moved(sk, result, flags, DIRECTION_SEND);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int result, int flags)
{
	return moved(sk, result, flags, DIRECTION_RECEIVE);
}
