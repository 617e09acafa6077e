#include "symbols.h"
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* A container may plant any file. Node's own tables are a tenth of that. */
#define TABLE_BYTES_MOST (64 << 20)

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#else
#define MACHINE EM_AARCH64
#endif

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

static void take_symbol(Elf *elf, const GElf_Sym *symbol, struct function *function)
{
	if (function->offset || GELF_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
		return;
	function->offset = file_offset(elf, symbol->st_value);
	function->size = symbol->st_size;
}

/* Versioned names (SSL_read@@OPENSSL_3.0.0) carry their version apart in .dynsym, but after an @ in .symtab. */
static bool is_named(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);
	return strncmp(name, wanted, length) == 0 && (name[length] == '\0' || name[length] == '@');
}

static bool is_small(Elf_Scn *section, GElf_Shdr *header)
{
	return section && gelf_getshdr(section, header) && header->sh_size <= TABLE_BYTES_MOST;
}

static void scan_table(Elf *elf, Elf_Scn *section, struct function *functions, size_t count)
{
	GElf_Shdr header, names;
	GElf_Sym symbol;
	if (!is_small(section, &header) || header.sh_entsize == 0 || !is_small(elf_getscn(elf, header.sh_link), &names))
		return;
	Elf_Data *table = elf_getdata(section, NULL);
	if (!table)
		return;
	size_t symbols = header.sh_size / header.sh_entsize;
	for (size_t i = 0; i < symbols; i++) {
		if (!gelf_getsym(table, i, &symbol))
			return;
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		for (size_t wanted = 0; name && wanted < count; wanted++)
			if (is_named(name, functions[wanted].name))
				take_symbol(elf, &symbol, &functions[wanted]);
	}
}

/* A file has one table of each type at most. */
static bool scan(Elf *elf, struct function *functions, size_t count, unsigned int type)
{
	GElf_Shdr header;
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
		if (!gelf_getshdr(section, &header) || header.sh_type != type)
			continue;
		scan_table(elf, section, functions, count);
		return true;
	}
	return false;
}

/* With 0 in e_shnum their number stands elsewhere and may be any, and libelf makes room for all of them. */
static bool is_readable(int descriptor)
{
	Elf64_Ehdr header;
	return pread(descriptor, &header, sizeof(header), 0) == sizeof(header) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == MACHINE && header.e_shnum > 0;
}

/* Without waiting: whoever owns the file may hold a lease on it. And without mapping it: he may cut it short meanwhile. */
bool symbols_find(const char *path, struct function *functions, size_t count)
{
	bool readable = false;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return false;
	elf_version(EV_CURRENT);
	Elf *elf = is_readable(descriptor) ? elf_begin(descriptor, ELF_C_READ, NULL) : NULL;
	if (elf) {
		/* What is exported is in .dynsym, which is small; a static program has only .symtab, if it was not stripped. */
		bool exported = scan(elf, functions, count, SHT_DYNSYM);
		bool any = false;
		for (size_t i = 0; i < count; i++)
			any = any || functions[i].offset;
		readable = (any || scan(elf, functions, count, SHT_SYMTAB)) || exported;
	}
	elf_end(elf);
	close(descriptor);
	return readable;
}
