#pragma once

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/cpu_profiler.hpp>
#include <sonde/error.hpp>
#include <sonde/event.hpp>
#include <sonde/loader.hpp>
#include <sonde/memory_tracer.hpp>
#include <sonde/network_tracer.hpp>
#include <sonde/probe_sites.hpp>
#include <sonde/report.hpp>
#include <sonde/syscall_tracer.hpp>
