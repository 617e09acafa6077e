#include "proc.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/openat2.h>

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

int proc_place_inside(__u32 pid, const char *path, enum proc_links links)
{
	char name[64];
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	if (links == PROC_NO_LINKS)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	snprintf(name, sizeof(name), "/proc/%u/root", pid);
	int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	while (*path == '/')
		path++;
	int place = syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	return place;
}

void proc_descriptor_path(int descriptor, char path[PROC_DESCRIPTOR_PATH])
{
	snprintf(path, PROC_DESCRIPTOR_PATH, "/proc/self/fd/%d", descriptor);
}

/* A mount, which anybody can make in a namespace of his own, may put any file here: only one that everybody may read is read. */
static int open_public(int place)
{
	char path[PROC_DESCRIPTOR_PATH];
	struct stat status;
	if (place < 0 || fstat(place, &status) || !S_ISREG(status.st_mode) || !(status.st_mode & S_IROTH))
		return -1;
	proc_descriptor_path(place, path);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

ssize_t proc_read_public(__u32 pid, const char *path, char *bytes, size_t room)
{
	int place = proc_place_inside(pid, path, PROC_NO_LINKS);
	int descriptor = open_public(place);
	ssize_t length = descriptor < 0 ? -1 : read_whole(descriptor, bytes, room);
	if (place >= 0)
		close(place);
	if (descriptor >= 0)
		close(descriptor);
	return length;
}

static bool take_identity(int failed, const struct stat *status, struct file_identity *identity)
{
	if (!failed)
		*identity = (struct file_identity){ major(status->st_dev), minor(status->st_dev), status->st_ino };
	return !failed;
}

bool proc_identity_of(int descriptor, struct file_identity *identity)
{
	struct stat status;
	return take_identity(fstat(descriptor, &status) || !S_ISREG(status.st_mode), &status, identity);
}

bool proc_identity(const char *path, struct file_identity *identity)
{
	struct stat status;
	return take_identity(stat(path, &status), &status, identity);
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
