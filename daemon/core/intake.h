#ifndef CORE_INTAKE_H
#define CORE_INTAKE_H

/*
 * From a folder below approved/ to a briefing in the store.
 *
 * intake_read runs in an errand: it reads a hostile folder, hashes the
 * documents, copies them into the store's documents/ (by content: a second
 * copy is the same file) and answers with JSON. intake_take runs in the loop
 * and commits what the errand found. Both may be run again at any point.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct db;
struct err;

/*
 * Names, kinds, sizes and times of all files in the folder as one short text;
 * what hides (a name that starts with ".") or is on its way (ends in ~ .part
 * .tmp .crdownload, or starts with ~$) and REJECTED.txt don't count.
 * *ret_is_still: nothing was touched within INTAKE_STILL_SECONDS before now,
 * and no copy on its way within INTAKE_COPY_SECONDS. Two looks with the same
 * stamp mean that nothing changed between them.
 */
#define INTAKE_STILL_SECONDS 2
#define INTAKE_COPY_SECONDS 60
#define INTAKE_MAX_FILES 1000
#define INTAKE_CROWDED "crowded" /* the stamp of a folder with more of them */
#define INTAKE_REJECTED_FILE "REJECTED.txt"
#define INTAKE_UNREADABLE "unreadable" /* of one that may not be read */
bool intake_stamp(const char *folder, int64_t now, struct arena *arena,
		  const char **ret_stamp, bool *ret_is_still, struct err *err);

/* The errand's body. input is what intake_request makes. out gets JSON: either
 * everything that intake_take needs, {"waiting": "summary.md is not there
 * yet"} or {"problems": "briefing.conf:3: ...\n"}. Fails only where the
 * machine does (disk full: nothing is lost, try later). */
bool intake_read(const char *input, size_t size, struct buf *out,
		 struct err *err);
/* The input for it: JSON with the folder, where the store keeps documents, the
 * board's zone and the time. free() it. */
char *intake_request(const char *folder, const char *documents_folder,
		     const char *time_zone, int64_t now);

/* In place of the errand's answer, for a folder that no errand can be sent to:
 * it is rejected with this line. free() it. */
char *intake_refuse(const char *problem);

enum intake_result {
	INTAKE_TAKEN,    /* a new briefing or a new version */
	INTAKE_KNOWN,    /* the same content is there already */
	INTAKE_WAITING,  /* something that the manifest names is missing */
	INTAKE_REJECTED, /* *ret_text has the problems, line by line */
};

/*
 * Within the caller's transaction: the folder's row, the briefing, its version,
 * documents, actions, the event; what was outstanding on the versions before is
 * closed as superseded. *ret_text (arena): ref and version, what it waits for,
 * or the problems.
 *
 * What a briefing is goes by its ref and content, whatever its folder is
 * called. The content of an earlier version is known, and does not come back
 * into force; to bring it back, something in it must change (the approval, for
 * one). What was withdrawn stays withdrawn with the same content, and with
 * changed content unless that was approved anew: on the day of the withdrawal
 * or later, and by another date or minute than before. A ref that another
 * folder brought under another title is rejected: whoever copied a folder kept
 * its ref by mistake.
 */
bool intake_take(struct db *db, const char *folder_name, const char *stamp,
		 const char *answer, size_t size, int64_t default_days,
		 int64_t now, struct arena *arena, enum intake_result *ret,
		 const char **ret_text, struct err *err);

/* Must the folder be read again, its stamp being this? Rows of folders that
 * are gone are dropped by intake_forget (in the caller's transaction); what is
 * rejected is then looked at again, for one may have stood in its way. */
bool intake_is_new(struct db *db, const char *folder_name, const char *stamp,
		   bool *ret, struct err *err);
bool intake_forget(struct db *db, const char *const *present_names,
		   size_t count, struct err *err);

/* REJECTED.txt beside the manifest: what is wrong and how to go on. Removes it
 * when problems is NULL. A folder that can't be written is no failure. */
void intake_tell(const char *folder, const char *problems);

struct intake_folder {
	const char *name, *state, *detail;
	int64_t seen_at;
};
bool intake_load_folders(struct db *db, struct arena *arena,
			 struct intake_folder **ret, size_t *ret_count,
			 struct err *err);

#endif
