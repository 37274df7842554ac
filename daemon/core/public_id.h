#ifndef CORE_PUBLIC_ID_H
#define CORE_PUBLIC_ID_H

/*
 * Random names, for people and receipts: what events may hold, and what tells
 * nobody anything. 100 random bits in Crockford's digits, which a person can
 * read out.
 */
#define PUBLIC_ID_DIGITS 20
#define PUBLIC_ID_SIZE (PUBLIC_ID_DIGITS + 1)

void public_id_make(char ret[PUBLIC_ID_SIZE]);

#endif
