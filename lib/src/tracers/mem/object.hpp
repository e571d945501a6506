// The skeleton of mem.bpf.c.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>

#include "shared/alloc_event.h"
#include "shared/ksym.h"
#include "shared/mem_event.h"
#include "shared/stack_event.h"
// The skeleton uses the types of the shared headers.
#include "mem.skel.h"
