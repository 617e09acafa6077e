/* Tests of how the loader finds what it probes: libraries, their functions, the places in these (units.h). Linked with the loader's own files. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "../../../agent/loader/libraries.h"
#include "../../../agent/loader/returns.h"
#include "../../../agent/loader/symbols.h"
#include "units.h"

/* A function with two ways out, and one that leaves by a jump into another. */
__attribute__((noinline, used)) int two_returns(int value);
__asm__(".text\n.globl two_returns\n.type two_returns, @function\ntwo_returns:\n"
#if defined(__x86_64__)
	"test %edi, %edi\njs 1f\nmov %edi, %eax\nret\n1: xor %eax, %eax\nret\n"
#else
	"tbnz w0, #31, 1f\nret\n1: mov w0, #0\nret\n"
#endif
	".size two_returns, .-two_returns\n");
__attribute__((noinline, used)) void tail_call(void);
__asm__(".text\n.globl tail_call\n.type tail_call, @function\ntail_call:\n"
#if defined(__x86_64__)
	"nop\njmp two_returns\n"
#else
	"nop\nb two_returns\n"
#endif
	".size tail_call, .-tail_call\n");

#if defined(__x86_64__)
/* The shape that compilers give a checked function: the first jump may stand for the entry, the stack check for the return. */
__asm__(".text\n.globl checked\n.type checked, @function\nchecked:\n"
	"sub $0x18, %rsp\nmov %fs:0x28, %rax\nmov %rax, 0x8(%rsp)\nxor %eax, %eax\ntest %edx, %edx\n"
	".globl checked_entry\nchecked_entry: js 2f\ncall two_returns\n1: mov 0x8(%rsp), %rdx\nsub %fs:0x28, %rdx\n"
	".globl checked_return\nchecked_return: jne 3f\nadd $0x18, %rsp\nret\n2: mov $-1, %eax\njmp 1b\n3: call abort\n"
	".size checked, .-checked\n");
/* The same, but the branch before the return leads to another return: its result is not in place there. */
__asm__(".text\n.globl unchecked\n.type unchecked, @function\nunchecked:\n"
	"mov %rsi, %rdi\npush %rbp\ntest %eax, %eax\njne 1f\npop %rbp\n.globl unchecked_return\nunchecked_return: ret\n"
	"1: mov $7, %eax\npop %rbp\nret\n.size unchecked, .-unchecked\n");

extern char checked, checked_entry, checked_return, unchecked, unchecked_return;

static void cheap_places_are_chosen_only_where_they_are_right(void)
{
	struct function functions[] = { { .name = "checked" }, { .name = "unchecked" } };
	struct function_places places;
	const char *problem;

	expect(symbols_find("/proc/self/exe", functions, 2));
	expect(returns_find("/proc/self/exe", &functions[0], &places, &problem) && places.return_count == 1);
	expect(places.entry == functions[0].offset + (size_t)(&checked_entry - &checked));
	expect(places.returns[0] == functions[0].offset + (size_t)(&checked_return - &checked));
	expect(returns_find("/proc/self/exe", &functions[1], &places, &problem) && places.return_count == 2);
	expect(places.entry == functions[1].offset);
	expect(places.returns[0] == functions[1].offset + (size_t)(&unchecked_return - &unchecked));
}
#else
/* Cheap places are an x86 matter; elsewhere the first instruction and the returns are taken. */
static void cheap_places_are_chosen_only_where_they_are_right(void)
{
	struct function function = { .name = "two_returns" };
	struct function_places places;
	const char *problem;
	expect(symbols_find("/proc/self/exe", &function, 1) && returns_find("/proc/self/exe", &function, &places, &problem));
	expect(places.entry == function.offset && places.return_count == 2);
}
#endif

static void every_return_is_found(void)
{
	struct function_places places;
	const char *problem;
	struct function functions[] = { { .name = "two_returns" }, { .name = "tail_call" }, { .name = "no_such_function" } };

	expect(symbols_find("/proc/self/exe", functions, 3));
	expect(functions[0].offset > 0 && functions[0].size > 0 && functions[2].offset == 0);
	expect(returns_find("/proc/self/exe", &functions[0], &places, &problem) && places.return_count == 2);
	expect(places.returns[0] > functions[0].offset && places.returns[1] < functions[0].offset + functions[0].size);
	expect(!returns_find("/proc/self/exe", &functions[1], &places, &problem) && strstr(problem, "tail call"));
	expect(!returns_find("/proc/self/exe", &functions[2], &places, &problem) && strstr(problem, "size"));
}

static void what_is_no_program_is_refused(void)
{
	struct function function = { .name = "main" };
	expect(!symbols_find("/proc/self/maps", &function, 1));
	expect(!symbols_find("/nowhere", &function, 1));
}

/* A file that says of itself that it has any number of sections, or a table of any size: sparse, so that it costs nothing to plant. */
#if defined(__x86_64__)
#define MACHINE EM_X86_64
#else
#define MACHINE EM_AARCH64
#endif
static bool planted_is_read(__u16 sections, __u64 table_bytes)
{
	struct function function = { .name = "SSL_read" };
	char path[] = P_tmpdir "/tocsin-planted-XXXXXX";
	int descriptor = mkstemp(path);
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_DYN, .e_machine = MACHINE,
			      .e_version = EV_CURRENT, .e_shoff = sizeof(header), .e_ehsize = sizeof(header),
			      .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = sections };
	Elf64_Shdr table[2] = { { .sh_size = 1 << 20 },
				{ .sh_type = SHT_DYNSYM, .sh_offset = 4096, .sh_size = table_bytes, .sh_entsize = sizeof(Elf64_Sym), .sh_link = 1 } };
	struct rusage before, after;

	expect(write(descriptor, &header, sizeof(header)) == sizeof(header) && write(descriptor, table, sizeof(table)) == sizeof(table));
	expect(ftruncate(descriptor, 1LL << 32) == 0);
	getrusage(RUSAGE_SELF, &before);
	bool read = symbols_find(path, &function, 1);
	getrusage(RUSAGE_SELF, &after);
	expect(after.ru_maxrss - before.ru_maxrss < 1024);
	close(descriptor);
	unlink(path);
	return read;
}

static void planted_files_take_no_memory(void)
{
	expect(!planted_is_read(0, 0));
	expect(planted_is_read(2, 1LL << 30));
}

/* This program maps no TLS library, but its own file is looked into, if there is room to remember that. */
static void files_beyond_those_that_are_remembered_are_counted(void)
{
	static struct libraries libraries;

	expect(!libraries_scan(&libraries, getpid()) && libraries.count == 1 && libraries.refused == 0);
	memset(&libraries, 0, sizeof(libraries));
	libraries.count = LIBRARIES_MOST;
	expect(!libraries_scan(&libraries, getpid()) && libraries.count == LIBRARIES_MOST && libraries.refused == 1);
}

static void one_that_has_ended_has_no_libraries_to_look_for(void)
{
	static struct libraries libraries;

	expect(libraries_is_settled(&libraries, 4194305, false)); /* above PID_MAX_LIMIT */
	libraries_scan(&libraries, getpid());
	expect(!libraries_is_settled(&libraries, getpid(), false));
	expect(libraries_is_settled(&libraries, getpid(), true) && libraries_is_settled(&libraries, getpid(), false));
}

int main(void)
{
	test("cheap places are chosen only where they are right", cheap_places_are_chosen_only_where_they_are_right);
	test("every return of a function is found", every_return_is_found);
	test("what is no program is refused", what_is_no_program_is_refused);
	test("files that were planted take no memory", planted_files_take_no_memory);
	test("files beyond those that are remembered are counted", files_beyond_those_that_are_remembered_are_counted);
	test("one that has ended has no libraries to look for", one_that_has_ended_has_no_libraries_to_look_for);
	return failures > 0;
}
