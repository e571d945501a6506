/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures DNS: what clients on this machine send to port 53, and what comes back from there. As
 * packets, so that it does not matter what library asks. User space reads the messages.
 */
#ifndef SONDE_NET_DNS_BPF_H
#define SONDE_NET_DNS_BPF_H

#include "kernel_types.bpf.h"
#include "net_emit.bpf.h"
#include "net_packet.bpf.h"
#include "../shared/dns_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TCP_NEW_SYN_RECV 12

struct dns_buffer {
	struct sonde_dns_packet record;
	__u8 payload[SONDE_DNS_CAPTURE];
};

struct dns_work {
	struct packet packet;
	struct dns_buffer buffer;
};

/* Packets are sent and received with softirqs off, and nothing that sends runs in a hard interrupt.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_work);
} dns_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_dns_counters);
} dns_counters SEC(".maps");

/* Records of what clients sent; those of them that were lost, and those that user space has had and
 * waits for no response to. While these are all, what is received is not looked at. */
volatile __u64 dns_asked = 0;
volatile __u64 dns_lost = 0;
volatile __u64 dns_settled = 0; /* written by user space */

/* Since ffc83860d8c0 ( "bpf: Allow bpf_dynptr_from_skb() for tp_btf"). */
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags,
			       struct bpf_dynptr *ptr__uninit) __ksym __weak;

/* What `with_pages` says of a program: it may read payload that is in pages, as all of TCP's is. */
static __always_inline bool dns_read_payload(struct sk_buff *skb, struct dns_buffer *buffer,
					     __u64 at, __u64 size, bool with_pages)
{
	struct bpf_dynptr whole;

	asm volatile("" : "+r"(size));
	if (size > SONDE_DNS_CAPTURE)
		return false;
	asm volatile("" : "+r"(size));
	if (with_pages) {
		if (bpf_dynptr_from_skb((struct __sk_buff *)skb, 0, &whole))
			return false;
		return !bpf_dynptr_read(buffer->payload, size, &whole, at, 0);
	}
	if (at + size > skb->len - skb->data_len)
		return false;
	return !bpf_probe_read_kernel(buffer->payload, size, skb->data + at);
}

static __always_inline bool dns_emit(struct dns_work *work, struct sonde_dns_counters *c)
{
	struct sonde_dns_packet *record = &work->buffer.record;
	__u64 size = sizeof(*record) + record->captured;

	record->header.kind = SONDE_RECORD_DNS_PACKET;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.length = size;
	record->header.time_ns = bpf_ktime_get_ns();
	asm volatile("" : "+r"(size));
	if (size > sizeof(work->buffer))
		return false;
	asm volatile("" : "+r"(size));
	if (record->sent) {
		/* Before the response can come. */
		__sync_fetch_and_add(&dns_asked, 1);
		c->sent++;
	}
	if (!bpf_ringbuf_output(&net_ring, &work->buffer, size, net_wakeup()))
		return true;
	if (record->sent) {
		__sync_fetch_and_add(&dns_lost, 1);
		c->lost_sent++;
	} else {
		c->lost_received++;
	}
	return false;
}

/* `at` is the offset of the network header from the packet's data. */
static __always_inline void dns_capture(struct sk_buff *skb, struct dns_work *work,
					struct sonde_dns_counters *c, __u32 at, __u8 kind,
					bool with_pages)
{
	struct sonde_dns_packet *record = &work->buffer.record;
	struct packet *p = &work->packet;
	__u32 done = 0;

	record->ends = p->ends;
	record->kind = kind;
	if (p->ends.protocol == IPPROTO_TCP && (p->tcp_flags & PACKET_TCP_SYN)) {
		record->kind = SONDE_DNS_BEGIN;
		record->sequence = p->sequence + 1;
		record->length = 0;
		record->captured = 0;
		dns_emit(work, c);
		return;
	}
	for (int i = 0; i < SONDE_DNS_PARTS; i++) {
		__u32 left = p->payload_length - done;
		__u32 size = left < SONDE_DNS_CAPTURE ? left : SONDE_DNS_CAPTURE;
		bool last =
		    size == left || p->ends.protocol != IPPROTO_TCP || i == SONDE_DNS_PARTS - 1;

		record->sequence = p->sequence + done;
		record->length = last ? left : size;
		record->captured = size;
		if (!dns_read_payload(skb, &work->buffer, at + p->payload + done, size,
				      with_pages)) {
			c->unread++;
			record->captured = 0;
		}
		if (!dns_emit(work, c) || last)
			return;
		done += size;
	}
}

/* Whose the socket is: as it is known, or else of the process that sends. A packet that waited for
 * the address of a neighbour is sent in an interrupt, and by then the socket is known. */
static __always_inline bool dns_read_owner(struct sonde_net_owner *owner, struct sock *sk,
					   struct sonde_dns_counters *c)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	struct task_struct *task = bpf_get_current_task_btf();

	if (s && (s->known & NET_OWNED)) {
		*owner = s->owner;
		if (!(s->known & NET_STRANGER))
			return true;
	} else {
		net_read_owner(owner);
		if (!(owner->tgid == filter_self_tgid && filter_self_tgid) &&
		    filter_passes(task, owner->tgid))
			return true;
	}
	c->filtered_target++;
	return false;
}

static __always_inline struct sonde_dns_counters *dns_count(void)
{
	__u32 zero = 0;

	return sonde_gate == SONDE_GATE_CLOSED ? NULL : bpf_map_lookup_elem(&dns_counters, &zero);
}

static __always_inline int dns_sends(struct sk_buff *skb, bool with_pages)
{
	const __u16 dns_port = bpf_htons(SONDE_DNS_PORT);
	struct sonde_dns_counters *c;
	struct dns_work *work;
	struct sock *sk = skb->sk;
	__u32 zero = 0, at;
	__u16 port;

	/* Forwarded packets have no socket; those of a handshake may have one that is none yet. */
	if (!sk || sk->__sk_common.skc_state == TCP_NEW_SYN_RECV ||
	    sk->__sk_common.skc_state == TCP_TIME_WAIT)
		return 0;
	/* A socket that is not connected has no port, and one that is may be redirected. */
	port = sk->__sk_common.skc_dport;
	if (port && port != dns_port)
		return 0;
	c = dns_count();
	work = bpf_map_lookup_elem(&dns_scratch, &zero);
	if (!c || !work)
		return 0;
	c->runs++;
	at = skb->network_header - (__u32)(skb->data - skb->head);
	if (!packet_read(&work->packet, skb->head + skb->network_header, skb->len - at,
			 skb->protocol, true) ||
	    work->packet.part)
		return 0;
	if (work->packet.ends.remote_port != SONDE_DNS_PORT ||
	    (!work->packet.payload_length && !(work->packet.tcp_flags & PACKET_TCP_SYN)))
		return 0;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return 0;
	}
	work->packet.ends.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (!net_ends_pass(&work->packet.ends, false)) {
		c->filtered_filter++;
		return 0;
	}
	if (!dns_read_owner(&work->buffer.record.owner, sk, c))
		return 0;
	work->buffer.record.sent = 1;
	work->buffer.record.interface = skb->dev->ifindex;
	dns_capture(skb, work, c, at, SONDE_DNS_DATA, with_pages);
	return 0;
}

/* An ICMP error brings the packet that it is about: IPv4 "destination unreachable", and its like of
 * IPv6. */
static __always_inline bool dns_read_icmp(struct sk_buff *skb, struct dns_work *work, __u32 *at,
					  __be16 protocol)
{
	struct packet *p = &work->packet;
	__u8 type = p->icmp_type, code = p->icmp_code;
	__u32 inner = p->payload;

	if (p->ends.protocol == IPPROTO_ICMP ? type != 3 : type != 1)
		return false;
	if (!packet_read(p, skb->data + *at + inner, p->payload_length, protocol, true) ||
	    p->ends.remote_port != SONDE_DNS_PORT || p->ends.protocol != IPPROTO_UDP)
		return false;
	*at += inner;
	work->buffer.record.icmp_type = type;
	work->buffer.record.icmp_code = code;
	return true;
}

static __always_inline int dns_receives(struct sk_buff *skb, bool with_pages)
{
	__be16 protocol = skb->protocol;
	struct sonde_dns_counters *c;
	struct dns_work *work;
	__u32 zero = 0, at = 0;
	bool is_icmp;

	if (dns_asked == dns_settled + dns_lost)
		return 0;
	c = dns_count();
	work = bpf_map_lookup_elem(&dns_scratch, &zero);
	if (!c || !work)
		return 0;
	c->runs++;
	/* The network header is where the data begins; it is not noted yet. */
	if (protocol == PACKET_VLAN) {
		if (bpf_probe_read_kernel(&protocol, sizeof(protocol), skb->data + 2))
			return 0;
		at = 4;
	}
	if (!packet_read(&work->packet, skb->data + at, skb->len - at, protocol, false) ||
	    work->packet.part)
		return 0;
	is_icmp = work->packet.ends.protocol == IPPROTO_ICMP ||
		  work->packet.ends.protocol == PACKET_ICMPV6;
	if (is_icmp ? !dns_read_icmp(skb, work, &at, protocol)
		    : work->packet.ends.remote_port != SONDE_DNS_PORT)
		return 0;
	if (!is_icmp && !work->packet.payload_length && !(work->packet.tcp_flags & PACKET_TCP_SYN))
		return 0;
	work->packet.ends.netns = BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
	__builtin_memset(&work->buffer.record.owner, 0, sizeof(work->buffer.record.owner));
	work->buffer.record.sent = 0;
	work->buffer.record.interface = skb->dev->ifindex;
	dns_capture(skb, work, c, at, is_icmp ? SONDE_DNS_UNREACHABLE : SONDE_DNS_DATA, with_pages);
	return 0;
}

SEC("?tp_btf/net_dev_queue")
int BPF_PROG(net_dns_send, struct sk_buff *skb)
{
	return dns_sends(skb, true);
}

SEC("?tp_btf/netif_receive_skb")
int BPF_PROG(net_dns_receive, struct sk_buff *skb)
{
	return dns_receives(skb, true);
}

/* Where payload in pages cannot be read. */
SEC("?tp_btf/net_dev_queue")
int BPF_PROG(net_dns_send_linear, struct sk_buff *skb)
{
	return dns_sends(skb, false);
}

SEC("?tp_btf/netif_receive_skb")
int BPF_PROG(net_dns_receive_linear, struct sk_buff *skb)
{
	return dns_receives(skb, false);
}

#endif
