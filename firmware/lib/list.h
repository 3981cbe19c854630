/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Doubly linked list whose links live in the members. A list and an unlinked member both point to
 * themselves, so that list_linked() and removing twice are safe. No locking.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_linked(const struct list *link)
{
	return link->next != link;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_add_tail(struct list *list, struct list *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Walks the members; the one at hand may be removed. next is a struct list * of the caller's. */
#define list_for_each_safe(link, following, list)                                 \
	for ((link) = (list)->next, (following) = (link)->next; (link) != (list); \
	     (link) = (following), (following) = (link)->next)

#endif
