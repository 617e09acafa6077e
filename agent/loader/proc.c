#include "proc.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static ssize_t read_whole(int descriptor, char *bytes, size_t room)
{
	size_t done = 0;
	ssize_t step;
	while (done + 1 < room && (step = read(descriptor, bytes + done, room - 1 - done)) > 0)
		done += step;
	bytes[done] = '\0';
	return step < 0 && done == 0 ? -1 : (ssize_t)done;
}

ssize_t proc_read(__u32 pid, const char *name, char *bytes, size_t room)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return -1;
	ssize_t length = read_whole(descriptor, bytes, room);
	close(descriptor);
	return length;
}

bool proc_link(__u32 pid, const char *name, char *target, size_t room)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	ssize_t length = readlink(path, target, room - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return true;
}

bool proc_identity(const char *path, struct file_identity *identity)
{
	struct stat status;
	if (stat(path, &status))
		return false;
	*identity = (struct file_identity){ major(status.st_dev), minor(status.st_dev), status.st_ino };
	return true;
}

bool proc_same(const struct file_identity *one, const struct file_identity *other)
{
	return one->inode == other->inode && one->major == other->major && one->minor == other->minor;
}

unsigned long long proc_stat(__u32 pid, int index)
{
	char bytes[1024];
	if (proc_read(pid, "stat", bytes, sizeof(bytes)) < 0)
		return 0;
	char *at = strrchr(bytes, ')');
	for (int field = 2; at && field < index; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}
