#include "returns.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "instructions.h"

#define FUNCTION_MOST (64 * 1024)

/* Whether some way leads to an instruction after `from`, up to `to`, without passing `from`. */
static bool is_entered_between(const struct instructions *all, unsigned long from, unsigned long to)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].target > from && all->list[i].target <= to)
			return true;
	return false;
}

/* The first instruction that the kernel emulates and that every call passes with its arguments untouched; else the very first. A probe
 * on any other costs a second trap, for the single step. */
static unsigned long choose_entry(const struct instructions *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct instruction *one = &all->list[i];
		if (one->is_emulated)
			return is_entered_between(all, all->begin, one->address) ? all->begin : one->address;
		if (one->writes_arguments || one->is_call || one->is_jump || one->is_branch || one->is_return)
			return all->begin;
	}
	return all->begin;
}

/* The compiler's stack check: a branch to a call that never comes back, at the very end of the function. */
static bool is_stack_check(const struct instructions *all, const struct instruction *branch)
{
	const struct instruction *last = &all->list[all->count - 1];
	return branch->is_branch && last->is_call && branch->target == last->address;
}

/* The return instruction, or the stack check before it when the result is in place by then. */
static unsigned long choose_return(const struct instructions *all, size_t at)
{
	const struct instruction *end = &all->list[at];
	for (size_t i = at; i-- > 0;) {
		const struct instruction *one = &all->list[i];
		if (is_stack_check(all, one) && one->is_emulated)
			return is_entered_between(all, one->address, end->address) ? end->address : one->address;
		if (one->writes_result || one->is_call || one->is_jump || one->is_branch || one->is_return)
			return end->address;
	}
	return end->address;
}

/* A jump out of the function is a tail call: it returns from there, unseen. (Conditional ones lead to its own cold part.) */
static bool is_tail_call(const struct instructions *all, const struct instruction *one)
{
	return one->is_jump && one->target && (one->target < all->begin || one->target >= all->end);
}

static const char *choose(const struct instructions *all, struct function_places *places)
{
	places->entry = choose_entry(all);
	places->return_count = 0;
	for (size_t i = 0; i < all->count; i++) {
		if (is_tail_call(all, &all->list[i]))
			return "it ends in another function (tail call)";
		if (!all->list[i].is_return)
			continue;
		if (places->return_count == RETURNS_MOST)
			return "it has more than 64 returns";
		places->returns[places->return_count++] = choose_return(all, i);
	}
	return places->return_count > 0 ? NULL : "it never returns";
}

static uint8_t *read_code(const char *path, const struct function *function)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *code = descriptor < 0 ? NULL : malloc(function->size);
	if (code && pread(descriptor, code, function->size, function->offset) != (ssize_t)function->size) {
		free(code);
		code = NULL;
	}
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

bool returns_find(const char *path, const struct function *function, struct function_places *places, const char **why)
{
	struct instructions all = { 0 };
	*why = "its size is not known";
	if (function->size == 0 || function->size > FUNCTION_MOST)
		return false;
	uint8_t *code = read_code(path, function);
	*why = "its code cannot be read";
	if (!code)
		return false;
	*why = instructions_read(&all, code, function->offset, function->size);
	if (!*why)
		*why = choose(&all, places);
	free(all.list);
	free(code);
	return !*why;
}
