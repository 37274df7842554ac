#include "core/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "tools/crypto.h"

static bool is_on_its_way(const char *name)
{
	static const char *const endings[] = {"~", ".part", ".tmp",
					      ".crdownload"};

	if (name[0] == '.' || text_starts(name, "~$"))
		return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (text_ends(name, endings[i]))
			return true;
	return false;
}

/* The change time: it can't be set, and each write moves it on. One in the
 * future (the clock was set back) must not keep a folder waiting. */
static bool was_touched(const struct stat *status, int64_t now, int64_t seconds)
{
	int64_t age = now - status->st_ctim.tv_sec;

	return age > -seconds && age < seconds;
}

/* The files in no order: each is hashed, and the hashes are combined so that
 * the order does not matter. */
static void combine(uint8_t stamp[CRYPTO_SHA256_SIZE], const char *name,
		    const struct stat *status)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char facts[512];

	int size =
	    snprintf(facts, sizeof(facts), "%s/%o/%lld/%lld.%09ld/%llu", name,
		     (unsigned)status->st_mode, (long long)status->st_size,
		     (long long)status->st_ctim.tv_sec, status->st_ctim.tv_nsec,
		     (unsigned long long)status->st_ino);
	crypto_sha256(facts, (size_t)size, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		stamp[i] ^= hash[i];
}

static const char *format(struct arena *arena,
			  const uint8_t stamp[CRYPTO_SHA256_SIZE], int count)
{
	char hex[CRYPTO_SHA256_HEX];

	if (count > INTAKE_MAX_FILES)
		return INTAKE_CROWDED;
	crypto_hex(stamp, CRYPTO_SHA256_SIZE, hex);
	return arena_printf(arena, "%d-%.32s", count, hex);
}

bool intake_stamp(const char *folder, int64_t now, struct arena *arena,
		  const char **ret_stamp, bool *ret_is_still, struct err *err)
{
	uint8_t stamp[CRYPTO_SHA256_SIZE] = {0};
	bool is_still = true;
	int count = 0;
	struct stat status;
	DIR *directory = opendir(folder);

	if (!directory && errno == EACCES) {
		*ret_stamp = INTAKE_UNREADABLE;
		*ret_is_still = true;
		return true;
	}
	if (!directory)
		return err_errno(err, errno == ENOENT ? ERR_GONE : ERR_SYSTEM,
				 "%s", folder);
	for (struct dirent *entry;
	     count <= INTAKE_MAX_FILES && (entry = readdir(directory));) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, INTAKE_REJECTED_FILE) == 0 ||
		    fstatat(dirfd(directory), name, &status,
			    AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_on_its_way(name)) {
			if (was_touched(&status, now, INTAKE_COPY_SECONDS))
				is_still = false;
			continue;
		}
		if (was_touched(&status, now, INTAKE_STILL_SECONDS))
			is_still = false;
		combine(stamp, name, &status);
		count++;
	}
	closedir(directory);
	*ret_stamp = format(arena, stamp, count);
	*ret_is_still = is_still;
	return true;
}
