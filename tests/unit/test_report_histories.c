#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/briefing.h"
#include "core/disown.h"
#include "core/report.h"
#include "store.h"

#include "scene.h"

/*
 * Invariant 7 over random histories. A model that knows nothing of SQL moves
 * each requirement from state to state as things happen; the report must say
 * the same at random moments of the history, and say it again, to the letter,
 * when it is asked at the end for a report as of that moment.
 */

#define HISTORIES 500 /* a sample; soak runs many more */
#define PEOPLE_MAX 24
#define VERSIONS 3 /* LTB-1 in two versions, LTB-2 */
#define AGENCIES 3
#define DUTIES_MAX (PEOPLE_MAX * VERSIONS)
#define SNAPSHOTS_MAX 6
#define STEPS 80

enum duty_state { OUTSTANDING, IN_TIME, LATE, MISSED, EXEMPT, CLOSED };

/* one that a relay took, refused or gave back */
struct mail {
	int delivery;
	int64_t accepted_at; /* 0: it did not arrive */
};

struct duty {
	int version, person, agency, delivery;
	struct mail mails[STEPS];
	int mail_count;
	int64_t required_at, due_at, closes_at;
	enum duty_state state;
	bool is_flagged, is_failed;
	int sheet;        /* that they stand on; 0: none */
	bool is_unmailed; /* nobody misses what was never mailed */
	bool has_missed;  /* before it was confirmed */
	int64_t accepted_at, confirmed_at, disowned_at; /* 0: not */
};

struct history {
	struct store *store;
	uint64_t seed;
	int64_t now;
	struct duty duties[DUTIES_MAX];
	int duty_count, person_count, delivery_count, letter_count;
	int sheet_count;
	bool is_withdrawn[VERSIONS], is_superseded[VERSIONS];
	int64_t closed_at[VERSIONS]; /* the first of the two; 0: open */
	struct {
		struct report_filter filter;
		char *json;
	} snapshots[SNAPSHOTS_MAX];
	int snapshot_count;
};

static const char *const agencies[AGENCIES] = {"health", "police", "school"};
static const char *const refs[VERSIONS] = {"LTB-1", "LTB-1", "LTB-2"};
static const int numbers[VERSIONS] = {1, 2, 1};

/* xorshift64*: the seed in a failure's message brings the history back */
static uint64_t roll(struct history *history, uint64_t sides)
{
	uint64_t x = history->seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	history->seed = x;
	return (x * 2685821657736338717u >> 33) % sides;
}

/* --- what happens, in the model and in the store --- */

/* a mail with that version, at first on its way */
static int send_mail(struct history *history, int version, int person)
{
	char ids[16];
	int letter = ++history->letter_count;
	int delivery = ++history->delivery_count;

	snprintf(ids, sizeof(ids), "%d", version + 1);
	scene_letter(history->store, letter, 1, "live", ids);
	scene_delivery(history->store, delivery, person + 1, letter, "live",
		       history->now, 0);
	return delivery;
}

static bool has_duty(const struct history *history, int version, int person)
{
	for (int i = 0; i < history->duty_count; i++)
		if (history->duties[i].version == version &&
		    history->duties[i].person == person)
			return true;
	return false;
}

static void require(struct history *history)
{
	int version = (int)roll(history, VERSIONS);
	int person = (int)roll(history, (uint64_t)history->person_count);

	/* version 2 of LTB-1 is there once it superseded version 1 */
	if (history->is_superseded[0] && version == 0)
		version = 1;
	if ((!history->is_superseded[0] && version == 1) ||
	    history->is_withdrawn[version] ||
	    has_duty(history, version, person))
		return;
	struct duty *duty = &history->duties[history->duty_count++];
	*duty = (struct duty){
	    .version = version,
	    .person = person,
	    .agency = (int)roll(history, AGENCIES),
	    .delivery = send_mail(history, version, person),
	    .required_at = history->now,
	    .due_at = history->now + 14 * SCENE_DAY,
	    .closes_at = history->now + 40 * SCENE_DAY,
	};
	scene_requirement(history->store, version + 1, person + 1, 1,
			  agencies[duty->agency], duty->delivery,
			  duty->required_at, duty->due_at, duty->closes_at);
}

/* Reach begins with the first mail that did not come back; failed is who has
 * none, though one was tried. */
static void judge_mails(struct duty *duty)
{
	duty->accepted_at = 0;
	for (int i = 0; i < duty->mail_count; i++) {
		int64_t at = duty->mails[i].accepted_at;

		if (at && (!duty->accepted_at || at < duty->accepted_at))
			duty->accepted_at = at;
	}
	duty->is_failed = duty->mail_count > 0 && !duty->accepted_at;
}

/* The relay takes or refuses the mail, or a reminder of it; or it is not sent,
 * for mail to that address came back. */
static void end_mail(struct history *history, struct duty *duty)
{
	static const char *const ends[] = {
	    "'accepted'", "'accepted'", "'accepted'", "'refused'",
	    "'cancelled', detail = 'suppressed'"};
	uint64_t how = roll(history, 5);
	int delivery = duty->delivery;

	if (duty->mail_count == 0)
		duty->is_unmailed = how == 4;
	else
		delivery = send_mail(history, duty->version, duty->person);
	scene_do(history->store,
		 "UPDATE delivery SET state = %s, ended_at = %lld "
		 "WHERE id = %d",
		 ends[how], (long long)history->now, delivery);
	duty->mails[duty->mail_count++] =
	    (struct mail){delivery, how < 3 ? history->now : 0};
	judge_mails(duty);
}

/* what was accepted comes back, and never was in reach from then on */
static void come_back(struct history *history, struct duty *duty)
{
	if (duty->mail_count == 0)
		return;
	struct mail *mail =
	    &duty->mails[roll(history, (uint64_t)duty->mail_count)];
	if (!mail->accepted_at)
		return;
	scene_do(history->store,
		 "UPDATE delivery SET state = 'bounced', bounced_at = %lld "
		 "WHERE id = %d",
		 (long long)history->now, mail->delivery);
	mail->accepted_at = 0;
	judge_mails(duty);
}

static void confirm(struct history *history, struct duty *duty)
{
	const struct acknowledgement_tick tick = {.version_id =
						      duty->version + 1};
	bool counts = (duty->state == OUTSTANDING || duty->state == MISSED) &&
		      !duty->is_flagged &&
		      !history->is_withdrawn[duty->version] &&
		      !history->is_superseded[duty->version] &&
		      (!duty->disowned_at || history->now - duty->disowned_at >=
						 ACKNOWLEDGEMENT_FORM_SECONDS);
	int recorded;

	store_check(history->store,
		    acknowledgement_record(history->store->db, duty->delivery,
					   &tick, 1, NULL, history->now,
					   history->store->arena, &recorded,
					   &history->store->err));
	assert_int_equal(recorded, counts);
	if (!counts)
		return;
	duty->has_missed = duty->state == MISSED;
	duty->state = history->now <= duty->due_at ? IN_TIME : LATE;
	duty->confirmed_at = history->now;
}

/* half of the people are on a list, so that the others count as gone */
static bool is_member(int person)
{
	return person % 2 == 0;
}

/* from now on not asked of them, which only counts before the deadline */
static void count_off(const struct history *history, struct duty *duty,
		      enum duty_state state)
{
	if (history->now <= duty->due_at)
		duty->state = state;
	else
		duty->is_flagged = true;
}

/* Where a duty is that was never confirmed. */
static void stand_again(struct history *history, struct duty *duty)
{
	int64_t closed_at = history->closed_at[duty->version];
	bool would_miss = duty->closes_at <= history->now && !duty->is_unmailed;

	duty->confirmed_at = 0;
	duty->disowned_at = history->now;
	duty->state = OUTSTANDING;
	if (duty->has_missed)
		duty->state = MISSED;
	else if (closed_at && (closed_at <= duty->closes_at || !would_miss))
		duty->state = CLOSED;
	else if (!closed_at && !is_member(duty->person))
		count_off(history, duty, CLOSED);
	if (duty->state == OUTSTANDING && would_miss)
		duty->state = MISSED;
}

static const char *receipt_of(const struct history *history,
			      const struct duty *duty, struct arena *arena)
{
	struct acknowledgement_page *page;

	store_check(history->store,
		    acknowledgement_load(history->store->db, NULL,
					 duty->delivery, 180, arena, &page,
					 &history->store->err));
	assert_int_equal(page->items[0].state, ACKNOWLEDGEMENT_RECORDED);
	return page->items[0].receipt;
}

static void disown(struct history *history, struct duty *duty)
{
	struct arena *arena = arena_new();
	struct store *store = history->store;
	struct disown *disown;

	if (duty->state == IN_TIME || duty->state == LATE) {
		store_check(store, disown_load(store->db, duty->delivery,
					       duty->version + 1,
					       receipt_of(history, duty, arena),
					       history->now, arena, &disown,
					       &store->err));
		assert_non_null(disown);
		store_check(store, disown_end(store->db, disown, history->now,
					      arena, &store->err));
		stand_again(history, duty);
	}
	arena_free(arena);
}

/* They signed a sheet, or it was wrong: which changes nobody's state. */
static void attest(struct history *history, struct duty *duty)
{
	if (duty->sheet) {
		scene_do(history->store,
			 "UPDATE attestation SET undone_at = %lld,"
			 " undone_event_id = 1 WHERE sheet_id = %d",
			 (long long)history->now, duty->sheet);
		duty->sheet = 0;
		return;
	}
	duty->sheet = ++history->sheet_count;
	scene_do(history->store,
		 "INSERT OR IGNORE INTO event VALUES (1, 'k', 0, 0, 'a', '{}');"
		 "INSERT INTO sheet VALUES (%d, %d, 'a', 1, 5,"
		 " 'application/pdf', 9, %lld, 1);"
		 "INSERT INTO attestation (sheet_id, requirement_id,"
		 " attested_at, event_id) SELECT %d, id, %lld, 1 FROM"
		 " requirement WHERE version_id = %d AND person_id = %d",
		 duty->sheet, duty->version + 1, (long long)history->now,
		 duty->sheet, (long long)history->now, duty->version + 1,
		 duty->person + 1);
}

/* leaving or an exemption */
static void let_off(struct history *history, struct duty *duty,
		    const char *closed_as, enum duty_state state)
{
	if ((duty->state != OUTSTANDING && duty->state != MISSED) ||
	    duty->is_flagged)
		return;
	scene_do(history->store,
		 "UPDATE requirement SET closed_at = %lld, closed_as = '%s' "
		 "WHERE version_id = %d AND person_id = %d",
		 (long long)history->now, closed_as, duty->version + 1,
		 duty->person + 1);
	count_off(history, duty, state);
}

/* the duties on one version */
static void close_duties(struct history *history, int version)
{
	if (!history->closed_at[version])
		history->closed_at[version] = history->now;
	for (int i = 0; i < history->duty_count; i++) {
		struct duty *duty = &history->duties[i];

		if (duty->version == version && duty->state == OUTSTANDING &&
		    !duty->is_flagged)
			duty->state = CLOSED;
	}
}

static void close_versions(struct history *history, const char *ref,
			   const char *closed_as)
{
	store_check(history->store,
		    briefing_close_versions(
			history->store->db, strcmp(ref, "LTB-1") == 0 ? 1 : 2,
			closed_as, history->now, &history->store->err));
}

static void withdraw(struct history *history)
{
	int version = roll(history, 2) ? 2 : (int)roll(history, 2);

	for (int i = 0; i < VERSIONS; i++) {
		if (strcmp(refs[i], refs[version]) != 0)
			continue;
		history->is_withdrawn[i] = true;
		close_duties(history, i);
	}
	close_versions(history, refs[version], "withdrawn");
	scene_do(history->store,
		 "UPDATE briefing SET withdrawn_at = %lld, "
		 "withdrawn_reason = 'x' WHERE ref = '%s'",
		 (long long)history->now, refs[version]);
}

static void supersede(struct history *history)
{
	if (history->is_superseded[0] || history->is_withdrawn[0])
		return;
	close_versions(history, "LTB-1", "superseded");
	scene_version(history->store, 2, "LTB-1", 2, "OFFICIAL");
	history->is_superseded[0] = true;
	close_duties(history, 0);
}

static void close_windows(struct history *history)
{
	int count, expected = 0;
	bool more;

	for (int i = 0; i < history->duty_count; i++) {
		struct duty *duty = &history->duties[i];

		if (duty->state == OUTSTANDING && !duty->is_unmailed &&
		    duty->closes_at <= history->now) {
			duty->state = MISSED;
			expected++;
		}
	}
	store_check(history->store,
		    acknowledgement_close_windows(
			history->store->db, history->now, DUTIES_MAX, &count,
			&more, &history->store->err));
	assert_int_equal(count, expected);
}

/* --- what the report must say --- */

static bool is_in(const struct duty *duty, const struct report_filter *filter)
{
	return (!filter->ref ||
		strcmp(refs[duty->version], filter->ref) == 0) &&
	       duty->required_at >= filter->from_at &&
	       (!filter->to_at || duty->required_at < filter->to_at);
}

static int compare_doubles(const void *left, const void *right)
{
	double l, r;

	memcpy(&l, left, sizeof(l));
	memcpy(&r, right, sizeof(r));
	return (l > r) - (l < r);
}

static double median(double *days, size_t count)
{
	if (count == 0)
		return -1;
	qsort(days, count, sizeof(*days), compare_doubles);
	return (days[(count - 1) / 2] + days[count / 2]) / 2;
}

/* those of a version (-1: all) and an agency (-1: all, AGENCIES: the small) */
static struct report_figures expect(const struct history *history,
				    const struct report_filter *filter,
				    int version, int agency,
				    const bool *is_small)
{
	struct report_figures sum = {0};
	double days[DUTIES_MAX];
	size_t day_count = 0;

	for (int i = 0; i < history->duty_count; i++) {
		const struct duty *duty = &history->duties[i];

		if (!is_in(duty, filter) ||
		    (version >= 0 && duty->version != version) ||
		    (agency >= 0 && agency < AGENCIES &&
		     duty->agency != agency) ||
		    (agency == AGENCIES && !is_small[duty->agency]))
			continue;
		sum.required++;
		sum.accepted += duty->accepted_at > 0;
		sum.failed += duty->is_failed;
		sum.in_time += duty->state == IN_TIME;
		sum.late += duty->state == LATE;
		sum.outstanding += duty->state == OUTSTANDING;
		sum.overdue +=
		    duty->state == OUTSTANDING && duty->due_at < filter->as_of;
		sum.missed += duty->state == MISSED;
		sum.exempt += duty->state == EXEMPT;
		sum.closed += duty->state == CLOSED;
		sum.flagged += duty->is_flagged;
		sum.attested += duty->sheet && duty->state != IN_TIME &&
				duty->state != LATE;
		/* a link may be used before its mail is known to be accepted */
		if (duty->accepted_at &&
		    duty->confirmed_at >= duty->accepted_at)
			days[day_count++] =
			    (double)(duty->confirmed_at - duty->accepted_at) /
			    SCENE_DAY;
	}
	sum.acknowledged = sum.in_time + sum.late;
	sum.median_days = median(days, day_count);
	return sum;
}

#define PAIR(figure) (int)is->figure, (int)wanted->figure

static void check_figures(const struct report_figures *is,
			  const struct report_figures *wanted, const char *of)
{
	double median_error = is->median_days - wanted->median_days;

	if (is->required != is->acknowledged + is->outstanding + is->missed +
				is->exempt + is->closed)
		fail_msg("%s: the states do not sum up", of);
	if (is->required != wanted->required ||
	    is->accepted != wanted->accepted || is->failed != wanted->failed ||
	    is->in_time != wanted->in_time || is->late != wanted->late ||
	    is->outstanding != wanted->outstanding ||
	    is->overdue != wanted->overdue || is->missed != wanted->missed ||
	    is->exempt != wanted->exempt || is->closed != wanted->closed ||
	    is->flagged != wanted->flagged ||
	    is->attested != wanted->attested || median_error > 1e-6 ||
	    median_error < -1e-6)
		fail_msg("%s: report and model say required %d %d, accepted "
			 "%d %d, failed %d %d, in time %d %d, late %d %d, "
			 "outstanding %d %d, overdue %d %d, missed %d %d, "
			 "exempt %d %d, closed %d %d, flagged %d %d, "
			 "attested %d %d, median %f %f",
			 of, PAIR(required), PAIR(accepted), PAIR(failed),
			 PAIR(in_time), PAIR(late), PAIR(outstanding),
			 PAIR(overdue), PAIR(missed), PAIR(exempt),
			 PAIR(closed), PAIR(flagged), PAIR(attested),
			 is->median_days, wanted->median_days);
}

static int find_agency(const char *name)
{
	for (int i = 0; i < AGENCIES; i++)
		if (strcmp(agencies[i], name) == 0)
			return i;
	assert_string_equal(name, REPORT_SMALL_AGENCIES);
	return AGENCIES;
}

static void check_briefing(const struct history *history,
			   const struct report_filter *filter,
			   const struct report_briefing *briefing)
{
	bool is_small[AGENCIES];
	struct report_figures wanted;
	int64_t required = 0;
	int version = 0;

	while (strcmp(refs[version], briefing->ref) != 0 ||
	       numbers[version] != briefing->version)
		assert_true(++version < VERSIONS);
	wanted = expect(history, filter, version, -1, NULL);
	check_figures(&briefing->total, &wanted, "a briefing");
	for (int i = 0; i < AGENCIES; i++) {
		wanted = expect(history, filter, version, i, NULL);
		is_small[i] = wanted.required < 5;
	}
	for (size_t i = 0; i < briefing->row_count; i++) {
		const struct report_row *row = &briefing->rows[i];
		int agency = find_agency(row->agency);

		assert_true(agency == AGENCIES || !is_small[agency]);
		wanted = expect(history, filter, version, agency, is_small);
		check_figures(&row->figures, &wanted, row->agency);
		required += row->figures.required;
	}
	assert_int_equal(required, briefing->total.required);
}

static struct report *load(struct history *history,
			   const struct report_filter *filter,
			   struct arena *arena)
{
	struct report *report;

	store_check(history->store,
		    report_load(history->store->db, filter, arena, &report,
				&history->store->err));
	return report;
}

static struct report_filter roll_filter(struct history *history)
{
	struct report_filter filter = {.as_of = history->now};

	if (roll(history, 3) == 0)
		filter.ref = roll(history, 2) ? "LTB-1" : "LTB-2";
	if (roll(history, 3) == 0)
		filter.from_at =
		    history->now - (int64_t)roll(history, 40) * SCENE_DAY;
	if (roll(history, 3) == 0)
		filter.to_at =
		    history->now - (int64_t)roll(history, 20) * SCENE_DAY;
	return filter;
}

static void look(struct history *history)
{
	struct report_filter filter = roll_filter(history);
	struct arena *arena = arena_new();
	struct report *report = load(history, &filter, arena);
	struct report_figures wanted = expect(history, &filter, -1, -1, NULL);
	int64_t required = 0;

	check_figures(&report->total, &wanted, "all");
	for (size_t i = 0; i < report->briefing_count; i++) {
		check_briefing(history, &filter, &report->briefings[i]);
		required += report->briefings[i].total.required;
	}
	assert_int_equal(required, report->total.required);
	if (history->snapshot_count < SNAPSHOTS_MAX) {
		int i = history->snapshot_count++;
		history->snapshots[i].filter = filter;
		history->snapshots[i].json = report_format_json(report);
	}
	arena_free(arena);
	/* what happens later in the same second would count as of it, too */
	history->now++;
}

/* What was said of a moment is said of it for ever. */
static void look_back(struct history *history)
{
	for (int i = 0; i < history->snapshot_count; i++) {
		struct arena *arena = arena_new();
		char *json = report_format_json(
		    load(history, &history->snapshots[i].filter, arena));

		assert_string_equal(json, history->snapshots[i].json);
		free(json);
		free(history->snapshots[i].json);
		arena_free(arena);
	}
}

/* --- a history --- */

/* Time stands still, passes, or arrives at a deadline to the second. */
static void pass_time(struct history *history)
{
	static const int64_t steps[] = {0,    0,         1,
					3600, SCENE_DAY, 3 * SCENE_DAY};
	int64_t next = history->now + steps[roll(history, 6)];

	if (history->duty_count > 0 && roll(history, 6) == 0) {
		const struct duty *duty =
		    &history
			 ->duties[roll(history, (uint64_t)history->duty_count)];
		int64_t end = roll(history, 2) ? duty->due_at : duty->closes_at;
		if (end >= history->now && end < history->now + 9 * SCENE_DAY)
			next = end + (int64_t)roll(history, 2);
	}
	history->now = next;
}

static void step(struct history *history)
{
	struct duty *duty = NULL;

	if (history->duty_count > 0)
		duty =
		    &history
			 ->duties[roll(history, (uint64_t)history->duty_count)];
	uint64_t what = roll(history, 44);
	if (what < 14 || !duty)
		require(history);
	else if (what < 20)
		end_mail(history, duty);
	else if (what < 23)
		come_back(history, duty);
	else if (what < 27)
		confirm(history, duty);
	else if (what < 29)
		disown(history, duty);
	else if (what < 31)
		let_off(history, duty, "left", CLOSED);
	else if (what < 33)
		let_off(history, duty, "exempt", EXEMPT);
	else if (what < 36)
		close_windows(history);
	else if (what == 36 && roll(history, 4) == 0)
		withdraw(history);
	else if (what == 37)
		supersede(history);
	else if (what >= 40)
		attest(history, duty);
	else
		look(history);
}

static void play(struct store *store, uint64_t seed)
{
	struct history history = {
	    .store = store,
	    .seed = seed * 0x9e3779b97f4a7c15u + 1,
	    .now = 1000 * SCENE_DAY,
	};

	store_begin(store);
	history.person_count = 1 + (int)roll(&history, PEOPLE_MAX);
	scene_list(store, 1, "list");
	for (int i = 0; i < history.person_count; i++) {
		scene_person(store, i + 1);
		if (is_member(i))
			scene_do(store,
				 "INSERT INTO member (list_id, person_id, "
				 "row_key, row_hash, is_primary, joined_at, "
				 "status, added_at) VALUES (1, %d, '%d', '', "
				 "0, 0, 'active', 0)",
				 i + 1, i + 1);
	}
	scene_version(store, 1, "LTB-1", 1, "OFFICIAL");
	scene_version(store, 3, "LTB-2", 1, "OFFICIAL");
	for (int i = 0; i < STEPS; i++) {
		pass_time(&history);
		step(&history);
	}
	look(&history);
	look_back(&history);
	db_rollback(store->db);
}

static void f50_states_sum_up_at_any_time(void **state)
{
	const char *wanted = getenv("HISTORIES");
	uint64_t count = wanted ? strtoull(wanted, NULL, 10) : HISTORIES;
	struct store store;

	(void)state;
	store_open(&store);
	for (uint64_t seed = 1; seed <= count; seed++) {
		print_message(seed % 1000 ? "" : "%llu histories\n",
			      (unsigned long long)seed);
		play(&store, seed);
	}
	store_close(&store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f50_states_sum_up_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
