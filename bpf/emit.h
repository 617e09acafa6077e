/* Writing events: the header, the ring, the counters of what was lost. */
#ifndef TOCSIN_EMIT_H
#define TOCSIN_EMIT_H

#include "state.h"

/* The loader looks by itself every 50 milliseconds under load; only a filling ring is worth an interrupt. */
#define WAKE_SPAN (16 * 1024)

static __always_inline void count_loss(__u32 reason, __u64 amount)
{
	__u32 zero = 0;
	struct counters *mine = bpf_map_lookup_elem(&counters, &zero);
	if (mine && reason < LOSS_REASONS)
		__sync_fetch_and_add(&mine->losses[reason], amount);
}

static __always_inline __u32 next_sequence(void)
{
	__u32 zero = 0;
	struct counters *mine = bpf_map_lookup_elem(&counters, &zero);
	return mine ? __sync_fetch_and_add(&mine->sequence, 1) : 0;
}

static __always_inline __u64 wake_flag(void)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	__u64 from = settings.wake_bytes;
	return waiting >= from && waiting < from + WAKE_SPAN ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void fill_header(struct event_header *header, __u16 type, __u32 length)
{
	__u64 ids = bpf_get_current_pid_tgid();

	header->time_ns = bpf_ktime_get_ns();
	header->cookie = 0;
	header->length = length;
	header->tgid = ids >> 32;
	header->tid = (__u32)ids;
	header->sequence = next_sequence();
	header->type = type;
	header->cpu = bpf_get_smp_processor_id();
	header->reserved = 0;
}

static __always_inline bool write_event(void *event, __u32 length, __u64 flag)
{
	if (!bpf_ringbuf_output(&events, event, length, flag))
		return true;
	count_loss(LOSS_RING_FULL, 1);
	return false;
}

#endif
