// Function heads for the choice of probe sites, each with one thing that decides it.
asm(R"(
.text
.macro function name
  .globl \name
  .type \name, @function
  .p2align 4
\name:
.endm
.macro over name
  .size \name, . - \name
.endm

function push_at_entry
  push %rbx
  pop %rbx
  ret
over push_at_entry

function branch_behind_test
  test %rdi, %rdi
  je 1f
  nop
1: ret
over branch_behind_test

function overwrites_second
  mov %rdi, %rsi
  push %r12
  pop %r12
  ret
over overwrites_second

function uses_before_overwriting
  mov (%rdi), %rax
  mov $1, %edi
  push %r12
  pop %r12
  ret
over uses_before_overwriting

function uses_while_overwriting
  add $1, %rdx
  push %r12
  pop %r12
  ret
over uses_while_overwriting

function uses_what_it_wrote
  mov %rdi, %rcx
  shr $3, %rcx
  inc %eax
  push %r12
  pop %r12
  ret
over uses_what_it_wrote

function overwrites_part_of_first
  xor %dil, %dil
  push %r12
  pop %r12
  ret
over overwrites_part_of_first

function moves_stack
  sub $24, %rsp
  push %rbx
  pop %rbx
  add $24, %rsp
  ret
over moves_stack

function pushes_twice
  push %r12
  push %rbp
  pop %rbp
  pop %r12
  ret
over pushes_twice

function loops_to_second_push
  push %r12
1: push %rbp
  pop %rbp
  dec %eax
  jne 1b
  pop %r12
  ret
over loops_to_second_push

function loops_to_push
  mov $3, %eax
1: push %rbx
  pop %rbx
  dec %eax
  jne 1b
  ret
over loops_to_push

function loops_before_push
  xor %eax, %eax
1: inc %eax
  cmp $9, %eax
  push %rbx
  pop %rbx
  jne 1b
  ret
over loops_before_push

function computed
  mov %edi, %eax
  push %rbx
  pop %rbx
  jmp *%rax
over computed

function tail_call_by_slot
  mov %edi, %eax
  push %rbx
  pop %rbx
  jmp *slot(%rip)
over tail_call_by_slot

function entered_from_afar
  mov %edi, %eax
.Lafar:
  push %rbx
  pop %rbx
  ret
over entered_from_afar
  .skip 300, 0xcc
  jmp .Lafar

function refused_prefix
  data16 jmp 1f
1: ret
over refused_prefix

function stepped_only
  mov %edi, %eax
  ret
over stepped_only

function returns_behind_check
  mov %rdi, %rax
  test %rsi, %rsi
  jne 1f
  xor %edx, %edx
  ret
1: call push_at_entry
over returns_behind_check

function returns_on_two_ways
  mov %rdi, %rax
  test %rsi, %rsi
  jne 1f
  nop
  ret
1: mov %rsi, %rax
  ret
over returns_on_two_ways

function returns_what_it_wrote_last
  test %rsi, %rsi
  nop
  mov %rdi, %rax
  ret
over returns_what_it_wrote_last

function returns_by_another
  test %rsi, %rsi
  jne push_at_entry
  ret
over returns_by_another

function returns_behind_pop
  push %rbx
  mov %rdi, %rax
  nop
  pop %rbx
  ret
over returns_behind_pop

function returns_from_switch
  push %rbx
  cmp $2, %edi
  ja 4f
  mov %edi, %edi
  lea .Lcases(%rip), %rdx
  movslq (%rdx, %rdi, 4), %rax
  add %rdx, %rax
  jmp *%rax
.Lfirst:
  mov $5, %eax
  pop %rbx
  ret
.Lsecond:
  mov $7, %eax
  nop
.Lthird:
  nop
4: pop %rbx
  ret
over returns_from_switch

function returns_by_local
  test %rsi, %rsi
  jmp .Llocal
over returns_by_local
.Llocal:
  nop
  ret

function returns_or_leaves_by_slot
  test %rsi, %rsi
  jne 1f
  ret
1: jmp *slot(%rip)
over returns_or_leaves_by_slot

function forwards_by_stub
  xor %ecx, %ecx
  jmp push_at_entry@PLT
over forwards_by_stub

function forwards_by_slot
  xor %ecx, %ecx
  jmp *push_at_entry@GOTPCREL(%rip)
over forwards_by_slot

.section .rodata
.Lcases:
  .long .Lfirst - .Lcases, .Lsecond - .Lcases, .Lthird - .Lcases
.text

  .globl without_size
  .type without_size, @function
without_size:
  mov %edi, %eax
  push %rbx
  pop %rbx
  ret

.data
slot: .quad 0
)");
