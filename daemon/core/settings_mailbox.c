#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "core/settings.h"
#include "core/settings_part.h"

static const char *find_fault(const struct mailbox_settings *mailbox,
			      const char *oauth_token_url, const char **ret_key)
{
	bool is_imap = strcmp(mailbox->kind, "imap") == 0;
	bool wants_token = strcmp(mailbox->auth, "xoauth2") == 0;
	const struct {
		bool is_wrong;
		const char *key, *why;
	} faults[] = {
	    {strcmp(mailbox->kind, "maildir") == 0 && !*mailbox->path,
	     "mailbox.path", "is needed for a Maildir: its folder"},
	    {is_imap && !*mailbox->host, "mailbox.host",
	     "is needed for kind = \"imap\": the server's name"},
	    {mailbox->host[strspn(mailbox->host, "abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						 "0123456789.-:[]")] != '\0',
	     "mailbox.host",
	     "is no name of a server; write \"imap.example.org\", the port "
	     "apart"},
	    {is_imap && !*mailbox->user, "mailbox.user",
	     "is needed for kind = \"imap\": the name to log in with"},
	    {is_imap && strcmp(mailbox->tls, "none") == 0 &&
		 !settings_is_loopback(mailbox->host),
	     "mailbox.tls", "\"none\" would send the password in clear text"},
	    {is_imap && wants_token && !*oauth_token_url, "mailbox.auth",
	     "\"xoauth2\" needs the group oauth"},
	    {text_has_control(mailbox->folder, strlen(mailbox->folder)),
	     "mailbox.folder", "has a control character"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].is_wrong) {
			*ret_key = faults[i].key;
			return faults[i].why;
		}
	return NULL;
}

#define REPLY_LOCAL_MAX (64 - 30) /* "+" and a token of 29 digits behind it */

const char *settings_find_reply_fault(const struct settings *settings)
{
	if (strcmp(settings->mailbox.kind, "none") == 0)
		return "there is no mailbox that replies could come to: set "
		       "mailbox.kind in briefingd.conf";
	if (settings->mailbox.trusted_host_count == 0)
		return "nobody says who wrote a reply, and so none would "
		       "count: name your mail servers in mailbox.trusted_hosts";
	if (strcspn(settings->mail_bounce, "@") > REPLY_LOCAL_MAX)
		return "mail.bounce has no room for a token of 30 bytes: at "
		       "most 34 may stand before its @";
	return NULL;
}

void settings_mailbox_check(const struct mailbox_settings *mailbox,
			    const char *oauth_token_url,
			    const struct settings_source *source,
			    struct problems *problems)
{
	const char *key = NULL;
	const char *why = find_fault(mailbox, oauth_token_url, &key);

	if (why)
		settings_complain(source, problems, key, why);
}
