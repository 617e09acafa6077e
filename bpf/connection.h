/* Connections: their state, whether they are followed, where in the stream a call stands, and telling user space about them. */
#ifndef TOCSIN_CONNECTION_H
#define TOCSIN_CONNECTION_H

#include "emit.h"

static __always_inline bool is_tcp(const struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;
	__u16 protocol = sk->sk_protocol;
	return (family == AF_INET || family == AF_INET6) && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

static __always_inline bool is_excluded_port(__u16 port)
{
	return bpf_map_lookup_elem(&excluded_ports, &port) != NULL;
}

/* A socket of the kernel itself has no file: the registers of whoever happens to run say nothing about it. */
static __always_inline bool is_kernel_socket(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	return !socket || !BPF_CORE_READ(socket, file);
}

/* Asked for again: its OPEN was lost on the way, or was forgotten by who read it. */
static __always_inline __u8 policy_of(struct connection *connection)
{
	__u8 *policy = bpf_map_lookup_elem(&policies, &connection->cookie);
	if (!policy)
		return POLICY_FULL;
	if (*policy != POLICY_ANNOUNCE)
		return *policy;
	connection->flags &= ~CONNECTION_ANNOUNCED;
	bpf_map_delete_elem(&policies, &connection->cookie);
	return POLICY_FULL;
}

static __always_inline __u8 decide_mode(struct sock *sk, struct connection *connection)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	if (connection->flags & CONNECTION_GIVEN_UP)
		return POLICY_OFF;
	if (is_excluded_port(sk->__sk_common.skc_num) || is_excluded_port(__builtin_bswap16(sk->__sk_common.skc_dport)))
		return POLICY_OFF;
	if (bpf_map_lookup_elem(&excluded_processes, &tgid))
		return POLICY_OFF;
	if (settings.network && settings.network != sk->__sk_common.skc_net.net->ns.inum)
		return POLICY_OFF;
	if (is_kernel_socket(sk))
		return POLICY_OFF;
	return policy_of(connection);
}

static __always_inline struct connection *find_connection(struct sock *sk)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (connection)
		return connection;
	connection = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection) {
		count_loss(LOSS_STATE, 1);
		return NULL;
	}
	connection->origin = ORIGIN_FIRST_USE;
	return connection;
}

static __always_inline void copy_addresses(struct event_open *event, const struct sock *sk)
{
	event->local_port = sk->__sk_common.skc_num;
	event->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
	__u32 mapped = sk->__sk_common.skc_family == AF_INET6 && sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0] == 0 &&
		       sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[1] == 0 &&
		       sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[2] == 0xffff0000;
	if (sk->__sk_common.skc_family == AF_INET6 && !mapped) {
		event->family = 6;
		BPF_CORE_READ_INTO(&event->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&event->remote, sk, __sk_common.skc_v6_daddr);
		return;
	}
	event->family = 4;
	__builtin_memcpy(event->local, (__be32[]){ sk->__sk_common.skc_rcv_saddr }, 4);
	__builtin_memcpy(event->remote, (__be32[]){ sk->__sk_common.skc_daddr }, 4);
}

/* The loader must read a new process' facts before it ends, and probe its TLS library before the handshake is over. */
static __always_inline bool is_urgent(const struct event_open *event)
{
	__u8 *known = bpf_map_lookup_elem(&known_processes, &event->header.tgid);
	return event->protocol == PROTOCOL_TLS || !known || *known != KNOWN_TOLD;
}

/* Its end is told from now on, also where it comes before the loader has met it. */
static __always_inline void meet_process(__u32 tgid)
{
	__u8 met = KNOWN_MET;
	bpf_map_update_elem(&known_processes, &tgid, &met, BPF_NOEXIST);
}

/* What is to be known of a process that has ended already is known of the one that forked it, as long as it ran the same program. */
static __always_inline __u32 parent_of_fork(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (!(BPF_CORE_READ(task, group_leader, flags) & PF_FORKNOEXEC))
		return 0;
	return BPF_CORE_READ(task, real_parent, tgid);
}

/* TCP counts the bytes that arrived, and those that were acknowledged, among them the client's SYN: what they started from is never
 * forgotten, also on connections that were open before. */
static __always_inline __u32 first_sequence(struct sock *sk, __u8 role)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || role == ROLE_UNKNOWN)
		return 0;
	return role == ROLE_CLIENT ? tcp->snd_una - (__u32)tcp->bytes_acked + 1 : tcp->rcv_nxt - (__u32)tcp->bytes_received;
}

/* Tells user space that a connection is worth following. Written again when it could not be, or when the protocol changed. */
static __always_inline void announce(struct sock *sk, struct connection *connection)
{
	struct event_open event = {};

	fill_header(&event.header, EVENT_OPEN, sizeof(event));
	event.header.cookie = connection->cookie;
	event.opened_ns = connection->origin == ORIGIN_SEEN ? connection->opened_ns : 0;
	event.cgroup = bpf_get_current_cgroup_id();
	event.network = sk->__sk_common.skc_net.net->ns.inum;
	event.connect_us = connection->connect_us;
	copy_addresses(&event, sk);
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	event.role = connection->role;
	event.origin = connection->origin;
	event.protocol = connection->protocol;
	event.parent = parent_of_fork();
	event.first_sequence = first_sequence(sk, connection->role);
	__u64 flag = is_urgent(&event) ? BPF_RB_FORCE_WAKEUP : wake_flag();
	meet_process(event.header.tgid);
	if (write_event(&event, sizeof(event), flag))
		connection->flags |= CONNECTION_ANNOUNCED;
}

static __always_inline void announce_end(struct connection *connection, __u8 direction)
{
	struct event_end event = {};
	fill_header(&event.header, EVENT_END, sizeof(event));
	event.header.cookie = connection->cookie;
	event.position = connection->streams[direction].position;
	event.direction = direction;
	write_event(&event, sizeof(event), wake_flag());
}

/* Where the stream stood before this call. TCP's own counters say so exactly, and betray bytes that moved unseen.
 * False when several threads moved bytes at once and their order cannot be told. */
static __always_inline bool take_position(struct sock *sk, struct connection *connection, struct event_data *data)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct stream *stream = &connection->streams[data->direction & 1];
	__u32 moved = data->total;
	__u32 now = stream->sequence + moved;

	if (tcp)
		now = data->direction == DIRECTION_SEND ? tcp->write_seq : tcp->copied_seq;
	if (!stream->positioned)
		stream->sequence = now - moved;
	stream->positioned = 1;
	__u32 step = now - stream->sequence;
	stream->sequence = now;
	/* The peer's FIN counts one, and may be consumed by the same call. */
	if (step == moved + 1 && data->direction == DIRECTION_RECEIVE && sk->sk_shutdown & RCV_SHUTDOWN) {
		step = moved;
		now--;
	}
	if (step < moved) {
		stream->position += step;
		count_loss(LOSS_ORDER, 1);
		return false;
	}
	if (step > moved) {
		count_loss(LOSS_UNSEEN_BYTES, step - moved);
		stream->position += step - moved;
		data->flags |= DATA_HOLE_BEFORE;
	}
	data->position = stream->position;
	data->tcp_sequence = tcp ? now - moved : 0;
	stream->position += moved;
	return true;
}

/* How many bytes of this call to capture. */
static __always_inline __u32 take_turn(struct turn *turn, __u32 direction, __u32 total)
{
	if (turn->direction != direction) {
		turn->direction = direction;
		turn->bytes = 0;
	}
	__u32 room = settings.capture > turn->bytes ? settings.capture - turn->bytes : 0;
	if (room < settings.capture_more)
		room = settings.capture_more;
	turn->bytes = turn->bytes + total < turn->bytes ? ~0U : turn->bytes + total;
	return room < total ? room : total;
}

#endif
