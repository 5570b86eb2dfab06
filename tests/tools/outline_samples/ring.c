/* Licence: MIT */

#include <stddef.h>
#include "ring.h"

#define RING_SIZE 64
#define NEXT(i) (((i) + 1) % RING_SIZE)

/* A ring of bytes. */
typedef struct ring {
    unsigned char bytes[RING_SIZE]; /* what is kept */
    size_t first, count;
    void (*on_full)(struct ring *self, int code);
} Ring;

enum colour { RED, GREEN = 5, BLUE };

struct node {
    struct node *next;
    union { int i; double d; } value;
};

static const char *names[] = {
    "one",
    "two",
};

int ring_put(Ring *ring, unsigned char byte);

#ifdef RING_DEBUG
static void ring_dump(const Ring *ring) { int i; (void)ring; (void)i; }
#endif

/* Puts a byte in.
 * Returns 0, or -1 where it is full. */
int
ring_put(Ring *ring, unsigned char byte)
{
    int local = 1;
    return local;
}
