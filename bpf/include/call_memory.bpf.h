/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what the arguments of a call point to, as user space says for each call. */
#ifndef SONDE_CALL_MEMORY_BPF_H
#define SONDE_CALL_MEMORY_BPF_H

#include "kernel_types.bpf.h"
#include "batch.bpf.h"
#include <bpf/bpf_helpers.h>

#define CALL_MEMORY_LONGEST  4096
#define CALL_MEMORY_ELEMENTS 32
#define CALL_MEMORY_MESSAGES 8

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SONDE_ABI_URING *SONDE_CALL_NUMBERS);
	__type(key, __u32);
	__type(value, struct sonde_call_readers);
} readers SEC(".maps");

/* Where pieces are written. In a map, because the verifier forgets what it knows of a value there:
 * were it to follow each sum of lengths, it would never see two iterations as alike. The functions
 * below that are not static are verified once, whatever calls them. */
struct piece_writer {
	__u64 record;	/* begin of the record in the batch of this CPU */
	__u64 at;	/* bytes from there */
	__u64 unread;	/* arguments that could not be read */
	__u64 no_room;	/* pieces that did not fit */
	__u64 unfilled; /* bytes that the call wrote to buffers and that were not come to yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct piece_writer);
} writers SEC(".maps");

static __always_inline struct piece_writer *piece_writer(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&writers, &zero);
}

static __always_inline struct piece_writer *piece_writer_at(const struct sonde_batch *batch,
							    __u64 at)
{
	struct piece_writer *w = piece_writer();

	if (w) {
		w->record = batch->used;
		w->at = at;
		w->unread = 0;
		w->no_room = 0;
	}
	return w;
}

/* The place of the next piece, if `room` bytes fit behind its head. */
static __always_inline struct sonde_call_piece *next_piece(struct piece_writer *w, __u32 room)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct sonde_batch *batch = bpf_map_lookup_elem(&batches, &cpu);
	__u64 record = w->record, at = w->at;

	BATCH_KEEP_BOUND(record);
	BATCH_KEEP_BOUND(at);
	if (!batch || record > BATCH_ROOM ||
	    at > BATCH_RECORD_MAX - room - sizeof(struct sonde_call_piece))
		return NULL;
	BATCH_KEEP_BOUND(record);
	BATCH_KEEP_BOUND(at);
	return (void *)batch->bytes + record + at;
}

#define PIECE_OF(argument, index)                                                                  \
	((argument) | (__u32)(index) << 8) /* how the functions below are told both */
#define PIECE_CUT      (1u << 16)	   /* there is more than is asked for */
#define PIECE_STRING   (1u << 17)
#define PIECE_UNFILLED (1u << 18) /* the call has not filled the buffers */

/* A piece without bytes. */
static __always_inline void note_piece(struct piece_writer *w, __u64 address, __u32 what,
				       __u8 flags)
{
	struct sonde_call_piece *piece = next_piece(w, 0);

	if (!piece)
		return;
	piece->address = address;
	piece->length = 0;
	piece->argument = what & 0xff;
	piece->index = what >> 8 & 0xff;
	piece->flags = flags;
	w->at += sizeof(*piece);
}

/* Reads one piece; notes it if the memory cannot be read or there is no room. */
__noinline int read_piece(__u64 address, __u64 size, __u32 what)
{
	struct piece_writer *w = piece_writer();
	struct sonde_call_piece *piece;
	long length;
	char last;

	if (!w)
		return 0;
	piece = next_piece(w, CALL_MEMORY_LONGEST + 8);
	if (!piece) {
		w->no_room++;
		note_piece(w, address, what, SONDE_PIECE_NO_ROOM);
		return 0;
	}
	piece->address = address;
	piece->argument = what & 0xff;
	piece->index = what >> 8 & 0xff;
	piece->flags = what & PIECE_CUT ? SONDE_PIECE_CUT : 0;
	BATCH_KEEP_BOUND(size);
	if (size > CALL_MEMORY_LONGEST) {
		size = CALL_MEMORY_LONGEST;
		piece->flags |= SONDE_PIECE_CUT;
	}
	if (what & PIECE_STRING) {
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
		w->unread |= 1 << (what & 7);
		return 0;
	}
	piece->length = length;
	w->at += sizeof(*piece) + ((length + 7) & 0x1ff8);
	return 0;
}

__noinline int read_strings(__u64 address, __u32 argument, __u32 compat)
{
	struct piece_writer *w = piece_writer();
	const __u64 pointer_bytes = compat ? 4 : 8;

	if (!w)
		return 0;
	for (__u32 i = 0; i <= CALL_MEMORY_ELEMENTS; i++) {
		__u64 string = 0;

		if (bpf_probe_read_user(&string, pointer_bytes,
					(void *)(address + i * pointer_bytes))) {
			w->unread |= 1 << (argument & 7);
			return 0;
		}
		if (!string)
			return 0;
		if (i == CALL_MEMORY_ELEMENTS)
			note_piece(w, string, PIECE_OF(argument, i), SONDE_PIECE_MORE);
		else
			read_piece(string, 256, PIECE_OF(argument, i) | PIECE_STRING);
	}
	return 0;
}

struct user_iovec {
	__u64 base;
	__u64 length;
};

/* An array of struct iovec, as the piece `what`, and what they point to: `size` bytes of each. */
__noinline int read_vector(__u64 address, __u64 count, __u32 size, __u32 what)
{
	struct piece_writer *w = piece_writer();

	if (!w)
		return 0;
	if (count > CALL_MEMORY_ELEMENTS) {
		count = CALL_MEMORY_ELEMENTS;
		what |= PIECE_CUT;
	}
	read_piece(address, count * sizeof(struct user_iovec), what);
	for (__u32 i = 0; i < CALL_MEMORY_ELEMENTS; i++) {
		struct user_iovec part;
		__u64 length;

		if (i >= count || what & PIECE_UNFILLED || !w->unfilled)
			return 0;
		if (bpf_probe_read_user(&part, sizeof(part),
					(void *)(address + i * sizeof(part)))) {
			w->unread |= 1 << (what & 7);
			return 0;
		}
		length = part.length < w->unfilled ? part.length : w->unfilled;
		w->unfilled -= length;
		if (length)
			read_piece(part.base, length > size ? size : length,
				   PIECE_OF(what & 0xff, i) | (length > size ? PIECE_CUT : 0));
	}
	return 0;
}

struct user_message {
	__u64 name;
	__u32 name_length;
	__u64 parts;
	__u64 part_count;
	__u64 control;
	__u64 control_length;
	__u32 flags;
};

#define CALL_MEMORY_NAME    128 /* sizeof(struct sockaddr_storage) */
#define CALL_MEMORY_CONTROL 256

/* A struct msghdr and what it points to; `what` is that of the struct. */
__noinline int read_message(__u64 address, __u32 head_size, __u32 size, __u32 what)
{
	__u32 argument = what & 0xff, unfilled = what & PIECE_UNFILLED;
	struct user_message message;
	__u64 length;

	read_piece(address, head_size, what);
	if (bpf_probe_read_user(&message, sizeof(message), (void *)address))
		return 0;
	if (message.parts)
		read_vector(message.parts, message.part_count, size,
			    PIECE_OF(argument, SONDE_PIECE_VECTOR) | unfilled);
	if (unfilled)
		return 0;
	length = message.name_length;
	if (message.name && length)
		read_piece(message.name, length > CALL_MEMORY_NAME ? CALL_MEMORY_NAME : length,
			   PIECE_OF(argument, SONDE_PIECE_NAME));
	length = message.control_length;
	what = PIECE_OF(argument, SONDE_PIECE_CONTROL);
	if (length > CALL_MEMORY_CONTROL) {
		length = CALL_MEMORY_CONTROL;
		what |= PIECE_CUT;
	}
	if (message.control && length)
		read_piece(message.control, length, what);
	return 0;
}

#define USER_MMSGHDR_LENGTH_AT 56 /* of msg_len, behind the struct msghdr */

/* An array of struct mmsghdr. */
__noinline int read_messages(__u64 address, __u64 count, __u32 size, __u32 what)
{
	struct piece_writer *w = piece_writer();
	bool filled;

	if (!w)
		return 0;
	filled = w->unfilled != ~0ULL;
	for (__u32 i = 0; i <= CALL_MEMORY_MESSAGES; i++) {
		__u32 length = 0;

		if (i >= count)
			return 0;
		if (i == CALL_MEMORY_MESSAGES) {
			note_piece(w, address, what, SONDE_PIECE_MORE);
			return 0;
		}
		if (filled && bpf_probe_read_user(&length, sizeof(length),
						  (void *)(address + USER_MMSGHDR_LENGTH_AT)))
			return 0;
		w->unfilled = filled ? length : ~0ULL;
		read_message(address, USER_MMSGHDR_LENGTH_AT + 8, size, what);
		address += USER_MMSGHDR_LENGTH_AT + 8;
	}
	return 0;
}

static __always_inline __u64 counter_value(const struct sonde_argument_reader *reader,
					   const __u64 *args, __s64 result)
{
	if (reader->counter == SONDE_COUNTER_RESULT)
		return result < 0 ? 0 : result;
	return reader->counter < SONDE_CALL_ARGUMENTS ? args[reader->counter] : 1;
}

/* Bytes to read of a counted argument; `more` is set if there are more than that. Negative if the
 * count is in memory that cannot be read. */
static __always_inline __s64 counted_size(const struct sonde_argument_reader *reader, __u64 count,
					  bool *more)
{
	__u32 length = 0;

	if (reader->how == SONDE_READ_LENGTH_AT) {
		if (bpf_probe_read_user(&length, sizeof(length), (void *)count))
			return -1;
		count = length;
	} else if (reader->how == SONDE_READ_BITS) {
		count = (count + 63) / 64 * 8;
	}
	if (count > reader->size)
		count = (__u64)reader->size + 1;
	count *= reader->unit;
	*more = count > reader->size;
	return *more ? reader->size : count;
}

static __always_inline void read_argument(struct piece_writer *w,
					  const struct sonde_argument_reader *reader, __u32 i,
					  const __u64 *args, __s64 result, bool compat)
{
	__u64 count = counter_value(reader, args, result);
	__u32 what = PIECE_OF(i, SONDE_PIECE_ITSELF);
	__s64 size = reader->size;
	bool more = false;

	w->unfilled = ~0ULL;
	if (reader->flags & SONDE_READER_FILLED) {
		if (result < 0)
			what |= PIECE_UNFILLED;
		else
			w->unfilled = result;
	}
	switch (reader->how) {
	case SONDE_READ_STRINGS:
		read_strings(args[i], i, compat);
		return;
	case SONDE_READ_VECTOR:
		read_vector(args[i], count, reader->size, what);
		return;
	case SONDE_READ_MESSAGES:
		if (reader->counter == SONDE_COUNTER_ONE)
			read_message(args[i], USER_MMSGHDR_LENGTH_AT, reader->size, what);
		else
			read_messages(args[i], count, reader->size, what);
		return;
	case SONDE_READ_STRING:
		what |= PIECE_STRING;
		break;
	case SONDE_READ_COUNTED:
	case SONDE_READ_LENGTH_AT:
	case SONDE_READ_BITS:
		size = counted_size(reader, count, &more);
		break;
	}
	if (size < 0)
		w->unread |= 1 << i;
	else
		read_piece(args[i], size, what | (more ? PIECE_CUT : 0));
}

/* Reads the arguments in `wanted`. `args` is in a map. `result` is negative at the begin. */
static __always_inline void read_arguments(struct piece_writer *w,
					   const struct sonde_call_readers *call, __u8 wanted,
					   const __u64 *args, __s64 result, bool compat)
{
	for (__u32 i = 0; i < SONDE_CALL_ARGUMENTS; i++) {
		if (wanted >> i & 1 && args[i])
			read_argument(w, &call->arguments[i], i, args, result, compat);
	}
}

#endif
