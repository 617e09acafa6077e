/* Reading /proc: small files, links, and who a file is. Every function answers "not readable" without a message: processes end. */
#ifndef TOCSIN_PROC_H
#define TOCSIN_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "frames.h"

struct file_identity {
	unsigned int major;
	unsigned int minor;
	unsigned long long inode;
};

/* Bytes read of /proc/PID/NAME into `bytes`, which ends with a zero byte behind them; -1 when it cannot be read. */
ssize_t proc_read(__u32 pid, const char *name, char *bytes, size_t room);
bool proc_link(__u32 pid, const char *name, char *target, size_t room);
bool proc_identity(const char *path, struct file_identity *identity);
bool proc_same(const struct file_identity *one, const struct file_identity *other);

/* Field `index` of /proc/PID/stat, counted from 1 as in proc(5), the command's parentheses respected; 0 when not readable. */
unsigned long long proc_stat(__u32 pid, int index);

#endif
