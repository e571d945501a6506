/* Functions whose call frame information the tests know. Every label is a row boundary; the code is
 * nothing but single-byte nops. */
	.text

	.macro function name
	.globl \name
	.type \name, @function
\name:
	.endm

	/* The usual prologue and epilogue. */
	function plain
	.cfi_startproc
	nop
	.globl plain_pushed
plain_pushed:
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	nop
	.globl plain_framed
plain_framed:
	.cfi_def_cfa_register rbp
	nop
	.globl plain_remembered
plain_remembered:
	.cfi_remember_state
	.cfi_restore rbp
	.cfi_def_cfa rsp, 8
	nop
	.globl plain_restored
plain_restored:
	.cfi_restore_state
	nop
	.cfi_endproc

	/* A CFA offset and a slot of rbp that just fit, and ones that do not. */
	function large
	.cfi_startproc
	.cfi_def_cfa_offset 0xfdf * 8
	.cfi_offset rbp, -8 * 127
	nop
	.globl too_large
too_large:
	.cfi_def_cfa_offset 0xfe0 * 8
	nop
	.globl slot_too_far
slot_too_far:
	.cfi_def_cfa_offset 2048
	.cfi_offset rbp, -8 * 128
	nop
	.globl rbp_undefined
rbp_undefined:
	.cfi_undefined rbp
	nop
	.cfi_endproc

	/* Outermost. */
	function outermost
	.cfi_startproc
	.cfi_undefined rip
	nop
	.cfi_endproc

	/* The return address in rdi, as in __vfork of glibc. */
	function return_in_rdi
	.cfi_startproc
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rdi
	nop
	.cfi_endproc

	/* A frame that realigns its stack: r10, then *(rbp - 8); rbp saved at rbp + 0. */
	function realigned
	.cfi_startproc
	.cfi_def_cfa r10, 0
	nop
	.globl realigned_body
realigned_body:
	.cfi_escape 0x10, 0x06, 0x02, 0x76, 0x00
	.cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06
	nop
	.cfi_endproc

	/* A new register behind an expression, as in libgcrypt: with the offset from before it. */
	function behind_expression
	.cfi_startproc
	.cfi_def_cfa_offset 56
	.cfi_escape 0x0f, 0x04, 0x77, 0x98, 0x04, 0x06 /* breg7 536; deref */
	nop
	.globl expression_ended
expression_ended:
	.cfi_def_cfa_register rsp
	nop
	.cfi_endproc

	/* What linkers say of .plt, with the push at byte 11. */
	function linkage
	.cfi_startproc
	.cfi_escape 0x0f, 0x0b, 0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
	nop
	.cfi_endproc

	/* rt_sigreturn's trampoline. */
	function trampoline
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_escape 0x0f, 0x04, 0x77, 0xa0, 0x01, 0x06
	.cfi_escape 0x10, 0x06, 0x03, 0x77, 0xf8, 0x00
	.cfi_escape 0x10, 0x10, 0x03, 0x77, 0xa8, 0x01
	nop
	.cfi_endproc

	/* Marked as a signal frame, but an ordinary one. */
	function ordinary_signal
	.cfi_startproc
	.cfi_signal_frame
	nop
	.cfi_endproc

	/* Rules that no table can hold. */
	function strange
	.cfi_startproc
	.cfi_escape 0x0f, 0x03, 0x77, 0x08, 0x1f /* breg7 8; neg */
	nop
	.globl rip_expression
rip_expression:
	.cfi_def_cfa rsp, 8
	.cfi_escape 0x10, 0x10, 0x02, 0x77, 0x00
	nop
	.globl rsp_rule
rsp_rule:
	.cfi_offset rip, -8
	.cfi_offset rsp, -16
	nop
	.cfi_endproc

	/* A gap of 15 bytes belongs to the function before it, one of 16 to nobody. */
	function before_short_gap
	.cfi_startproc
	.cfi_def_cfa_offset 24
	nop
	.cfi_endproc
	.globl short_gap
short_gap:
	.fill 15, 1, 0x90
	function before_long_gap
	.cfi_startproc
	.cfi_def_cfa_offset 32
	nop
	.cfi_endproc
	.globl long_gap
long_gap:
	.fill 16, 1, 0x90

	/* A rule that holds over whole pages. */
	function pages
	.cfi_startproc
	.cfi_def_cfa_offset 40
	.fill 0x3000, 1, 0x90
	.globl pages_end
pages_end:
	.cfi_def_cfa_offset 48
	nop
	.cfi_endproc
	.globl last_end
last_end:
	nop
	.section .note.GNU-stack, "", @progbits
