#ifndef TOOLS_DB_WAL_H
#define TOOLS_DB_WAL_H

/*
 * Fewer and larger writes to the write-ahead log. SQLite hands each frame over
 * in two pieces, 24 bytes and a page, so that a turn of the daemon with 27
 * pages was 54 system calls. Here such pieces are kept while one continues the
 * other, and handed over together: a commit is one write with all but its last
 * page, one with that, and the sync. Nothing else is changed: not the
 * database's file, not the locks, not what stands in the log.
 *
 * Why nobody can tell, but by the number of writes:
 *
 * Nothing is kept but while this connection holds the log's write lock. What is
 * kept is written before that is given up, else it would later overwrite what
 * another process wrote at that place.
 *
 * Others look for no frame before its transaction is published in the
 * wal-index. The header of a transaction's last frame tells: it has the commit
 * mark (SQLite's file format, 4.1). From that piece on all is written at once,
 * so that nothing is kept when SQLite publishes, whether it syncs before (FULL)
 * or not (NORMAL, db_begin_lazily). A process that is killed loses what was not
 * committed.
 *
 * SQLite sees its own writes: what is kept is written before a read of any of
 * it, before a sync, and before the file's size is asked for or changed. So
 * each sync has before it what it had; of the writes between two, no disk
 * promises an order.
 *
 * A write that fails is told by the call that needed it, at the latest by that
 * of the commit mark. What could not be written stays kept and is tried again
 * by whatever comes next: SQLite may take back one statement only, and what
 * then goes on must not have a hole. Once the transaction is over and the lock
 * given up it is dropped. Part of it may stand in the file by then, but not the
 * commit mark with the page behind it, whose checksum goes on from all frames
 * before: recovery ends sooner, and the next transaction writes over it.
 *
 * Each connection that wrote has DB_WAL_KEPT_MAX bytes for it until it is
 * closed. As with the connection itself: one thread, and no use of it behind a
 * fork.
 *
 * Part of tools/db.
 */

/* SQLite writes at most 131,071 bytes at once: it cuts a size off at 17 bits,
 * and takes what is left of 131,072 for a full disk. */
#define DB_WAL_KEPT_MAX (124 * 1024)

/* What sqlite3_open_v2 is told as the VFS's name. Makes it known to SQLite,
 * which it starts if need be; the default stays what it was. */
const char *db_wal_vfs(void);

#endif
