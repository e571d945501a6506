// The skeleton of net.bpf.c with the types that it uses.
#pragma once

#include <bpf/libbpf.h>

#include "shared/dns_event.h"
#include "shared/drop_event.h"
#include "shared/http_event.h"
#include "shared/ksym.h"
#include "shared/net_event.h"
#include "shared/stack_event.h"
// The skeleton uses the types of the shared headers.
#include "net.skel.h"
