#include "exact.h"

#include "base/list.h"

struct item {
	char name;
	struct list node;
};

/* The names in order, forwards and backwards alike. */
static void
expect_names(struct list *head, const char *names)
{
	size_t count = strlen(names);
	size_t i = 0;

	for (struct list *at = head->next; at != head; at = at->next, i++) {
		assert_true(i < count);
		assert_int_equal(
		    LIST_OBJECT(at, struct item, node)->name, names[i]);
		assert_ptr_equal(at->prev->next, at);
		assert_ptr_equal(at->next->prev, at);
	}
	assert_int_equal(i, count);
	for (struct list *at = head->prev; at != head; at = at->prev)
		assert_int_equal(
		    LIST_OBJECT(at, struct item, node)->name, names[--i]);
	assert_int_equal(i, 0);
	assert_int_equal(list_is_empty(head), count == 0);
}

static void
keeps_the_order_of_pushes(void **state)
{
	struct item a = { .name = 'a' };
	struct item b = { .name = 'b' };
	struct item c = { .name = 'c' };
	struct list head;

	(void)state;
	list_init(&head);
	expect_names(&head, "");
	list_push_back(&head, &b.node);
	expect_names(&head, "b");
	list_push_back(&head, &c.node);
	list_push_front(&head, &a.node);
	expect_names(&head, "abc");
}

static void
removes_from_anywhere(void **state)
{
	struct item a = { .name = 'a' };
	struct item b = { .name = 'b' };
	struct item c = { .name = 'c' };
	struct list head;

	(void)state;
	list_init(&head);
	list_push_back(&head, &a.node);
	list_push_back(&head, &b.node);
	list_push_back(&head, &c.node);
	list_remove(&b.node);
	expect_names(&head, "ac");
	list_remove(&a.node);
	expect_names(&head, "c");
	list_push_back(&head, &b.node);
	expect_names(&head, "cb");
	list_remove(&b.node);
	list_remove(&c.node);
	expect_names(&head, "");
}

static void
removing_an_unlinked_node_does_no_harm(void **state)
{
	struct item a = { .name = 'a' };
	struct list head;

	(void)state;
	list_init(&head);
	list_init(&a.node);
	list_remove(&a.node);
	list_push_back(&head, &a.node);
	list_remove(&a.node);
	list_remove(&a.node);
	assert_true(list_is_empty(&a.node));
	expect_names(&head, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order_of_pushes),
		cmocka_unit_test(removes_from_anywhere),
		cmocka_unit_test(removing_an_unlinked_node_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
