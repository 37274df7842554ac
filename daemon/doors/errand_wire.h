#ifndef DOORS_ERRAND_WIRE_H
#define DOORS_ERRAND_WIRE_H

/*
 * What the two sides of an errand say to each other. Both are the same program,
 * so plain structs will do. Only doors/errand and doors/errand_child use this.
 *
 * Descriptor 4 (a sealed memory file): struct errand_order, then the input.
 * Descriptor 3 (a socket): struct errand_frame, then the payload. A frame with
 * its whole payload is the end, however the process ends after it.
 */
#include <stdint.h>

#define ERRAND_SOCKET 3
#define ERRAND_INPUT 4
#define ERRAND_OUTPUT_CEILING (1024 * 1024)

struct errand_order {
	int32_t parent; /* pid: the child ends if it has another parent */
	int32_t cpu_s, files;
	uint64_t memory, file_size; /* bytes */
	uint64_t size;              /* bytes of the input */
};

struct errand_frame {
	char sign;    /* '+' output, '-' what went wrong */
	char size[8]; /* of the payload, most significant byte first */
};

#define ERRAND_FRAME_SIZE 9

#endif
