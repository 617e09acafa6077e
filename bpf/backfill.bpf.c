// Connections that were open before the agent: found through the files of every process, whatever its network namespace, and marked
// in place with their role. The loader reads the iterator twice: listening ports first, then connections.
//
// Hooks: bpf_iter/task_file (Linux 5.8) and, for sockets that no file table holds (registered with io_uring, waiting to be
// accepted), bpf_iter/tcp (5.9), which sees the loader's own network namespace only. Cost: at the start only.
#include "state.h"
#include "emit.h"
#include "connection.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline struct listener listener_of(const struct sock *sk)
{
	return (struct listener){
		.network = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
	};
}

static __always_inline void note_listener(struct listener *key)
{
	__u8 one = 1;
	bpf_map_update_elem(&listeners, key, &one, BPF_ANY);
}

static __always_inline void mark(struct connection *connection, struct listener *key)
{
	if (connection->origin == ORIGIN_SEEN && connection->opened_ns)
		return;
	connection->origin = ORIGIN_BACKFILLED;
	if (connection->role == ROLE_UNKNOWN)
		connection->role = bpf_map_lookup_elem(&listeners, key) ? ROLE_SERVER : ROLE_CLIENT;
}

static __always_inline bool is_open(__u8 state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

SEC("iter/task_file")
int backfill_files(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	struct socket *socket = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;

	if (!sk || !is_tcp(sk))
		return 0;
	__u8 state = sk->__sk_common.skc_state;
	struct listener key = listener_of(sk);
	if (settings.backfill_pass == BACKFILL_LISTENERS) {
		if (state == TCP_LISTEN)
			note_listener(&key);
		return 0;
	}
	struct connection *connection = is_open(state) ? bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (connection)
		mark(connection, &key);
	return 0;
}

SEC("iter/tcp")
int backfill_sockets(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;
	struct tcp_sock *tcp = common ? bpf_skc_to_tcp_sock(common) : NULL;
	struct sock *sk = (struct sock *)tcp;

	if (!sk || settings.backfill_pass == BACKFILL_LISTENERS || !is_open(BPF_CORE_READ(sk, __sk_common.skc_state)))
		return 0;
	struct listener key = listener_of(sk);
	struct connection *connection = bpf_sk_storage_get(&connections, tcp, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (connection)
		mark(connection, &key);
	return 0;
}
