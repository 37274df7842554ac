#include <string.h>

#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/asked.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/limit.h"
#include "web/personal.h"
#include "web/visit.h"

/* What a list asks besides the tick: shown, checked, limited. */

#define ANSWER_MAX_SIZE 254 /* shown again */

enum asked answer_asked(const struct personal *personal)
{
	enum asked asked = personal->page->asked;

	/* the pass says that the address was typed, two hours ago at most */
	return asked == ASKED_EMAIL && personal->is_sensitive ? ASKED_TICK
							      : asked;
}

void answer_show(const struct personal *personal, struct view *view,
		 const char *error)
{
	enum asked asked = answer_asked(personal);
	const char *typed = http_form(personal->visit->request, "answer");

	view_flag(view, "asks_code", asked == ASKED_CODE);
	view_flag(view, "asks_email", asked == ASKED_EMAIL);
	view_text(view, "answer_error", error);
	if (error && typed && strlen(typed) <= ANSWER_MAX_SIZE)
		view_text(view, "answer", typed);
}

static const char *find_error(enum asked asked, const char *typed)
{
	if (text_is_empty(typed))
		return asked == ASKED_CODE
			   ? "Type the code that stands at the end of the mail"
			   : "Type the work address that the mail came to";
	return asked == ASKED_CODE
		   ? "This is not the code of this mail. Look again at its end"
		   : "This is not the address that the mail was sent to";
}

bool answer_is_right(const struct personal *personal, const char **ret_error)
{
	struct visit *visit = personal->visit;
	enum asked asked = answer_asked(personal);
	const char *typed = http_form(visit->request, "answer");
	uint64_t who = gate_who(personal);
	int64_t wait_s;

	if (asked == ASKED_TICK)
		return true;
	*ret_error = NULL;
	if (!limit_allows(visit->web->answer_tries, who, visit->now, &wait_s)) {
		gate_tell_wait(visit, asked, wait_s);
		return false;
	}
	if (typed && gate_is_right(personal, asked, typed))
		return true;
	*ret_error = find_error(asked, typed);
	/* nothing typed is no guess */
	if (!text_is_empty(typed))
		limit_count(visit->web->answer_tries, who, visit->now);
	return false;
}
