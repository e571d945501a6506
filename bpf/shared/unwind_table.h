/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the in-kernel unwinder reads: the call frame information of one ELF file as 4-byte rows, in
 * order of address, with an index of its 4 KiB pages of code. x86-64.
 */
#ifndef SONDE_UNWIND_TABLE_H
#define SONDE_UNWIND_TABLE_H

#include "wire.h"

/*
 * A row holds from its address until the next row's. Bits 31-20: offset of the address in its page.
 * Bits 19-0, the rule: how to find the canonical frame address (CFA), the value of rsp before the
 * call, and where the caller's rbp is. The return address is at CFA - 8.
 *   19     CFA counts from: 0 rsp, 1 rbp
 *   18-7   CFA offset / 8
 *   6-0    caller's rbp: 0 unchanged, n in 1..126 saved at CFA - 8 * (n + 1), 127 undefined
 * From UNWIND_RULE_SPECIAL on, bits 11-0 are a code instead.
 */
#define UNWIND_PAGE_BITS     12
#define UNWIND_RULE_BITS     20
#define UNWIND_RULE_MASK     0xfffff
#define UNWIND_RULE_RBP	     (1u << 19)
#define UNWIND_CFA_SHIFT     7
#define UNWIND_CFA_MAX	     0xfdf /* largest CFA offset / 8 */
#define UNWIND_RBP_MASK	     0x7f
#define UNWIND_RBP_SAME	     0
#define UNWIND_RBP_MAX	     126
#define UNWIND_RBP_UNDEFINED 127
#define UNWIND_RULE_SPECIAL  0xff000
#define UNWIND_CODE_MASK     0xfff

#define UNWIND_CODE_NO_CFI 0 /* no or unusable call frame information */
#define UNWIND_CODE_END	   1 /* outermost frame: the return address is undefined */
#define UNWIND_CODE_SIGNAL 2 /* a signal frame: the interrupted registers are on the stack */
/* .plt: CFA = rsp + 8, and + 8 more where (rip & 15) >= n; the code is UNWIND_CODE_PLT + n. */
#define UNWIND_CODE_PLT	       16
#define UNWIND_CODE_DICTIONARY 32 /* + index into the dictionary, which all files share */
#define UNWIND_DICTIONARY_MAX  (UNWIND_CODE_MASK + 1 - UNWIND_CODE_DICTIONARY)

/* DWARF register numbers of the System V ABI, x86-64, figure 3.36. */
#define UNWIND_REGISTER_RBP 6
#define UNWIND_REGISTER_RSP 7

#define UNWIND_SAVED_SAME      0 /* unchanged */
#define UNWIND_SAVED_AT_CFA    1 /* in memory at CFA + offset */
#define UNWIND_SAVED_UNDEFINED 2
#define UNWIND_SAVED_AT_RBP    3 /* in memory at the frame's own rbp + offset */
#define UNWIND_SAVED_IN	       4 /* in register number `offset`, of the innermost frame only */

/* A rule that 20 bits cannot hold. */
struct unwind_dictionary_entry {
	__s32 cfa_offset;
	__s32 cfa_add; /* with cfa_dereference: CFA = *(base + cfa_offset) + cfa_add */
	__s32 rbp_offset;
	__s32 return_offset;
	__u8 cfa_base; /* DWARF register number */
	__u8 cfa_dereference;
	__u8 rbp;	/* UNWIND_SAVED_* */
	__u8 return_at; /* UNWIND_SAVED_AT_CFA, _IN */
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_dictionary_entry) == 20, "wire layout");

/*
 * Of one page of code: which of the words below are its rows. The first of them is at offset 0,
 * repeated from the page before where a rule reaches across, so that no reader looks there.
 */
struct unwind_page {
	__u32 first; /* word */
	__u32 rows;  /* 0: the page has no call frame information */
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_page) == 8, "wire layout");

/* Index and rows of all files live in chunks of 32-bit words. Rows of one page are in one chunk,
 * and so are the two words of an unwind_page. */
#define UNWIND_CHUNK_BITS  20
#define UNWIND_CHUNK_WORDS (1u << UNWIND_CHUNK_BITS)
#define UNWIND_MAX_CHUNKS  256

#endif
