#include "uprobes.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>

/* union bpf_attr's link_create with its uprobe_multi part (include/uapi/linux/bpf.h of Linux 6.6). */
struct link_create {
	__u32 program;
	__u32 target;
	__u32 attach_type;
	__u32 flags;
	__u64 path;
	__u64 offsets;
	__u64 reference_offsets;
	__u64 cookies;
	__u32 count;
	__u32 uprobe_flags;
	__u32 pid;
	__u32 reserved;
};

int uprobes_attach(int program, const char *path, const struct places *places)
{
	struct link_create create;
	memset(&create, 0, sizeof(create));
	create.program = program;
	create.attach_type = UPROBE_MULTI;
	create.path = (__u64)path;
	create.offsets = (__u64)places->offsets;
	create.cookies = (__u64)places->cookies;
	create.count = places->count;
	return syscall(SYS_bpf, BPF_LINK_CREATE, &create, sizeof(create));
}
