#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * One line per event on standard error, lower case, event first, facts after:
 * "refused delivery=81 list=police code=550". Only the roof calls these.
 * Under systemd (JOURNAL_STREAM is set) each line starts with sd-daemon(3)'s
 * "<level>". No address, name, token or password at the default level.
 * Any thread: a line is one write.
 */
enum log_level {
	LOG_LEVEL_ERROR = 3,   /* someone must act */
	LOG_LEVEL_WARNING = 4, /* we coped */
	LOG_LEVEL_NOTICE = 5,  /* lifecycle */
	LOG_LEVEL_INFO = 6,    /* work done */
	LOG_LEVEL_DEBUG = 7,
};

/* lines above this level are not written; LOG_LEVEL_INFO unless set */
void log_set_level(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
