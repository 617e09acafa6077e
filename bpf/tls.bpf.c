// Plaintext at TLS libraries: OpenSSL's SSL_read, SSL_write and their _ex forms, and Node's own TLS on the OpenSSL inside it.
//
// Hooks: uprobes by uprobe_multi (Linux 6.6) on the entry of each function and on each of its RET instructions. No uretprobes:
// they overwrite return addresses, which crashed programs that look at their stacks (coroot-node-agent issues 158, 255, 256).
// Which function was hit comes with the probe (bpf_get_attach_cookie).
// A TLS object is joined to its connection by the socket call that the library makes inside its own call (socket_io.bpf.c), and for
// Node, whose library reads and writes memory, by the first bytes of the ciphertext that Node then sends.
// Cost: about a microsecond for each probe hit (docs/agent.md).
#include "state.h"
#include "emit.h"
#include "nominate.h"
#include "connection.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline __u32 process_id(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline struct thread *find_thread(__u64 flags)
{
	return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, flags);
}

/* (SSL *, void *buffer, int length) or (SSL *, void *buffer, size_t length, size_t *moved) */
SEC("uprobe")
int BPF_KPROBE(on_tls_enter, __u64 ssl, __u64 buffer, __u64 length, __u64 moved)
{
	__u32 tgid = process_id();
	if (bpf_map_lookup_elem(&excluded_processes, &tgid))
		return 0;
	struct thread *thread = find_thread(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count_loss(LOSS_STATE, 1);
		return 0;
	}
	thread->ssl = ssl;
	thread->entered_ns = bpf_ktime_get_ns();
	thread->moved_ns = 0;
	thread->buffer = buffer;
	thread->length = moved;
	thread->function = bpf_get_attach_cookie(ctx);
	thread->cookie = 0;
	thread->role = ROLE_UNKNOWN;
	thread->off = 0;
	return 0;
}

static __always_inline struct tls_session *find_session(struct tls_key *key)
{
	struct tls_session fresh = {};
	struct tls_session *session = bpf_map_lookup_elem(&tls_sessions, key);
	if (session)
		return session;
	bpf_map_update_elem(&tls_sessions, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tls_sessions, key);
}

/* The library moved ciphertext over this connection inside the call. An object that speaks over another one was reused. */
static __always_inline void join(struct tls_session *session, struct thread *thread)
{
	if (thread->cookie && session->cookie != thread->cookie) {
		if (session->cookie)
			*session = (struct tls_session){};
		session->cookie = thread->cookie;
	}
	if (thread->role)
		session->role = thread->role;
	/* A call that was served from the library's buffer says nothing of the connection: what the one before said holds. */
	if (thread->off)
		session->flags |= CONNECTION_LEFT;
	else if (thread->cookie && session->flags & CONNECTION_LEFT) {
		session->flags &= ~CONNECTION_LEFT;
		session->generation = 0;
	}
	if (session->flags & (CONNECTION_LEFT | CONNECTION_GIVEN_UP))
		session->mode = POLICY_OFF;
	else if (session->generation != settings.generation) {
		__u8 *policy = bpf_map_lookup_elem(&policies, &session->cookie);
		session->mode = policy && *policy != POLICY_ANNOUNCE ? *policy : POLICY_FULL;
		session->generation = settings.generation;
	}
}

/* Bytes the call moved, or 0. */
static __always_inline __u32 moved_bytes(struct thread *thread, int result)
{
	__u64 length = 0;
	if (result <= 0 || thread->function == TLS_HANDSHAKE)
		return 0;
	if (thread->function == TLS_READ || thread->function == TLS_WRITE)
		return result;
	if (bpf_probe_read_user(&length, sizeof(length), (const void *)thread->length) || length > 1 << 30) {
		count_loss(LOSS_TLS_LENGTH, 1);
		return 0;
	}
	return length;
}

struct plaintext {
	__u64 buffer;
	__u64 asked_ns;    /* when it was sent, if it is a request; 0: received */
	__u64 answered_ns; /* when it was sent, if it is an answer; 0: not known */
	__u32 total;
	__u32 head;
	__u32 tail;
	__u8 direction;
};

static __always_inline bool recognise_plaintext(struct tls_session *session, struct event_data *data, __u8 *bytes)
{
	opening first = *(opening *)bytes;
	if (session->protocol != PROTOCOL_UNKNOWN)
		return true;
	if (data->head < NOMINATE_BYTES)
		first &= (1ULL << 8 * data->head) - 1;
	__u32 nomination = nominate(first, data->head, data->total, 0);
	if (NOMINATED(nomination) == PROTOCOL_UNKNOWN || NOMINATED(nomination) == PROTOCOL_TLS) {
		if (data->head > 0 && ++session->turn.tries >= NOMINATION_TRIES) {
			session->flags |= CONNECTION_GIVEN_UP;
			session->mode = POLICY_OFF;
		}
		return false;
	}
	session->protocol = NOMINATED(nomination);
	if (session->role == ROLE_UNKNOWN)
		session->role = role_of(nomination, data->direction);
	return true;
}

static __always_inline void fill_plaintext(struct event_data *data, struct plaintext *plain, __u32 room)
{
	__u8 *bytes = (__u8 *)(data + 1);
	__u32 head = plain->head, tail = plain->tail;

	barrier_var(head);
	barrier_var(tail);
	if (head > room || tail > TAIL_MOST)
		return;
	if (bpf_probe_read_user(bytes, head, (const void *)plain->buffer) ||
	    (tail && bpf_probe_read_user(bytes + head, tail, (const void *)(plain->buffer + plain->total - tail)))) {
		count_loss(LOSS_TLS_UNREADABLE, 1);
		data->gap = GAP_UNREADABLE;
		return;
	}
	data->head = head;
	data->tail = tail;
	data->gap = head + tail < plain->total ? GAP_LIMIT : GAP_NONE;
}

/* Reserves room in the ring itself: a uprobe may be preempted by another, so a scratch per CPU would be shared. */
static __always_inline void tell_plaintext(struct tls_session *session, struct plaintext *plain, const __u32 room)
{
	struct event_data *data = bpf_ringbuf_reserve(&events, sizeof(*data) + room + TAIL_MOST, 0);
	__u64 position = session->positions[plain->direction & 1];

	session->positions[plain->direction & 1] = position + plain->total;
	if (!data) {
		count_loss(LOSS_RING_FULL, 1);
		next_sequence();
		return;
	}
	__builtin_memset(data, 0, sizeof(*data));
	__builtin_memset(data + 1, 0, NOMINATE_BYTES);
	data->direction = plain->direction;
	data->total = plain->total;
	fill_plaintext(data, plain, room);
	if (!recognise_plaintext(session, data, (__u8 *)(data + 1))) {
		bpf_ringbuf_discard(data, BPF_RB_NO_WAKEUP);
		return;
	}
	fill_header(&data->header, EVENT_DATA, sizeof(*data) + data->head + data->tail);
	/* The call may return long after the other end has its bytes. */
	__u64 sent_ns = session->role == ROLE_CLIENT ? plain->asked_ns : plain->answered_ns;
	if (sent_ns)
		data->header.time_ns = sent_ns;
	data->header.cookie = session->cookie;
	data->position = position;
	data->source = SOURCE_TLS_LIBRARY;
	data->protocol = session->protocol;
	data->role = session->role;
	data->flags = DATA_TLS | (session->flags & CONNECTION_DATA ? 0 : DATA_FIRST);
	session->flags |= CONNECTION_DATA;
	bpf_ringbuf_submit(data, wake_flag());
}

static __always_inline void tell_by_size(struct tls_session *session, struct plaintext *plain)
{
	if (plain->head <= 256)
		tell_plaintext(session, plain, 256);
	else if (plain->head <= 1024)
		tell_plaintext(session, plain, 1024);
	else if (plain->head <= 4096)
		tell_plaintext(session, plain, 4096);
	else
		tell_plaintext(session, plain, TOCSIN_CAPTURE_MOST);
}

static __always_inline void moved_plaintext(struct tls_session *session, struct thread *thread, __u32 total)
{
	bool read = thread->function == TLS_READ || thread->function == TLS_READ_EX;
	struct plaintext plain = { .buffer = thread->buffer, .total = total, .direction = read ? DIRECTION_RECEIVE : DIRECTION_SEND,
				   .asked_ns = read ? 0 : thread->entered_ns, .answered_ns = read ? 0 : thread->moved_ns };

	if (session->mode == POLICY_OFF)
		return;
	if (!session->cookie) {
		session->positions[plain.direction] += total;
		count_loss(LOSS_TLS_UNJOINED, 1);
		return;
	}
	if (session->mode == POLICY_FULL) {
		plain.head = take_turn(&session->turn, plain.direction, total);
		__u32 rest = total - plain.head;
		plain.tail = rest < settings.tail ? rest : settings.tail;
	}
	tell_by_size(session, &plain);
}

SEC("uprobe")
int BPF_KPROBE(on_tls_return)
{
	struct thread *thread = find_thread(0);
	if (!thread || !thread->ssl || thread->function != bpf_get_attach_cookie(ctx))
		return 0;
	struct tls_key key = { .ssl = thread->ssl, .tgid = process_id() };
	struct tls_session *session = find_session(&key);
	__u32 total = moved_bytes(thread, PT_REGS_RC(ctx));
	if (session) {
		join(session, thread);
		if (total)
			moved_plaintext(session, thread, total);
	} else {
		count_loss(LOSS_STATE, 1);
	}
	thread->ssl = 0;
	return 0;
}

SEC("uprobe")
int BPF_KPROBE(on_tls_free, __u64 ssl)
{
	struct tls_key key = { .ssl = ssl, .tgid = process_id() };
	bpf_map_delete_elem(&tls_sessions, &key);
	return 0;
}

/* node::crypto::NodeBIO::Write(BIO *, const char *, int): ciphertext of the TLS call that runs now, still in memory. */
SEC("uprobe")
int BPF_KPROBE(on_node_write, __u64 bio, __u64 bytes, int length)
{
	struct thread *thread = find_thread(0);
	if (!thread || !thread->ssl || length < NODE_HEAD)
		return 0;
	struct node_head key = { .tgid = process_id() };
	struct tls_key session_key = { .ssl = thread->ssl, .tgid = key.tgid };
	struct tls_session *session = bpf_map_lookup_elem(&tls_sessions, &session_key);
	if (session && session->cookie)
		return 0;
	if (bpf_probe_read_user(key.bytes, NODE_HEAD, (const void *)bytes))
		return 0;
	__u64 ssl = thread->ssl;
	bpf_map_update_elem(&node_heads, &key, &ssl, BPF_ANY);
	return 0;
}
