#include "symbols.h"
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* A container may plant any file. Node's own tables are a tenth of that. */
#define TABLE_BYTES_MOST (64 << 20)
/* Tables are read in pieces: seven megabytes of Node's would be a third of all that this program ever needs. */
#define PIECE_BYTES (64 << 10)
#define NAME_MOST 256
#define WANTED_MOST 16
#define NAME_PLACES_MOST 16

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#else
#define MACHINE EM_AARCH64
#endif

struct name_places {
	__u32 at[NAME_PLACES_MOST];
	size_t count;
};

/* The search in one file. */
struct search {
	int descriptor;
	Elf *elf;
	struct function *functions;
	size_t count;
	struct name_places names[WANTED_MOST]; /* of each function, in the table that is read now */
	unsigned char piece[PIECE_BYTES];
};

static unsigned long file_offset(Elf *elf, unsigned long address)
{
	size_t count = 0;
	GElf_Phdr header;
	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, i, &header) || header.p_type != PT_LOAD || !(header.p_flags & PF_X))
			continue;
		if (address >= header.p_vaddr && address < header.p_vaddr + header.p_filesz)
			return address - header.p_vaddr + header.p_offset;
	}
	return 0;
}

/* Where a name stands among the names; those that end alike may share their end. */
static void note_name(struct search *search, const char *name, size_t length, __u32 at)
{
	/* Versioned names (SSL_read@@OPENSSL_3.0.0) carry their version apart in .dynsym, but after an @ in .symtab. */
	const char *version = memchr(name, '@', length);
	size_t bare = version ? (size_t)(version - name) : length;

	for (size_t i = 0; i < search->count; i++) {
		size_t wanted = strlen(search->functions[i].name);
		struct name_places *places = &search->names[i];
		if (bare >= wanted && memcmp(name + bare - wanted, search->functions[i].name, wanted) == 0 && places->count < NAME_PLACES_MOST)
			places->at[places->count++] = at + bare - wanted;
	}
}

static size_t read_piece(const struct search *search, unsigned char *to, size_t room, const GElf_Shdr *header, size_t done)
{
	size_t left = header->sh_size - done;
	ssize_t length = pread(search->descriptor, to, left < room ? left : room, header->sh_offset + done);
	return length > 0 ? length : 0;
}

static void find_names(struct search *search, const GElf_Shdr *header)
{
	unsigned char *piece = search->piece;
	size_t done = 0, held = 0, length;

	memset(search->names, 0, sizeof(search->names));
	while (done < header->sh_size && (length = read_piece(search, piece + held, PIECE_BYTES - held, header, done)) > 0) {
		unsigned char *begin = piece, *end = piece + held + length, *zero;
		size_t first = done - held; /* where the piece begins among the names */
		while ((zero = memchr(begin, '\0', end - begin))) {
			note_name(search, (char *)begin, zero - begin, first + (begin - piece));
			begin = zero + 1;
		}
		/* What goes on in the next piece; of a name that is longer than any that is wanted its end is enough. */
		held = end - begin < NAME_MOST ? end - begin : NAME_MOST;
		memmove(piece, end - held, held);
		done += length;
	}
}

static void take_symbol(struct search *search, const Elf64_Sym *symbol)
{
	if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
		return;
	for (size_t i = 0; i < search->count; i++)
		for (size_t place = 0; place < search->names[i].count && !search->functions[i].offset; place++)
			if (search->names[i].at[place] == symbol->st_name) {
				search->functions[i].offset = file_offset(search->elf, symbol->st_value);
				search->functions[i].size = symbol->st_size;
			}
}

static void find_symbols(struct search *search, const GElf_Shdr *header)
{
	size_t done = 0, count;
	Elf64_Sym symbol;

	while ((count = read_piece(search, search->piece, PIECE_BYTES / sizeof(symbol) * sizeof(symbol), header, done) / sizeof(symbol)) > 0) {
		for (size_t i = 0; i < count; i++) {
			memcpy(&symbol, search->piece + i * sizeof(symbol), sizeof(symbol));
			take_symbol(search, &symbol);
		}
		done += count * sizeof(symbol);
	}
}

static bool is_small(Elf_Scn *section, GElf_Shdr *header)
{
	return section && gelf_getshdr(section, header) && header->sh_size <= TABLE_BYTES_MOST;
}

static void scan_table(struct search *search, Elf_Scn *section)
{
	GElf_Shdr header, names;
	if (!is_small(section, &header) || header.sh_entsize != sizeof(Elf64_Sym) || !is_small(elf_getscn(search->elf, header.sh_link), &names))
		return;
	find_names(search, &names);
	find_symbols(search, &header);
}

/* A file has one table of each type at most. */
static bool scan(struct search *search, unsigned int type)
{
	GElf_Shdr header;
	for (Elf_Scn *section = elf_nextscn(search->elf, NULL); section; section = elf_nextscn(search->elf, section)) {
		if (!gelf_getshdr(section, &header) || header.sh_type != type)
			continue;
		scan_table(search, section);
		return true;
	}
	return false;
}

/* With 0 in e_shnum their number stands elsewhere and may be any, and libelf makes room for all of them. */
static bool is_readable(int descriptor)
{
	Elf64_Ehdr header;
	return pread(descriptor, &header, sizeof(header), 0) == sizeof(header) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == MACHINE && header.e_shnum > 0;
}

/* What is exported is in .dynsym, which is small; a static program has only .symtab, if it was not stripped. */
static bool search_in(struct search *search)
{
	bool exported = scan(search, SHT_DYNSYM);
	bool any = false;
	for (size_t i = 0; i < search->count; i++)
		any = any || search->functions[i].offset;
	return any || scan(search, SHT_SYMTAB) || exported;
}

/* Without waiting: whoever owns the file may hold a lease on it. And without mapping it: he may cut it short meanwhile. */
bool symbols_find(const char *path, struct function *functions, size_t count)
{
	static struct search search;
	bool readable = false;
	int descriptor = count > WANTED_MOST ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return false;
	elf_version(EV_CURRENT);
	Elf *elf = is_readable(descriptor) ? elf_begin(descriptor, ELF_C_READ, NULL) : NULL;
	search.descriptor = descriptor;
	search.elf = elf;
	search.functions = functions;
	search.count = count;
	if (elf)
		readable = search_in(&search);
	elf_end(elf);
	close(descriptor);
	return readable;
}
