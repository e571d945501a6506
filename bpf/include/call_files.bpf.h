/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What descriptors stand for. The process may be gone before user space sees a call, so the kernel
 * gives each file an id, made of all that its name is made of, and says the name with the first
 * call that has the id.
 */
#ifndef SONDE_CALL_FILES_BPF_H
#define SONDE_CALL_FILES_BPF_H

#include "kernel_types.bpf.h"
#include "batch.bpf.h"
#include "../shared/file_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define FILE_TEXT_BYTES	     4096
#define FILE_COMPONENT_BYTES 256 /* NAME_MAX + 1 */
#define FILE_STEPS	     80	 /* components and mounts on the way to the root */

/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define HUGETLBFS_MAGIC	    0x958458f6
#define PIPEFS_MAGIC	    0x50495045
#define SOCKFS_MAGIC	    0x534f434b
#define TMPFS_MAGIC	    0x01021994

#define AF_UNIX	    1
#define AF_INET	    2
#define AF_INET6    10
#define AF_NETLINK  16
#define SOCK_STREAM 1
#define SOCK_DGRAM  2

/* All that a name depends on. Renaming changes the hash of the name or the parent. */
struct file_identity {
	__u64 inode;
	__u64 mount;
	__u64 dentry;
	__u64 parent;
	__u64 name;
	__u8 kind;  /* SONDE_FILE_* */
	__u8 flags; /* SONDE_FILE_* */
	__u8 pad[6];
	struct sonde_socket socket;
};
#define FILE_IDENTITY_WORDS 13
SONDE_STATIC_ASSERT(sizeof(struct file_identity) == 8 * FILE_IDENTITY_WORDS, "hashed by words");

/* What the functions below, which are verified once, tell each other. */
struct file_namer {
	union {
		struct file_identity identity;
		__u64 words[FILE_IDENTITY_WORDS];
	};
	__u64 id;
	__u64 address; /* of an AF_UNIX socket: struct unix_address */
	__u64 record;  /* begin of the record in the batch of this CPU */
	__u64 at;      /* bytes from there */
	/* The walk to the root. */
	__u64 mount; /* struct mount */
	__u64 dentry;
	__u64 root_mount;
	__u64 root_dentry;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_namer);
} namers SEC(".maps");

/* Files that user space was told of. */
struct file_told {
	__u64 time_ns; /* of the record */
	__u64 losses;  /* batch_losses at that time */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct file_told);
} files_told SEC(".maps");

static __always_inline struct file_namer *file_namer(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&namers, &zero);
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	struct mount *mount = 0;

	return (void *)mnt - __builtin_preserve_field_info(mount->mnt, BPF_FIELD_BYTE_OFFSET);
}

static __always_inline void identify_unix(struct file_namer *n, struct sock *sk)
{
	struct unix_sock *unix_sk = (void *)sk;
	struct unix_address *address = BPF_CORE_READ(unix_sk, addr);
	struct sonde_socket *s = &n->identity.socket;

	s->peer = BPF_CORE_READ(unix_sk, peer, sk_socket, file, f_inode, i_ino);
	n->address = (__u64)address;
	if (address) {
		int length = BPF_CORE_READ(address, len) - (int)sizeof(s->family);

		s->address_bytes = length > 0 ? length : 0;
	}
}

static __always_inline void identify_internet(struct sonde_socket *s, struct sock *sk)
{
	__u16 type = BPF_CORE_READ(sk, sk_type);

	/* A raw socket has its protocol where others have the port. */
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return;
	s->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (!s->local_port)
		return;
	s->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (s->family == AF_INET) {
		bpf_core_read(s->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(s->remote, 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_core_read(s->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(s->remote, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline void identify_socket(struct file_namer *n, struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sonde_socket *s = &n->identity.socket;
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct netlink_sock *netlink = (void *)sk;

	if (!sk)
		return;
	s->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	s->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (s->family == AF_UNIX)
		identify_unix(n, sk);
	else if (s->family == AF_INET || s->family == AF_INET6)
		identify_internet(s, sk);
	else if (s->family == AF_NETLINK)
		s->port_id = BPF_CORE_READ(netlink, portid);
}

/* A file that is in no folder. False if its name is not known to be of a form that we know. */
static __always_inline bool identify_pseudo(struct file_namer *n, struct file *file,
					    struct inode *inode)
{
	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case SOCKFS_MAGIC:
		n->identity.kind = SONDE_FILE_SOCKET;
		identify_socket(n, file);
		return true;
	case PIPEFS_MAGIC:
		n->identity.kind = SONDE_FILE_PIPE;
		return true;
	case ANON_INODE_FS_MAGIC:
		/* The name says all, and each descriptor has another dentry. */
		n->identity.kind = SONDE_FILE_ANON;
		n->identity.dentry = 0;
		n->identity.parent = 0;
		return true;
	case TMPFS_MAGIC: /* memfd_create() */
	case HUGETLBFS_MAGIC:
		n->identity.flags = SONDE_FILE_DELETED;
		return true;
	}
	return false;
}

/* Looks up a descriptor of this task and makes the id. 0 if it is not open or not known. */
__noinline int identify_file(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file_namer *n = file_namer();
	struct files_struct *files;
	struct fdtable *table;
	struct file *file = NULL;
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct inode *inode;
	struct path path = {};
	__u64 id = 0;

	if (!n)
		return 0;
	files = task->files;
	if (!files)
		return 0;
	table = files->fdt;
	if (fd >= table->max_fds ||
	    bpf_probe_read_kernel(&file, sizeof(file), (void *)table->fd + fd * 8ULL) || !file)
		return 0;
	__builtin_memset(&n->identity, 0, sizeof(n->identity));
	bpf_core_read(&path, sizeof(path), &file->f_path);
	dentry = path.dentry;
	mnt = path.mnt;
	inode = BPF_CORE_READ(file, f_inode);
	n->identity.inode = BPF_CORE_READ(inode, i_ino);
	n->identity.mount = (__u64)mnt;
	n->identity.dentry = (__u64)dentry;
	n->identity.parent = (__u64)BPF_CORE_READ(dentry, d_parent);
	n->identity.name = BPF_CORE_READ(dentry, d_name.hash_len);
	if (n->identity.parent != n->identity.dentry) {
		if (!BPF_CORE_READ(dentry, d_hash.pprev))
			n->identity.flags = SONDE_FILE_DELETED;
	} else if (BPF_CORE_READ(mnt, mnt_root) != dentry && !identify_pseudo(n, file, inode)) {
		return 0;
	}
	n->mount = (__u64)mount_of(mnt);
	n->dentry = (__u64)dentry;
	for (__u32 i = 0; i < FILE_IDENTITY_WORDS; i++) {
		if (i == sizeof(struct file_identity) / 8 - sizeof(struct sonde_socket) / 8 &&
		    n->identity.kind != SONDE_FILE_SOCKET)
			break;
		id = (id ^ n->words[i]) * 0x9e3779b97f4a7c15ULL;
		id ^= id >> 32;
	}
	n->id = id ? id : 1;
	return 1;
}

/* The place of the next text, if `room` bytes fit. */
static __always_inline void *file_text(struct file_namer *n, __u64 room)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct sonde_batch *batch = bpf_map_lookup_elem(&batches, &cpu);
	__u64 record = n->record, at = n->at;

	BATCH_KEEP_BOUND(record);
	BATCH_KEEP_BOUND(at);
	if (!batch || record > BATCH_ROOM ||
	    at > sizeof(struct sonde_file_record) + FILE_TEXT_BYTES - room)
		return NULL;
	BATCH_KEEP_BOUND(record);
	BATCH_KEEP_BOUND(at);
	return (void *)batch->bytes + record + at;
}

/* The name of `n->dentry`. 0 if there is no room. */
__noinline int add_component(void)
{
	struct file_namer *n = file_namer();
	const unsigned char *name;
	struct dentry *dentry;
	long length;
	void *text;

	if (!n)
		return 0;
	text = file_text(n, FILE_COMPONENT_BYTES);
	if (!text)
		return 0;
	dentry = (void *)n->dentry;
	name = BPF_CORE_READ(dentry, d_name.name);
	length = bpf_probe_read_kernel_str(text, FILE_COMPONENT_BYTES, name);
	if (length <= 0)
		return 0;
	n->at += length;
	return 1;
}

#define WALK_DONE 0
#define WALK_ON	  1
#define WALK_CUT  2

/* One step to the root, over a component or a mount. */
__noinline int walk_step(void)
{
	struct file_namer *n = file_namer();
	struct dentry *dentry, *parent;
	struct mount *mount, *below;

	if (!n || (n->dentry == n->root_dentry && n->mount == n->root_mount))
		return WALK_DONE;
	dentry = (void *)n->dentry;
	mount = (void *)n->mount;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		below = BPF_CORE_READ(mount, mnt_parent);
		if (below == mount)
			return WALK_DONE;
		n->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		n->mount = (__u64)below;
		return WALK_ON;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!add_component())
		return WALK_CUT;
	n->dentry = (__u64)parent;
	return parent == dentry ? WALK_DONE : WALK_ON;
}

__noinline int add_path(void)
{
	for (__u32 i = 0; i < FILE_STEPS; i++) {
		int went = walk_step();

		if (went != WALK_ON)
			return went == WALK_CUT;
	}
	return 1;
}

/* sun_path, which may have zeros in it. */
__noinline int add_unix_address(void)
{
	struct file_namer *n = file_namer();
	struct unix_address *address;
	__u64 size;
	void *text;

	if (!n)
		return 0;
	size = n->identity.socket.address_bytes;
	address = (void *)n->address;
	text = file_text(n, FILE_COMPONENT_BYTES);
	BATCH_KEEP_BOUND(size);
	if (!text || !size || size > sizeof(address->name[0].sun_path))
		return 0;
	BATCH_KEEP_BOUND(size);
	bpf_probe_read_kernel(text, size, &address->name[0].sun_path);
	n->at += size;
	return 0;
}

/* Writes the record of the file that was identified last. */
static __always_inline __u32 write_file(struct sonde_batch *batch, struct file_namer *n,
					__u64 time_ns)
{
	void *text;
	struct sonde_file_record *record = batch_next(batch);
	struct task_struct *task = bpf_get_current_task_btf();
	struct path root = {};

	if (!record)
		return 0;
	n->record = batch->used;
	n->at = sizeof(*record);
	record->header.kind = SONDE_RECORD_FILE;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.time_ns = time_ns;
	record->id = n->id;
	record->inode = n->identity.inode;
	record->kind = n->identity.kind;
	record->flags = n->identity.flags;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
	record->socket = n->identity.socket;
	if (record->kind == SONDE_FILE_PATH) {
		BPF_CORE_READ_INTO(&root, task, fs, root);
		n->root_mount = (__u64)mount_of(root.mnt);
		n->root_dentry = (__u64)root.dentry;
		if (add_path())
			record->flags |= SONDE_FILE_CUT;
	} else {
		add_component();
		if (record->socket.address_bytes)
			add_unix_address();
	}
	/* What fills the record up must not look like a text. */
	text = file_text(n, sizeof(__u64));
	if (text)
		__builtin_memset(text, 0, sizeof(__u64));
	n->at = (n->at + 7) & ~7ULL;
	record->header.length = n->at;
	return n->at;
}

/* What a descriptor of this task is. 0 if it is not open, or its name cannot be told. */
static __noinline __u64 file_id(struct sonde_call_counters *c, __u32 fd, __u64 time_ns)
{
	struct file_namer *n = file_namer();
	struct file_told told = {.time_ns = time_ns, .losses = batch_losses};
	struct file_told *before;
	struct sonde_batch *batch;
	__u32 length;

	if (!c || !n || (__s32)fd < 0 || !identify_file(fd))
		return 0;
	before = bpf_map_lookup_elem(&files_told, &n->id);
	/* Another CPU may have told it after the end of this call. */
	if (before && before->losses == told.losses && before->time_ns <= time_ns)
		return n->id;
	batch = batch_begin(c);
	if (!batch)
		return 0;
	length = write_file(batch, n, time_ns);
	batch_end(batch, length);
	if (!length)
		return 0;
	bpf_map_update_elem(&files_told, &n->id, &told, BPF_ANY);
	return n->id;
}

#endif
