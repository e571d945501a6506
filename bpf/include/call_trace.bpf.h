/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of the live trace. */
#ifndef SONDE_CALL_TRACE_BPF_H
#define SONDE_CALL_TRACE_BPF_H

#include "kernel_types.bpf.h"
#include "call_files.bpf.h"
#include "call_memory.bpf.h"
#include "call_select.bpf.h"

const volatile bool call_trace = false;

/* The call that a thread is in. */
struct open_call {
	__u64 start_ns; /* 0: began before sonde */
	__u64 args[SONDE_CALL_ARGUMENTS];
	__u64 files[SONDE_CALL_FILES]; /* ids of those that the arguments were at the begin */
	__u32 number;
	__u8 abi;
	__u8 active;
	__u8 flags;  /* SONDE_CALL_* */
	__u8 unread; /* arguments that could not be read at the begin: their pages were not resident
		      */
};

static __always_inline struct sonde_call_readers *readers_of(__u8 abi, __u32 number)
{
	__u32 index = (abi & 1) * SONDE_CALL_NUMBERS + number;

	return number < SONDE_CALL_NUMBERS ? bpf_map_lookup_elem(&readers, &index) : NULL;
}

/* What the descriptors among the arguments are, before the call can close them. */
static __always_inline void name_arguments(struct sonde_call_counters *c,
					   const struct sonde_call_readers *call,
					   struct open_call *open)
{
	for (__u32 i = 0; i < SONDE_CALL_FILES; i++) {
		__u64 position = call->files[i];

		open->files[i] = 0;
		BATCH_KEEP_BOUND(position);
		if (!position || position > SONDE_CALL_ARGUMENTS)
			continue;
		BATCH_KEEP_BOUND(position);
		open->files[i] = file_id(c, open->args[position - 1], open->start_ns);
	}
}

/* What the descriptors are that a call has made. */
static __noinline int name_made(struct sonde_call_counters *c,
				const struct sonde_call_readers *call, const struct open_call *open,
				const struct ended_call *ended, __u64 *made)
{
	__u32 pair[2] = {};
	__u64 position;

	if (!c || !call || !open || !ended || !made)
		return 0;
	position = call->made;
	if (position == SONDE_MADE_RESULT) {
		made[0] = file_id(c, ended->result, ended->now_ns);
		return 0;
	}
	BATCH_KEEP_BOUND(position);
	if (!position || position > SONDE_CALL_ARGUMENTS)
		return 0;
	BATCH_KEEP_BOUND(position);
	if (bpf_probe_read_user(pair, sizeof(pair), (void *)open->args[position - 1]))
		return 0;
	made[0] = file_id(c, pair[0], ended->now_ns);
	made[1] = file_id(c, pair[1], ended->now_ns);
	return 0;
}

static __always_inline void note_file(struct piece_writer *w, __u64 id, __u32 argument)
{
	if (id)
		note_piece(w, id, PIECE_OF(argument, SONDE_PIECE_FILE), 0);
}

/* Reads what the arguments point to before the call can change it. */
static __always_inline void trace_begin(struct sonde_call_counters *c, struct open_call *open,
					__u32 tid)
{
	struct sonde_call_readers *call = readers_of(open->abi, open->number);
	struct sonde_call_memory_record *record;
	struct piece_writer *writer;
	struct sonde_batch *batch;

	open->flags = 0;
	open->unread = 0;
	if (!call) {
		__builtin_memset(open->files, 0, sizeof(open->files));
		return;
	}
	name_arguments(c, call, open);
	if (!call->begin)
		return;
	batch = batch_begin(c);
	if (!batch)
		return;
	record = batch_next(batch);
	writer = piece_writer_at(batch, sizeof(*record));
	if (!record || !writer) {
		batch_end(batch, 0);
		return;
	}
	read_arguments(writer, call, call->begin, open->args, -1, open->abi == SONDE_ABI_COMPAT);
	c->pieces_no_room += writer->no_room;
	open->unread = writer->unread;
	record->header.kind = SONDE_RECORD_CALL_MEMORY;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.length = writer->at;
	record->header.time_ns = open->start_ns;
	record->tid = tid;
	record->pad = 0;
	open->flags = SONDE_CALL_MEMORY;
	batch->memory_records++;
	batch_end(batch, writer->at);
}

/* `open` is NULL if the begin was not seen. False if there is no batch. */
static __always_inline bool trace_end(struct sonde_call_counters *c, struct task_struct *task,
				      const struct ended_call *ended, const struct open_call *open)
{
	struct sonde_call_readers *call = NULL;
	struct sonde_call_record *record;
	struct piece_writer *writer;
	struct sonde_batch *batch;
	__u64 made[2] = {};
	__u8 wanted;

	if (open) {
		call = readers_of(open->abi, open->number);
		if (call && call->made && !ended->error && ended->returned)
			name_made(c, call, open, ended, made);
	}
	batch = batch_begin(c);
	if (!batch)
		return false;
	record = batch_next(batch);
	writer = piece_writer_at(batch, sizeof(*record));
	if (!record || !writer) {
		batch_end(batch, 0);
		return false;
	}
	record->header.kind = SONDE_RECORD_CALL;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.time_ns = ended->now_ns;
	record->start_ns = ended->start_ns;
	record->result = ended->result;
	record->tgid = ended->tgid;
	record->tid = ended->tid;
	record->number = ended->number;
	record->abi = ended->abi;
	record->flags = ended->returned ? 0 : SONDE_CALL_NO_RETURN;
	record->pad = 0;
	__builtin_memcpy(record->comm, task->comm, sizeof(record->comm));
	if (open) {
		record->flags |= open->flags;
		__builtin_memcpy(record->args, open->args, sizeof(record->args));
		if (call) {
			note_file(writer, open->files[0], call->files[0] - 1);
			note_file(writer, open->files[1], call->files[1] - 1);
		}
		note_file(writer, made[0], SONDE_PIECE_RESULT);
		note_file(writer, made[1], SONDE_PIECE_SECOND);
		wanted = open->unread;
		if (call && !ended->error && ended->returned)
			wanted |= call->end;
		if (call && wanted)
			read_arguments(writer, call, wanted, open->args, ended->result,
				       open->abi == SONDE_ABI_COMPAT);
		c->pieces_no_room += writer->no_room;
	} else {
		record->flags |= SONDE_CALL_NO_BEGIN;
		__builtin_memset(record->args, 0, sizeof(record->args));
	}
	record->header.length = writer->at;
	batch->calls++;
	batch_end(batch, writer->at);
	return true;
}

#endif
