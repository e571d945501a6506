"""What runs in the virtual machine: one line a case, so that a new tracer or variant is one more line.

A case is a name, a command line of sh, and extended regular expressions that must each be found in what it prints.
The status of the command must be 0. In the guest `sonde`, the programs of tests/testprogs in PROGRAMS below, and busybox
are in the path; `busy SHAPE [DEPTH]` runs the program "shapes" in the background and sets $P to its process id.
"""

# Copied into the guest with the libraries that they need.
PROGRAMS = ["shapes", "shapes_frames", "shapes_static", "throws", "loop", "calls"]

CPU = "sonde cpu -q -f folded -F 199 -d 1 -p $P"
CALL = "sonde syscall -q -f json -d 1 -p $P"
# A whole stack of shapes, from its entry to the function that works.
WHOLE = r"_start;.*main;descend;(descend;)+on_variable_frame;work [0-9]"

CASES = [
    ("doctor", "sonde doctor", ["maple_tree", "cpu"]),
    ("cpu", f"busy alloca 10; {CPU}", [WHOLE]),
    ("cpu cfi", f"busy alloca 10; {CPU} --stacks cfi", [WHOLE]),
    ("cpu cfi, deep", f"busy deep; {CPU} --stacks cfi", ["descend"]),
    ("cpu cfi, exceptions", "throws & P=$!; sleep 1; " + f"{CPU} --stacks cfi", ["_start;.*main;"]),
    ("cpu cfi, static", f"shapes_static alloca 10 & P=$!; sleep 1; {CPU} --stacks cfi", [WHOLE]),
    ("cpu cfi, vdso", f"busy vdso; {CPU} --stacks cfi", ["_start;.*main;.*ask_the_time"]),
    ("cpu cfi, signal", f"busy signal; {CPU} --stacks cfi", ["_start;.*main;.*handle"]),
    ("cpu cfi, thread", f"busy thread; {CPU} --stacks cfi", ["in_thread"]),
    ("cpu cfi, by process", f"busy alloca 10; {CPU} --stacks cfi --no-feature maple_tree", [WHOLE]),
    ("cpu fp", f"shapes_frames alloca 10 & P=$!; sleep 1; {CPU} --stacks fp", ["main;descend;(descend;)+.*work"]),
    ("cpu none", f"busy alloca 10; {CPU} --stacks none", ["^shapes [0-9]+$|_\\[k\\] [0-9]"]),
    ("cpu user only", f"busy alloca 10; {CPU} --user", [WHOLE]),
    ("cpu whole system", "busy alloca 10; sonde cpu -q -f json -F 199 -d 1", ['"type":"summary"', '"on_variable_frame"', '"hook":"call frame information"']),
    ("cpu command", "sonde cpu -q -f folded -F 199 -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'", ["[0-9]$"]),
    ("syscall", "sonde syscall -q -- ls /", ["getdents64"]),
    ("syscall count", "sonde syscall -q --count -- ls /", ["getdents64"]),
    ("syscall errors, histogram", "sonde syscall -q --errors --histogram --by process,errno -- ls /missing; true", ["ENOENT"]),
    ("syscall trace", "sonde syscall -q -T -- cat /etc/passwd", [r'openat\(.*"/etc/passwd"', "exit_group"]),
    ("syscall trace of files", "sonde syscall -q -T -e %file -- cat /etc/passwd", [r'openat\(.*"/etc/passwd"']),
    ("syscall selected", "sonde syscall -q --failed --errno ENOENT --min-latency 1ns -- cat /missing; true", ["ENOENT|openat"]),
    ("syscall stacks", f"busy sleep; {CALL} -e clock_nanosleep --stacks", ['"type":"stack"', '"sleep_deep"', '"main"', '"_start"']),
    ("syscall stacks cfi", f"busy sleep; {CALL} -e clock_nanosleep --stacks=cfi", ['"type":"stack"', '"sleep_deep"', '"main"']),
    ("syscall stacks fp", f"busy sleep; {CALL} -e clock_nanosleep --stacks=fp", ['"type":"stack"']),
    ("net", "httpd -p 8080 -h /etc; sonde net -q -f json -- sh -c 'wget -q -O /tmp/got http://127.0.0.1:8080/passwd; sleep 1'", [r'"role":"client".*"rx_bytes":[1-9][0-9]*', '"close_reason":"fin_']),
    ("net, refused", "sonde net -q -f json -- wget -q -O /tmp/got http://127.0.0.1:9/; true", ['"error":"ECONNREFUSED"']),
    ("net events", "httpd -p 8080 -h /etc; sonde net -q --events -- sh -c 'wget -q -O /tmp/got http://127.0.0.1:8080/passwd; sleep 1'", ["connect", "close"]),
    ("net drops, dns", "sonde net -q --drops --dns -f json -- wget -q -O /tmp/got http://127.0.0.1:9/; true", ['"type":"summary"']),
    ("net http", "httpd -p 8080 -h /etc; sonde net -q --http -f json -d 1", ['"type":"summary"']),
    ("mem", "sonde mem -q -f json -- dd if=/dev/zero of=/tmp/zeros bs=4M count=2", ['"type":"fault_site"', '"bytes":4[0-9]{6},']),
    ("mem kernel", "sonde mem -q --kernel -f json -- dd if=/dev/zero of=/tmp/zeros bs=4M count=2", ['"type":"fault_site"', '"type":"kernel_site"']),
    ("mem alloc", "throws & P=$!; sleep 1; sonde mem -q --alloc -f json -d 1 -p $P", ['"type":"allocation_site".*"operator new.*"main"']),
    ("run both", "busy alloca 10; sonde run -q -f json -t cpu,syscall -d 1", ['"tracer":"cpu"', '"tracer":"syscall"', "on_variable_frame"]),
]
