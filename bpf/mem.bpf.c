// SPDX-License-Identifier: GPL-2.0-only
/* Memory tracer. Each lane is a header of its own. */
#define STACK_WEIGHED
#include "include/kernel_types.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/stack_counts.bpf.h"
#include "include/ksym.bpf.h"
#include "include/mem_faults.bpf.h"
#include "include/alloc_programs.bpf.h"
#include "include/mem_page_faults.bpf.h"
#include "include/mem_kernel.bpf.h"
#include "include/mem_oom.bpf.h"

char LICENSE[] SEC("license") = "GPL";
