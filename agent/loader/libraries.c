#include "libraries.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "returns.h"
#include "symbols.h"
#include "uprobes.h"

/* enum tls_function of bpf/state.h */
enum kind { READ = 1, WRITE = 2, READ_EX = 3, WRITE_EX = 4, HANDSHAKE = 5, FREE = 6, NODE_WRITE = 7 };

static const struct {
	const char *name;
	enum kind kind;
} wanted[] = {
	{ "SSL_read", READ }, { "SSL_write", WRITE }, { "SSL_read_ex", READ_EX }, { "SSL_write_ex", WRITE_EX },
	{ "SSL_do_handshake", HANDSHAKE }, { "SSL_free", FREE }, { "_ZN4node6crypto7NodeBIO5WriteEP6bio_stPKci", NODE_WRITE },
};
#define WANTED (sizeof(wanted) / sizeof(*wanted))
_Static_assert(WANTED * RETURNS_MOST <= PLACES_MOST, "a way out of a call that is not seen leaves its thread inside for ever");

struct mapping {
	char path[PATH_MAX]; /* for people: by then another file may be there */
	char file[PROC_DESCRIPTOR_PATH]; /* the very file that was looked at */
	int place;
	struct file_identity identity;
};

struct attachment {
	struct library *library;
	struct text text;
	struct places enter, leave, release, node_write;
	const char *refused;
};

static void add_place(struct places *places, unsigned long offset, __u64 cookie)
{
	places->offsets[places->count] = offset;
	places->cookies[places->count++] = cookie;
}

/* Both ends of a function or none: an entry alone would leave its thread inside the call for ever. */
static void add_pair(struct attachment *attachment, const char *path, const struct function *function, enum kind kind)
{
	struct function_places places;
	const char *why;
	if (!returns_find(path, function, &places, &why)) {
		attachment->refused = why;
		return;
	}
	text_string(&attachment->text, NULL, function->name);
	add_place(&attachment->enter, places.entry, kind);
	for (size_t i = 0; i < places.return_count; i++)
		add_place(&attachment->leave, places.returns[i], kind);
}

static void add_function(struct attachment *attachment, const char *path, const struct function *function, enum kind kind)
{
	if (function->offset == 0)
		return;
	if (kind == FREE)
		add_place(&attachment->release, function->offset, kind);
	else if (kind == NODE_WRITE)
		add_place(&attachment->node_write, function->offset, kind);
	else
		add_pair(attachment, path, function, kind);
}

static bool attach(struct attachment *attachment, const char *path, int program, const struct places *places)
{
	struct library *library = attachment->library;
	if (places->count == 0)
		return true;
	int link = uprobes_attach(program, path, places);
	if (link < 0) {
		attachment->refused = strerror(errno);
		return false;
	}
	library->links[library->link_count++] = link;
	return true;
}

/* The way back is attached before the way in. */
static bool attach_all(struct libraries *libraries, struct attachment *attachment, const char *path)
{
	const struct tls_programs *programs = &libraries->programs;
	return attach(attachment, path, programs->leave, &attachment->leave) &&
	       attach(attachment, path, programs->release, &attachment->release) &&
	       attach(attachment, path, programs->node_write, &attachment->node_write) &&
	       attach(attachment, path, programs->enter, &attachment->enter);
}

static void close_links(struct library *library)
{
	for (size_t i = 0; i < library->link_count; i++)
		close(library->links[i]);
	library->link_count = 0;
}

/* "3" of libssl.so.3, "1.1" of libssl.so.1.1 and of libssl-3e69114b.so.1.1, as Python's wheels bring it */
static const char *version_of(const char *path)
{
	const char *library = strstr(path, "/libssl");
	const char *at = library ? strstr(library, ".so.") : NULL;
	return at ? at + strlen(".so.") : NULL;
}

static void begin_text(struct attachment *attachment, const struct mapping *mapping)
{
	char device[32];
	snprintf(device, sizeof(device), "%u:%u", mapping->identity.major, mapping->identity.minor);
	text_begin(&attachment->text, FRAME_LIBRARY, 0);
	text_string(&attachment->text, "path", mapping->path);
	text_string(&attachment->text, "device", device);
	text_number_string(&attachment->text, "inode", mapping->identity.inode);
	text_string(&attachment->text, "version", version_of(mapping->path));
	text_open(&attachment->text, "functions", '[');
}

static void end_text(struct libraries *libraries, struct attachment *attachment, const char *kind, bool attached)
{
	text_close(&attachment->text, ']');
	text_string(&attachment->text, "kind", kind);
	text_boolean(&attachment->text, "attached", attached);
	text_string(&attachment->text, "refused", attachment->refused);
	text_finish(&attachment->text);
	libraries->tell(libraries->context, &attachment->text);
}

/* Probes the file if it has a TLS library's functions. */
static void look_into(struct libraries *libraries, struct library *library, const struct mapping *mapping)
{
	static struct attachment attachment;
	struct function functions[WANTED];
	bool speaks = false;

	for (size_t i = 0; i < WANTED; i++)
		functions[i] = (struct function){ .name = wanted[i].name };
	if (!symbols_find(mapping->file, functions, WANTED))
		return;
	for (size_t i = 0; i < WANTED; i++)
		speaks = speaks || (functions[i].offset && wanted[i].kind != FREE && wanted[i].kind != HANDSHAKE);
	if (!speaks)
		return;
	memset(&attachment, 0, sizeof(attachment));
	attachment.library = library;
	begin_text(&attachment, mapping);
	for (size_t i = 0; i < WANTED; i++)
		add_function(&attachment, mapping->file, &functions[i], wanted[i].kind);
	const char *kind = attachment.node_write.count > 0 ? "node" : "openssl";
	bool useful = attachment.enter.count > 0 || attachment.node_write.count > 0;
	bool attached = useful && attach_all(libraries, &attachment, mapping->file);
	if (!attached)
		close_links(library);
	library->kind = attached ? kind : NULL;
	if (attached && attachment.node_write.count > 0)
		libraries->node_found(libraries->context);
	end_text(libraries, &attachment, kind, attached);
}

static struct library *find_library(struct libraries *libraries, const struct file_identity *identity)
{
	for (size_t i = 0; i < libraries->count; i++)
		if (proc_same(&libraries->known[i].identity, identity))
			return &libraries->known[i];
	return NULL;
}

static const char *know(struct libraries *libraries, const struct mapping *mapping)
{
	struct library *library = find_library(libraries, &mapping->identity);
	if (!library) {
		if (libraries->count == LIBRARIES_MOST) {
			libraries->refused++;
			return NULL;
		}
		library = &libraries->known[libraries->count++];
		*library = (struct library){ .identity = mapping->identity };
		look_into(libraries, library, mapping);
	}
	library->mapped = true;
	return library->kind;
}

static void leave(struct mapping *mapping)
{
	if (mapping->place >= 0)
		close(mapping->place);
	mapping->place = -1;
}

/* A file of another container is reached through its process' root; a deleted or hidden one through the mapping itself. */
static bool reach(__u32 pid, const char *range, const char *path, struct mapping *mapping)
{
	struct file_identity found;
	snprintf(mapping->path, sizeof(mapping->path), "/proc/%u/root%s", pid, path);
	mapping->place = proc_place_inside(pid, path, PROC_LINKS_INSIDE);
	if (mapping->place >= 0 && (!proc_identity_of(mapping->place, &found) || found.inode != mapping->identity.inode))
		leave(mapping);
	if (mapping->place < 0) {
		snprintf(mapping->path, sizeof(mapping->path), "/proc/%u/map_files/%s", pid, range);
		mapping->place = open(mapping->path, O_PATH | O_CLOEXEC);
	}
	if (mapping->place < 0 || !proc_identity_of(mapping->place, &mapping->identity))
		return false;
	proc_descriptor_path(mapping->place, mapping->file);
	return true;
}

static bool is_candidate(const char *path, const char *executable)
{
	const char *name = strrchr(path, '/');
	return name && (strncmp(name, "/libssl", 7) == 0 || strncmp(name, "/libnode", 8) == 0 || strcmp(path, executable) == 0);
}

/* "7f00-7f01 r-xp 00001000 fe:00 42      /usr/lib/libssl.so.3": only what is executed. */
static const char *scan_line(struct libraries *libraries, __u32 pid, char *line, const char *executable)
{
	char range[64], rights[8];
	struct mapping mapping = { .place = -1 };
	const char *kind = NULL;
	int path_at = 0;
	if (sscanf(line, "%63s %7s %*s %x:%x %llu %n", range, rights, &mapping.identity.major, &mapping.identity.minor,
		   &mapping.identity.inode, &path_at) < 5 || path_at == 0 || rights[2] != 'x')
		return NULL;
	char *path = line + path_at;
	char *deleted = strstr(path, " (deleted)");
	if (deleted)
		*deleted = '\0';
	if (path[0] != '/' || !is_candidate(path, executable))
		return NULL;
	if (reach(pid, range, path, &mapping))
		kind = know(libraries, &mapping);
	leave(&mapping);
	return kind;
}

const char *libraries_scan(struct libraries *libraries, __u32 pid)
{
	char path[64], executable[PATH_MAX] = "";
	char *line = NULL;
	const char *found = NULL;
	size_t room = 0;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	FILE *maps = fopen(path, "re");
	if (!maps)
		return NULL;
	proc_link(pid, "exe", executable, sizeof(executable));
	while ((length = getline(&line, &room, maps)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		const char *kind = scan_line(libraries, pid, line, executable);
		found = kind ? kind : found;
	}
	free(line);
	fclose(maps);
	return found;
}

bool libraries_is_settled(struct libraries *libraries, __u32 pid, bool settle)
{
	char path[64];
	struct file_identity identity;
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	if (!proc_identity(path, &identity))
		return true;
	struct library *executable = find_library(libraries, &identity);
	if (executable && settle)
		executable->settled = true;
	return executable && executable->settled;
}

void libraries_scan_all(struct libraries *libraries)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	while (directory && (entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]))
			libraries_scan(libraries, strtoul(entry->d_name, NULL, 10));
	if (directory)
		closedir(directory);
}

void libraries_sweep(struct libraries *libraries)
{
	size_t kept = 0;
	for (size_t i = 0; i < libraries->count; i++)
		libraries->known[i].mapped = false;
	libraries_scan_all(libraries);
	for (size_t i = 0; i < libraries->count; i++) {
		if (libraries->known[i].mapped)
			libraries->known[kept++] = libraries->known[i];
		else
			close_links(&libraries->known[i]);
	}
	libraries->count = kept;
}

void libraries_close(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++)
		close_links(&libraries->known[i]);
}
