#ifndef DOORS_ERRAND_H
#define DOORS_ERRAND_H

/*
 * Slow or hostile work in a process of its own: this program, executed again
 * as "PROGRAM --errand NAME", under resource limits and a seccomp filter. The
 * input comes in a sealed memory file (descriptor 4), the output leaves by a
 * socket (descriptor 3). Nothing of the parent's memory or descriptors gets
 * across. The parent's side never blocks; one thread, which must live on (the
 * child dies with it).
 *
 *	struct errand *errand = errand_start(NULL, "parse-bounce", text, size,
 *		&(struct errand_limits){.timeout_ms = 10000}, err);
 *	... errand_fd is readable, or errand_timeout_ms has passed ...
 *	switch (errand_step(errand)) ...
 *	errand_close(errand);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct errand;
struct scratch;

/* 0 takes the number in brackets */
struct errand_limits {
	int timeout_ms;        /* from start to end, by the clock (60 s) */
	int cpu_s;             /* (30) */
	size_t memory;         /* bytes of address space (512 MB) */
	int files;             /* open at once (32) */
	size_t file_size;      /* bytes of any file written (256 MB) */
	size_t output_ceiling; /* bytes of output (1 MB) */
	/* of output that may be large: it lies in a file without a name there
	 * (in memory) */
	const char *scratch_folder;
};

enum errand_state {
	ERRAND_RUNNING,
	ERRAND_DONE,   /* errand_output is whole */
	ERRAND_FAILED, /* errand_error says why */
};

/* program NULL: /proc/self/exe, which also survives an upgrade on the disk. The
 * input is copied. Secrets belong in it: arguments are visible to all. */
struct errand *errand_start(const char *program, const char *name,
			    const void *input, size_t size,
			    const struct errand_limits *limits,
			    struct err *err);

int errand_fd(const struct errand *errand);
int errand_timeout_ms(const struct errand *errand); /* until it is killed */

/* Reads what is there. Once it says done or failed it says so for ever. */
enum errand_state errand_step(struct errand *errand);

/* What the task wrote, with a NUL behind it; valid until errand_close. */
const char *errand_output(const struct errand *errand, size_t *ret_size);
/* The scratch that the output is in, alone, where a folder was named; the
 * caller's, once. */
struct scratch *errand_take_scratch(struct errand *errand);
/* What the task said, or how the process ended ("killed by SIGXCPU"). */
const char *errand_error(const struct errand *errand);

/* Kills it if it still runs, and reaps it. Accepts NULL. */
void errand_close(struct errand *errand);

/* --- the child's side */

enum errand_rights {
	ERRAND_COMPUTE, /* hostile input: memory only, nothing to open */
	ERRAND_FILES,   /* files too; no network */
	ERRAND_NETWORK, /* files and sockets: never hostile parsing */
};

struct errand_task {
	const char *name;
	enum errand_rights rights;
	size_t output_ceiling; /* bytes; 0: 1 MB */
	/* called before the filter closes, without the input: loads what run
	 * can't open; may be NULL */
	void (*prepare)(void);
	int timeout_ms; /* for who starts it; 0: the starter's own */
	/* input has a NUL behind it; false: err goes to the parent */
	bool (*run)(const char *input, size_t size, struct buf *out,
		    struct err *err);
};

/* Called first thing in main for "--errand NAME"; tasks ends with a NULL name.
 * Does not return: it ends the process; the type lets main return it. No right
 * allows to exec, fork or, computing, to map code. */
int errand_child_main(const char *name, const struct errand_task *tasks);

#endif
