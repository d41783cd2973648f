/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "base/heap.h"

#define NODES 200

/* Each node knows its place, and no child is before its parent. */
static void
check(const struct heap *h)
{
	assert_true(h->count <= h->cap);
	for (size_t i = 0; i < h->count; i++) {
		assert_int_equal(h->nodes[i]->at, i);
		if (i > 0)
			assert_true(
			    h->nodes[(i - 1) / 2]->key <= h->nodes[i]->key);
	}
}

/* A small generator, the same on every machine. */
static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
gives_the_nodes_back_in_order(void **state)
{
	struct heap_node nodes[NODES];
	struct heap h;
	uint32_t seed = 1;
	int64_t last = INT64_MIN;

	(void)state;
	heap_init(&h);
	assert_null(heap_peek(&h));
	for (size_t i = 0; i < NODES; i++) {
		heap_node_init(&nodes[i]);
		assert_false(heap_has(&nodes[i]));
		assert_false(err_is(heap_add(
		    &h, &nodes[i], (int64_t)(next_random(&seed) % 50) - 25)));
		assert_true(heap_has(&nodes[i]));
		check(&h);
	}
	for (size_t i = 0; i < NODES; i++) {
		struct heap_node *least = heap_peek(&h);

		assert_non_null(least);
		assert_true(least->key >= last);
		last = least->key;
		heap_remove(&h, least);
		assert_false(heap_has(least));
		check(&h);
	}
	assert_null(heap_peek(&h));
	heap_fini(&h);
}

static void
stays_a_heap_whatever_is_done_to_it(void **state)
{
	struct heap_node nodes[NODES];
	struct heap h;
	uint32_t seed = 7;
	size_t inside = 0;

	(void)state;
	heap_init(&h);
	for (size_t i = 0; i < NODES; i++)
		heap_node_init(&nodes[i]);
	for (int step = 0; step < 20000; step++) {
		struct heap_node *node = &nodes[next_random(&seed) % NODES];
		int64_t key = (int64_t)(next_random(&seed) % 1000);

		if (!heap_has(node)) {
			assert_false(err_is(heap_add(&h, node, key)));
			inside++;
		} else if (key % 3 == 0) {
			heap_remove(&h, node);
			inside--;
		} else {
			heap_move(&h, node, key);
			assert_true(node->key == key);
		}
		assert_int_equal(h.count, inside);
		check(&h);
	}
	heap_fini(&h);
}

static void
takes_the_extreme_keys(void **state)
{
	struct heap_node nodes[3];
	struct heap h;

	(void)state;
	heap_init(&h);
	for (size_t i = 0; i < 3; i++)
		heap_node_init(&nodes[i]);
	assert_false(err_is(heap_add(&h, &nodes[0], INT64_MAX)));
	assert_false(err_is(heap_add(&h, &nodes[1], 0)));
	assert_false(err_is(heap_add(&h, &nodes[2], INT64_MIN)));
	assert_ptr_equal(heap_peek(&h), &nodes[2]);
	heap_move(&h, &nodes[2], INT64_MAX);
	assert_ptr_equal(heap_peek(&h), &nodes[1]);
	heap_fini(&h);
}

static void
removing_a_node_outside_does_no_harm(void **state)
{
	struct heap_node node;
	struct heap h;

	(void)state;
	heap_init(&h);
	heap_node_init(&node);
	heap_remove(&h, &node);
	assert_false(err_is(heap_add(&h, &node, 1)));
	heap_remove(&h, &node);
	heap_remove(&h, &node);
	assert_int_equal(h.count, 0);
	heap_fini(&h);
}

static void
reserved_room_cannot_be_refused(void **state)
{
	struct heap_node nodes[NODES];
	struct heap h;

	(void)state;
	heap_init(&h);
	assert_false(err_is(heap_reserve(&h, NODES)));
	refuse_begin(1);
	for (size_t i = 0; i < NODES; i++) {
		heap_node_init(&nodes[i]);
		assert_false(err_is(heap_add(&h, &nodes[i], (int64_t)i)));
	}
	assert_false(err_is(heap_reserve(&h, 1)));
	assert_false(refuse_end());
	heap_fini(&h);
}

static void
stays_as_it_was_when_memory_is_refused(void **state)
{
	struct heap_node nodes[NODES];
	struct heap h;
	size_t refused = 0;

	(void)state;
	heap_init(&h);
	for (size_t i = 0; i < NODES; i++) {
		heap_node_init(&nodes[i]);
		refuse_begin(1);
		if (err_is(heap_add(&h, &nodes[i], -(int64_t)i))) {
			assert_true(refuse_end());
			assert_false(heap_has(&nodes[i]));
			assert_int_equal(h.count, i);
			check(&h);
			refused++;
			assert_false(
			    err_is(heap_add(&h, &nodes[i], -(int64_t)i)));
		}
		(void)refuse_end();
	}
	assert_true(refused > 1);
	heap_fini(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_nodes_back_in_order),
		cmocka_unit_test(stays_a_heap_whatever_is_done_to_it),
		cmocka_unit_test(takes_the_extreme_keys),
		cmocka_unit_test(removing_a_node_outside_does_no_harm),
		cmocka_unit_test(reserved_room_cannot_be_refused),
		cmocka_unit_test(stays_as_it_was_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
