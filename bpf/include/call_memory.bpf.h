/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what the arguments of a call point to, as user space says for each call. */
#ifndef SONDE_CALL_MEMORY_BPF_H
#define SONDE_CALL_MEMORY_BPF_H

#include "kernel_types.bpf.h"
#include "batch.bpf.h"
#include <bpf/bpf_helpers.h>

#define CALL_MEMORY_LONGEST 4096
#define CALL_MEMORY_STRINGS 32

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SONDE_ABI_URING *SONDE_CALL_NUMBERS);
	__type(key, __u32);
	__type(value, struct sonde_call_readers);
} readers SEC(".maps");

/* Where pieces are written. In a map, because the verifier forgets what it knows of a value there:
 * were it to follow each sum of lengths, it would never see two iterations as alike. */
struct piece_writer {
	__u64 at;     /* bytes from the record's begin */
	__u64 unread; /* arguments that could not be read */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct piece_writer);
} writers SEC(".maps");

static __always_inline struct piece_writer *piece_writer_at(__u64 at)
{
	__u32 zero = 0;
	struct piece_writer *w = bpf_map_lookup_elem(&writers, &zero);

	if (w) {
		w->at = at;
		w->unread = 0;
	}
	return w;
}

static __always_inline struct sonde_call_piece *next_piece(struct piece_writer *w, void *record)
{
	__u64 at = w->at;

	BATCH_KEEP_BOUND(at);
	if (at > BATCH_RECORD_MAX - CALL_MEMORY_LONGEST - 8 - sizeof(struct sonde_call_piece))
		return NULL;
	BATCH_KEEP_BOUND(at);
	return record + at;
}

/* Reads one piece; notes it if the memory cannot be read. */
static __always_inline void read_piece(struct piece_writer *w, void *record, __u8 argument,
				       __u8 index, __u64 address, __u64 size, bool string, bool cut)
{
	struct sonde_call_piece *piece = next_piece(w, record);
	long length;
	char last;

	if (!piece)
		return;
	piece->address = address;
	piece->argument = argument;
	piece->index = index;
	piece->flags = cut ? SONDE_PIECE_CUT : 0;
	BATCH_KEEP_BOUND(size);
	if (size > CALL_MEMORY_LONGEST) {
		size = CALL_MEMORY_LONGEST;
		piece->flags |= SONDE_PIECE_CUT;
	}
	if (string) {
		length = bpf_probe_read_user_str(piece + 1, size, (void *)address);
		/* The helper puts a zero in the last place whatever was there. */
		if (length == (long)size &&
		    (bpf_probe_read_user(&last, 1, (void *)(address + size - 1)) || last))
			piece->flags |= SONDE_PIECE_CUT;
	} else {
		length = bpf_probe_read_user(piece + 1, size, (void *)address);
		if (!length)
			length = size;
	}
	if (length < 0) {
		piece->length = 0;
		piece->flags |= SONDE_PIECE_UNREADABLE;
		w->at += sizeof(*piece);
		w->unread |= 1 << argument;
		return;
	}
	piece->length = length;
	w->at += sizeof(*piece) + ((length + 7) & 0x1ff8);
}

static __always_inline void read_strings(struct piece_writer *w, void *record, __u8 argument,
					 __u64 address, bool compat)
{
	for (__u32 i = 0; i < CALL_MEMORY_STRINGS; i++) {
		__u64 string = 0;

		if (bpf_probe_read_user(&string, compat ? 4 : 8,
					(void *)(address + i * (compat ? 4 : 8)))) {
			w->unread |= 1 << argument;
			return;
		}
		if (!string)
			return;
		read_piece(w, record, argument, i, string, 256, true, false);
	}
}

/* Bytes to read of a counted argument; `more` is set if there are more than that. Negative if the
 * count is in memory that cannot be read. */
static __always_inline __s64 counted_size(const struct sonde_argument_reader *reader,
					  const __u64 *args, __s64 result, bool *more)
{
	__u64 count = 0;
	__u32 length = 0;

	if (reader->counter == SONDE_COUNTER_RESULT)
		count = result < 0 ? 0 : result;
	else if (reader->counter < SONDE_CALL_ARGUMENTS)
		count = args[reader->counter];
	if (reader->how == SONDE_READ_LENGTH_AT) {
		if (bpf_probe_read_user(&length, sizeof(length), (void *)count))
			return -1;
		count = length;
	}
	if (count > reader->size)
		count = (__u64)reader->size + 1;
	count *= reader->unit;
	*more = count > reader->size;
	return *more ? reader->size : count;
}

static __always_inline void read_argument(struct piece_writer *w, void *record,
					  const struct sonde_argument_reader *reader, __u32 i,
					  const __u64 *args, __s64 result, bool compat)
{
	__u64 address = args[i];
	__s64 size = reader->size;
	bool more = false;

	if (reader->how == SONDE_READ_STRINGS) {
		read_strings(w, record, i, address, compat);
		return;
	}
	if (reader->how == SONDE_READ_COUNTED || reader->how == SONDE_READ_LENGTH_AT)
		size = counted_size(reader, args, result, &more);
	if (size < 0) {
		w->unread |= 1 << i;
		return;
	}
	read_piece(w, record, i, SONDE_PIECE_ITSELF, address, size,
		   reader->how == SONDE_READ_STRING, more);
}

/* Reads the arguments in `wanted`. `args` is in a map. */
static __always_inline void read_arguments(struct piece_writer *w, void *record,
					   const struct sonde_call_readers *call, __u8 wanted,
					   const __u64 *args, __s64 result, bool compat)
{
	for (__u32 i = 0; i < SONDE_CALL_ARGUMENTS; i++) {
		if (wanted >> i & 1 && args[i])
			read_argument(w, record, &call->arguments[i], i, args, result, compat);
	}
}

#endif
