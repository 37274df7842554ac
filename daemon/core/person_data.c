#include "core/person_data.h"

#include <stddef.h>

const struct person_table person_tables[] = {
    {"person", PERSON_STAYS, PERSON_FIRST, QUERY_ERASE_PERSON},
    {"member", PERSON_GOES, PERSON_FIRST, QUERY_ERASE_MEMBER},
    {"addressee", PERSON_GOES, PERSON_DELIVERIES, QUERY_ERASE_ADDRESSEE},
    {"attempt", PERSON_GOES, PERSON_DELIVERIES, QUERY_ERASE_ATTEMPT},
    {"returned", PERSON_GOES, PERSON_RETURNED, QUERY_ERASE_RETURNED},
    {"event_text", PERSON_GOES, PERSON_EVENTS, QUERY_ERASE_EVENT_TEXT},
    {"member_status", PERSON_GOES, PERSON_LAST, QUERY_ERASE_MEMBER_STATUS},
    {"identity", PERSON_GOES, PERSON_LAST, QUERY_ERASE_IDENTITY},
    {"suppression", PERSON_GOES, PERSON_LAST_ADDRESS, QUERY_ERASE_SUPPRESSION},
    {"forward", PERSON_GOES, PERSON_LAST_ADDRESS, QUERY_ERASE_FORWARD},
    /* the agency's file and the relay may have named them */
    {"list", PERSON_GOES, PERSON_LAST_ADDRESS, QUERY_ERASE_LIST_PROBLEM},
    {"relay", PERSON_GOES, PERSON_LAST_ADDRESS, QUERY_ERASE_RELAY_TROUBLE},
    /* a lead, by the address that they had */
    {"operator", PERSON_GOES, PERSON_LAST_ADDRESS, QUERY_ERASE_LEAD},
    {"sheet_scan", PERSON_GOES, PERSON_SLOWLY, QUERY_ERASE_SCAN},
    /* of notices, by what is in them: core/erase_letter */
    {"letter", PERSON_GOES, PERSON_NEVER, 0},

    {"requirement", PERSON_STAYS, PERSON_NEVER, 0},
    {"beside", PERSON_STAYS, PERSON_NEVER, 0},
    {"disowned", PERSON_STAYS, PERSON_NEVER, 0},
    {"attestation", PERSON_STAYS, PERSON_NEVER, 0},
    {"delivery", PERSON_STAYS, PERSON_NEVER, 0},
    {"event", PERSON_STAYS, PERSON_NEVER, 0},
    {"reminder", PERSON_STAYS, PERSON_NEVER, 0},
    {"withdrawal_told", PERSON_STAYS, PERSON_NEVER, 0},
    {"withheld", PERSON_STAYS, PERSON_NEVER, 0},
    /* a hash of a mail's bytes, with a link in them that nobody can guess */
    {"copy", PERSON_STAYS, PERSON_NEVER, 0},
    /* a keyed hash, made by the erasure */
    {"tombstone", PERSON_STAYS, PERSON_NEVER, 0},

    {"board", PERSON_NOTHING, PERSON_NEVER, 0},
    {"ledger", PERSON_NOTHING, PERSON_NEVER, 0},
    {"ledger_tile", PERSON_NOTHING, PERSON_NEVER, 0},
    {"ledger_key", PERSON_NOTHING, PERSON_NEVER, 0},
    {"checkpoint", PERSON_NOTHING, PERSON_NEVER, 0},
    {"briefing", PERSON_NOTHING, PERSON_NEVER, 0},
    {"version", PERSON_NOTHING, PERSON_NEVER, 0},
    {"document", PERSON_NOTHING, PERSON_NEVER, 0},
    {"team_session", PERSON_NOTHING, PERSON_NEVER, 0},
    {"sheet", PERSON_NOTHING, PERSON_NEVER, 0},
    {"action", PERSON_NOTHING, PERSON_NEVER, 0},
    {"folder", PERSON_NOTHING, PERSON_NEVER, 0},
    {"digest", PERSON_NOTHING, PERSON_NEVER, 0},
    {"letter_version", PERSON_NOTHING, PERSON_NEVER, 0},
    {"notice", PERSON_NOTHING, PERSON_NEVER, 0},
    {"guest", PERSON_NOTHING, PERSON_NEVER, 0},
    {"mailbox", PERSON_NOTHING, PERSON_NEVER, 0},
    {"relay_use", PERSON_NOTHING, PERSON_NEVER, 0},
    /* an address only until it is answered */
    {"request", PERSON_NOTHING, PERSON_NEVER, 0},
    {NULL, PERSON_NOTHING, PERSON_NEVER, 0},
};
