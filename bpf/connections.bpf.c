// The life of a TCP connection: who opened it, how long connecting took, how it ended.
//
// Hook: tp_btf/inet_sock_set_state (Linux 4.16; BTF form 5.5). It fires a handful of times per connection, in softirq for the passive
// side, so nothing here reads the current process. Cost: one storage lookup each; one allocation per connection.
#include "state.h"
#include "emit.h"
#include "connection.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline void position_at_start(struct sock *sk, struct connection *connection)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return;
	connection->streams[DIRECTION_SEND] = (struct stream){ .sequence = tcp->write_seq, .positioned = 1 };
	connection->streams[DIRECTION_RECEIVE] = (struct stream){ .sequence = tcp->copied_seq, .positioned = 1 };
}

static __always_inline void begin(struct sock *sk, __u8 role)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection) {
		count_loss(LOSS_STATE, 1);
		return;
	}
	/* A socket may connect again after it was closed. */
	*connection = (struct connection){ .role = role, .origin = ORIGIN_SEEN, .opened_ns = bpf_ktime_get_ns() };
	if (role == ROLE_SERVER)
		position_at_start(sk, connection);
}

static __always_inline void connected(struct sock *sk)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!connection || connection->origin != ORIGIN_SEEN)
		return;
	__u64 now = bpf_ktime_get_ns();
	connection->connect_us = (now - connection->opened_ns) / 1000;
	connection->opened_ns = now;
	position_at_start(sk, connection);
}

/* The other side's FIN came first, or its reset (or silence) ended what this side had not. */
static __always_inline bool is_by_peer(struct sock *sk, int before)
{
	return before == TCP_CLOSE_WAIT || before == TCP_LAST_ACK || (before == TCP_ESTABLISHED && sk->sk_err);
}

static __always_inline void announce_close(struct sock *sk, struct connection *connection, int before)
{
	struct event_close event = {};
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	fill_header(&event.header, EVENT_CLOSE, sizeof(event));
	event.header.cookie = connection->cookie;
	event.header.tgid = 0;
	event.header.tid = 0;
	event.received = connection->streams[DIRECTION_RECEIVE].position;
	event.sent = connection->streams[DIRECTION_SEND].position;
	event.retransmits = tcp ? tcp->total_retrans : 0;
	event.round_trip_us = tcp ? tcp->srtt_us >> 3 : 0;
	event.error = sk->sk_err;
	event.by_peer = is_by_peer(sk, before);
	write_event(&event, sizeof(event), wake_flag());
	connection->flags &= ~CONNECTION_ANNOUNCED;
}

static __always_inline void ended(struct sock *sk, int before, int after)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (!connection || !(connection->flags & CONNECTION_ANNOUNCED))
		return;
	if (after == TCP_CLOSE)
		announce_close(sk, connection, before);
	else if (connection->mode != POLICY_OFF)
		announce_end(connection, DIRECTION_SEND);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int before, int after)
{
	if (!is_tcp(sk))
		return 0;
	if (after == TCP_SYN_SENT)
		begin(sk, ROLE_CLIENT);
	else if (after == TCP_ESTABLISHED && before == TCP_SYN_RECV)
		begin(sk, ROLE_SERVER);
	else if (after == TCP_ESTABLISHED && before == TCP_SYN_SENT)
		connected(sk);
	else if (after == TCP_FIN_WAIT1 || after == TCP_LAST_ACK || (after == TCP_CLOSE && before != TCP_SYN_SENT))
		ended(sk, before, after);
	return 0;
}
