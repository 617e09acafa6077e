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

static int open_file(__u32 pid, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

ssize_t proc_read(__u32 pid, const char *name, char *bytes, size_t room)
{
	int descriptor = open_file(pid, name);
	if (descriptor < 0)
		return -1;
	ssize_t length = read_whole(descriptor, bytes, room);
	close(descriptor);
	return length;
}

/* Tells the strings that end within `have` bytes and gives how many bytes are left of the next one. `*passing`: what comes first is the
 * rest of one that is told already. */
static size_t take_strings(const struct proc_strings *strings, size_t have, bool *passing)
{
	char *at = strings->bytes, *end;
	for (; (end = memchr(at, '\0', strings->bytes + have - at)); at = end + 1) {
		if (!*passing)
			strings->take(strings->context, at);
		*passing = false;
	}
	size_t left = strings->bytes + have - at;
	memmove(strings->bytes, at, left);
	return left;
}

void proc_read_strings(__u32 pid, const char *name, const struct proc_strings *strings)
{
	int descriptor = open_file(pid, name);
	size_t room = strings->room - 1, have = 0, done = 0;
	bool passing = false;
	ssize_t step;

	if (descriptor < 0)
		return;
	while (done < strings->most && (step = read(descriptor, strings->bytes + have, room - have)) > 0) {
		done += step;
		have = take_strings(strings, have + step, &passing);
		if (have < room)
			continue;
		strings->bytes[have] = '\0';
		take_strings(strings, have + 1, &passing);
		passing = true;
		have = 0;
	}
	close(descriptor);
	/* The last one needs no end. */
	strings->bytes[have] = '\0';
	if (have)
		take_strings(strings, have + 1, &passing);
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
