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

struct proc_strings {
	char *bytes;
	size_t room;  /* of one string; of a longer one only its beginning is told */
	size_t most;  /* bytes that are read */
	void (*take)(void *context, char *string);
	void *context;
};

/* Tells each zero-ended string of /proc/PID/NAME. */
void proc_read_strings(__u32 pid, const char *name, const struct proc_strings *strings);
bool proc_link(__u32 pid, const char *name, char *target, size_t room);
bool proc_identity(const char *path, struct file_identity *identity);
/* Also false where it is no file: whoever opened a pipe would wait for its other end. */
bool proc_identity_of(int descriptor, struct file_identity *identity);

enum proc_links { PROC_LINKS_INSIDE, PROC_NO_LINKS };

/* A file where the process has it: absolute links lead to the root of the process, not to the loader's. A descriptor that only names the
 * place (O_PATH): opening a device or a pipe may do something. -1 when there is none. */
int proc_place_inside(__u32 pid, const char *path, enum proc_links links);

#define PROC_DESCRIPTOR_PATH 32

/* By this path a descriptor's file is found again, whatever has become of its name. */
void proc_descriptor_path(int descriptor, char path[PROC_DESCRIPTOR_PATH]);

/* As proc_read, of a file inside the process' root: one without links on its way that everybody may read, as the loader may read all. */
ssize_t proc_read_public(__u32 pid, const char *path, char *bytes, size_t room);
bool proc_same(const struct file_identity *one, const struct file_identity *other);

/* Field `index` of /proc/PID/stat, counted from 1 as in proc(5), the command's parentheses respected; 0 when not readable. */
unsigned long long proc_stat(__u32 pid, int index);

#endif
