/* Codes and phrases: the one place that says what a reason means. */
#include "core/bounce_private.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fold.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DIAGNOSIS_MAX 4096 /* bytes that are looked at */

/* --- RFC 3463's codes, as IANA's registry and the large providers use them.
 * The first that fits; a missing last number stands for any. */

static const struct {
	const char *status; /* without its class */
	enum bounce_class cls;
} statuses[] = {
    {"1.5", BOUNCE_SOFT},   /* the address was good */
    {"1.7", BOUNCE_BLOCK},  /* the sender's address */
    {"1.8", BOUNCE_BLOCK},  /* the sender's domain */
    {"1.9", BOUNCE_SOFT},   /* relayed to what can't tell */
    {"1.90", BOUNCE_BLOCK}, /* Microsoft: our daily limit */
    {"1.", BOUNCE_HARD},    /* no such mailbox, domain; moved; null MX */
    {"2.1", BOUNCE_HARD},   /* disabled */
    {"2.", BOUNCE_SOFT},    /* full, too large, list expansion */
    {"3.", BOUNCE_SOFT},    /* their system: full, size, features */
    {"4.310", BOUNCE_HARD}, /* Microsoft: the domain does not exist */
    {"4.", BOUNCE_SOFT},    /* network, routing, expired */
    {"5.", BOUNCE_SOFT},    /* protocol */
    {"6.", BOUNCE_BLOCK},   /* content */
    {"7.17", BOUNCE_HARD},  /* the mailbox has another owner (RFC 7293) */
    {"7.18", BOUNCE_HARD},  /* the domain has */
    {"7.", BOUNCE_BLOCK},   /* policy */
};

/* SMTP replies that come alone */
static const struct {
	int code;
	enum bounce_class cls;
} codes[] = {
    {521, BOUNCE_BLOCK}, {530, BOUNCE_BLOCK}, {534, BOUNCE_BLOCK},
    {535, BOUNCE_BLOCK}, {538, BOUNCE_BLOCK}, {550, BOUNCE_HARD},
    {551, BOUNCE_HARD},  {552, BOUNCE_SOFT},  {553, BOUNCE_HARD},
    {554, BOUNCE_BLOCK}, {556, BOUNCE_HARD},  {570, BOUNCE_BLOCK},
    {571, BOUNCE_BLOCK},
};

/* --- phrases, in the order in which they are asked for. Folded (base/fold):
 * case and accents do not matter; each begins at the beginning of a word. */

/* Nobody is there, although it sounds like a block. */
static const char nobody[] =
    "domino director|domino-verzeichnis|annuaire domino|directorio domino|"
    "directorio de domino|domino-directory|domino-katalog|diretório domino|"
    "domino ディレクトリ|names.nsf|"
    "5.4.1 all recipient addresses rejected|5.4.1 * recipient addresses|"
    /* Microsoft's edge, which knows its directory */
    "5.4.1 recipient address rejected: access denied|"
    "5.4.1 * recipient address rejected: access denied|"
    "recipient address rejected: access denied. as(|recipnotfound|"
    "resolver.adr.|recipientnotfound|not found by smtp address lookup|"
    "not listed in * directory|not listed in domino|"
    "not listed in public|not listed in * address book|"
    "not listed in * name|this user doesn't have a|account is blocked|"
    "account blocked|account has been blocked|mailbox is blocked|"
    "mailbox blocked|user is blocked|blocked user account|"
    "user account is blocked|mailbox owner has changed";

/* We are not wanted, whatever the code says. */
static const char unwanted[] =
    "spam|antispam|spamhaus|spamcop|spamassassin|sorbs|"
    "barracuda reputation|barracudacentral|blacklist|black list|"
    "blocklist|block list|blocked list|block-list|denylist|deny list|"
    "dnsbl|rbl |rbls|uribl|surbl|blackhole|listed in |listed by |"
    "listed at |listed on |is listed|blocked using|blocked by|"
    "blocked due|blocked for|blocked at|blocked because|blocked from|"
    "blocked, |blocked - see|message blocked|mail blocked|"
    "email blocked|e-mail blocked|message has been blocked|"
    "message was blocked|mail was blocked|message is blocked|"
    "ip blocked|ip address blocked|ip is blocked|ip * blocked|"
    "host * blocked|sender * blocked|domain * blocked|reputation|"
    "senderscore|senderbase|sender score|unsolicited|bulk mail|"
    "bulk email|bulk e-mail|junk|phish|virus|malware|trojan|infected|"
    "worm |dmarc|spf |spf)|spf:|spf=|openspf|dkim|domainkey|"
    "sender policy framework|sender id|reverse dns|reverse lookup|"
    "reverse hostname|reverse host|ptr |rdns|helo |"
    "ehlo command rejected|fcrdns|complaint|abusive|banned|"
    "attachment type|blocked attachment|banned attachment|"
    "illegal attachment|attachments are not|attachment is not|"
    "attachment * not allowed|attachment * blocked|"
    "attachment * prohibited|attachment removed|executable|"
    "file extension|file type|prohibited attachment|content filter|"
    "content-filter|content rejected|content reject|content blocked|"
    "content denied|content scan|content violat|content is not accept|"
    "due to content|due to its content|message content|"
    "because of its content|contents of your message|inappropriate|"
    "profanity|offensive|dangerous|suspicious|suspect|forged|forgery|"
    "spoof|sender address rejected|sender rejected|sender denied|"
    "sender domain|sender address|sender refused|sender not|"
    "sender is not|sender blocked|sender has been|sender verify|"
    "sender's|sender does not|invalid sender|bad sender|unknown sender|"
    "from address|envelope from|envelope sender|domain of sender|"
    "mail from|originating ip|originator|access denied, banned|"
    "relaying denied|relay denied|relaying not|relay not|"
    "relay access denied|unable to relay|not permitted to relay|"
    "not allowed to relay|cannot relay|can't relay|do not relay";
static const char also_unwanted[] =
    "don't relay|not relay|relaying prohibited|relay prohibited|"
    "relaying to|relaying mail|relaying is|open relay|relay operation|"
    "allowed rcpthosts|allowed rcpthost|tenantattribution|"
    "authentication required|authentication is|requires authentication|"
    "require authentication|must authenticate|must be authenticated|"
    "not authenticated|unauthenticated|authentication checks|"
    "authenticate|authentication fail|smtp auth|must issue a starttls|"
    "encryption required|tls required|policy violation|due to policy|"
    "policy reason|local policy|security policy|site policy|"
    "rejected by policy|policy rejection|policy of|message policy|"
    "violates|violation of|content violation|against policy|our "
    "policy|policies|"
    "policy restrict|administrative prohibition|administratively|as(|"
    "high probability|not accept mail from|not accept messages from|"
    "not accept email from|not accepting mail from|accept mail from|"
    "refuse mail from|rejecting mail from|mail from your|your ip|"
    "your mail server|your email server|your network|your host|"
    "your domain|your server|client host|client rejected|unauthorized|"
    "unauthorised|not authorized|not authorised|notauthorized|"
    "authrequired|not allowed to send|not permitted to send|"
    "not allowed to post|permission to send|permission to post|"
    "have permission|resolver.rst|not accepting messages from|"
    "only accepts|only accept|accepts only|messages only from|"
    "message restriction|restricted|restriction|recipient's allowed|"
    "allowed senders|whitelist|white list|white-list|safelist|"
    "challenge|rate limit|ratelimit|rate-limit|throttl|"
    "too many messages|too much mail|sending limit|daily limit|"
    "hourly limit|unusual rate|message rate|too many emails|moderat|"
    "closed list|members only|subscribers|non-member|quarantin|"
    "classified as|identified as|categorized as|message looks|"
    "looks like|is considered|detected as|heuristic|fingerprint|"
    "signature match|blocked by the recipient|message filter|"
    "mail filter|filtered|filter rule|prvs|batv|bounce address tag|"
    "not rfc|rfc 2822|rfc 5322|rfc 822|rfc822 compliant|rfc2822|"
    "rfc5322|550-5.7.1|poor reputation|low reputation|access denied by|"
    "cloudmark|brightmail|csi.cloudmark|trend micro|mailblock|unwanted|"
    "message refused|refused by|will not accept delivery|rejected for policy";

/* Said of an account or of a way, which may be ours, or the server's own;
 * unless a code, the recipient's address or a word says whose. */
static const char of_anyone[] =
    "account disabled|account is disabled|account * disabled|disabled account|"
    "account inactive|account is inactive|account * inactive|"
    "inactive account|account suspended|account is suspended|"
    "account * suspended|suspended account|account closed|account is closed|"
    "account has been closed|closed account|account locked|"
    "account is locked|account expired|account * expired|expired account|"
    "account * terminated|deactivated|de-activated|unrouteable|unroutable|"
    "un-routable|not routable|cannot route to|can't route|host unknown|"
    "unknown host|host not found|host * not found|no such host|"
    "could not be resolved|couldn't be resolved|cannot be resolved|"
    "cannot resolve|unknown domain|domain unknown|domain not found|"
    "domain * not found|domain does not|no such domain";
static const char of_a_mailbox[] = "user|recipient|mailbox|addressee|inbox";

/* Too large. */
static const char too_large[] =
    "message size exceed|size exceed|message too large|message too big|"
    "message is too large|message is too big|message larger|"
    "message is larger|exceeds size|exceeds the size|size limit|"
    "message length exceed|exceeds maximum|exceeds the maximum|"
    "exceeds fixed maximum|maximum message size|maximum size|"
    "maximum allowed|too large|too big|larger than|message exceeds|"
    "exceeds message size|rsmaxsize|message size violation|"
    "message size|file too large|size violation";

/* Full, or busy. */
static const char full[] =
    "at a rate that|too quickly|mailbox full|mailbox is full|mailbox * full "
    "|full mailbox|"
    "mailbox size limit|mailbox limit|over quota|overquota|over-quota|"
    "over the quota|over its quota|over his quota|over disk quota|"
    "over allotted|over the allowed quota|over storage|"
    "over the maximum|exceeded * quota|exceeds * quota|exceed * quota|"
    "quota exceed|quota has been|quota is full|quota full|quota limit|"
    "quotaexceeded|quota violation|quota * exceeded|quota * over|"
    "out of quota|no quota|disk quota|storage quota|mail quota|"
    "user quota|mailbox quota|exceeded storage|exceeded * storage|"
    "storage limit|storage allocation|storage space|"
    "insufficient storage|insufficient disk|insufficient system|"
    "insufficient space|not enough storage|not enough disk|"
    "not enough space|enough disk space|enough space|out of storage|"
    "out of space|disk full|disk is full|no space left|mailbox exceed|"
    "mailbox has exceeded|mailbox * exceeded|inbox is full|inbox full|"
    "inbox * full|folder is full|has run out of|maildir over|"
    "maildir delivery failed: over|user is over|user over|"
    "mailfolder is full|mailfolder full|full inbox|"
    "too many messages on the server|number of messages|"
    "mailbox maximum|over limit|allocation exceed|exceeded the limit|"
    "boîte pleine|boîte * pleine|boîte aux lettres est pleine|"
    "postfach voll|postfach ist voll|postfach * voll|speicherplatz|"
    "casella piena|casella * piena|buzón lleno|buzón * lleno|"
    "casilla llena|cuota|caixa cheia|caixa * cheia|postvak vol|"
    "mailbox vol |mailbox zit vol|postbus vol|skrzynka * pełna|"
    "przepełnion|переполнен|квота|邮箱已满|邮箱空间不足|メールボックス * "
    "一杯|容量オーバー|"
    "용량 초과";

/* There is no such mailbox or domain, or no longer. */
static const char gone[] =
    "user unknown|unknown user|mailboxdisabled|were unknown|was "
    "unknown|unknown "
    "recipient|recipient unknown|"
    "recipient is unknown|user is unknown|unknown mailbox|"
    "unknown local|unknown address|unknown email|unknown account|"
    "unknown or illegal|unknown alias|unknown in |unknown or invalid|"
    "unknown destination|account unknown|address unknown|"
    "addressee unknown|mailbox unknown|unknown to|userunknown|"
    "unknown: user|unknown virtual|unknown name|no such user|"
    "no such mailbox|no such recipient|no such address|no such account|"
    "no such person|no such local|no such email|no such mail|"
    "no such id|no such name|no such alias|no such * here|"
    "no such * exist|no mailbox|no user|no account|no local mailbox|"
    "no local user|no email address|no one by|no recipient|"
    "no matches to nameserver|no match|no longer|user not found|"
    "recipient not found|recipients not found|mailbox not found|"
    "address not found|account not found|user * not found|"
    "recipient * not found|mailbox * not found|address * not found|"
    "account * not found|name not found|entry not found|was not found|"
    "wasn't found|not be found|couldn't be found|isn't found|"
    "is not found|can't be found|does not exist|doesn't exist|"
    "do not exist|don't exist|dosn't exist|doesnt exist|not exist|"
    "nonexistent|non-existent|non existent|non existing|nonexisting|"
    "inexistent|invalid recipient|invalid mailbox|invalid address|"
    "invalid user|invalid account|invalid email|invalid e-mail|"
    "invalid local|invalid domain|invalid destination|"
    "invalid or unknown|recipient invalid|recipient is invalid|"
    "recipient * invalid|address invalid|address is invalid|"
    "addresses were invalid|bad destination|bad recipient|"
    "bad address|bad-address|badrcptto|not a valid|not valid|"
    "isn't valid|no valid|valid recipients|not a known|isn't a known|"
    "not known|not a user|not our customer|not our user|not a local|"
    "no valid host|is not local|not local to|"
    "recipient address rejected: user|"
    "recipient address rejected: unknown|"
    "recipient address rejected: undeliverable|"
    "recipient address rejected: no|undeliverable address|"
    "mailbox unavailable|mailbox is unavailable|mailbox not available|"
    "mailbox disabled|mailbox is disabled|mailbox has been disabled|"
    "mailbox currently disabled|mailbox * disabled|account disabled|"
    "account is disabled|account * disabled|user disabled";
static const char also_gone[] =
    "user is disabled|user * disabled|email disabled|"
    "recipient * disabled|address * disabled|disabled recipient|"
    "disabled user|disabled mailbox|disabled account|account inactive|"
    "account is inactive|account * inactive|mailbox inactive|"
    "mailbox is inactive|inactive user|inactive mailbox|"
    "inactive account|inactive recipient|user is inactive|"
    "user inactive|address is inactive|not active|account suspended|"
    "account is suspended|account * suspended|user suspended|"
    "user is suspended|mailbox suspended|suspended account|"
    "suspended user|account closed|account locked|account is closed|"
    "account is locked|account has been closed|account expired|"
    "account * expired|account * terminated|mailbox closed|"
    "mailbox is closed|closed account|closed mailbox|has been deleted|"
    "been removed|been closed|been terminated|been cancelled|"
    "been canceled|been deactivated|address has changed|"
    "address changed|has moved|discontinued|deactivated|de-activated|"
    "decommissioned|expired account|unrouteable|unroutable|un-routable|"
    "not routable|cannot route to|can't route|unroutable address|"
    "host unknown|unknown host|unknown domain|domain unknown|"
    "domain not found|domain * not found|domain does not|"
    "no such domain|no such host|domain name not found|host not found|"
    "host * not found|find any host|host by that name|"
    "domain is unknown|domain is not|domain isn't|null mx|nullmx|"
    "does not accept mail|doesn't accept mail|does not accept email|"
    "not accept any mail|recipient name is not recog|name is not recog|"
    "not recognized|not recognised|cannot be verified|"
    "could not be verified|unable to find|unable to verify|cannot find|"
    "can not find|can't find|could not find|couldn't find|"
    "unable to locate|unable to look up|could not be resolved|"
    "couldn't be resolved|cannot be resolved|cannot resolve|"
    "illegal alias|illegal user|ambiguous|has no mailbox|has no email|"
    "hasn't got a|doesn't have a mailbox|does not have a mailbox|"
    "does not have an account|doesn't have an account|does not have a|"
    "no longer accepts|left the company|wrong address|wrong recipient|"
    "wrong email|misspelled|mistyped|spelled incorrectly|non-local|"
    "cannot deliver to this user|unrecognised|unrecognized|"
    "address error|recipient rejected: |address lookup fail|"
    "user lookup fail|ldap lookup|nosuchuser|not our domain|"
    "not local domain|not_found|no_such|nobody by|never logged|"
    "mx host does not|mail is not accepted here|accept mail for";
static const char gone_abroad[] =
    "no existe|desconocid|inconnu|n'existe pas|n'existe plus|"
    "introuvable|destinataire refusé|unbekannt|existiert nicht|"
    "nicht gefunden|nicht vorhanden|ungültige|inesistente|sconosciut|"
    "non esiste|non trovat|onbekend|bestaat niet|niet gevonden|"
    "nie istnieje|nieznany|não existe|desconhecid|não encontrad|"
    "endereço inválido|finns inte|hittades inte|okänd|findes ikke|"
    "ukendt|finnes ikke|ukjent|ei löydy|tuntematon|neexistuje|neznám|"
    "nem létezik|ismeretlen|bulunamadı|bilinmeyen|не найден|"
    "не "
    "существует|неизвестн|недействител|存在しません|見つかりません|"
    "ユーザー不明|不存在|"
    "找不到|존재하지|없는 사용자|cyfeiriad anhysbys";

/* It may pass. */
static const char passing[] =
    "protocol violation|greylist|graylist|grey-list|grey list|timed "
    "out|timeout|time out|"
    "time-out|try again|try later|retry|temporar|connection refused|"
    "connection reset|connection dropped|connection closed|"
    "connection fail|connection died|connection lost|connect to |"
    "connecting to|could not connect|cannot connect|unable to connect|"
    "couldn't connect|no route|unreachable|lost connection|deferred|"
    "too many conn|too many concurrent|too many session|resources|"
    "server busy|system busy|is busy|too busy|system error|"
    "internal error|local error|configuration|loop|too many hops|"
    "hop count|hops|expired|delivery time|queue too long|"
    "been in the queue|been on the queue|in queue|too long|name server|"
    "nameserver|name service error|dns error|dns fail|dns quer|"
    "dns lookup|lookup failure|service unavailable|"
    "service not available|service is unavailable|overload|maintenance|"
    "not responding|not respond|no answer|did not answer|"
    "unable to contact|i/o error|software error|server error|"
    "not available|system failure|protocol error|syntax error|"
    "command not|unexpected|cannot open|can't create|cannot append|"
    "certificate|tls handshake|handshake|out of memory|warteschlange|"
    "zeitüberschreitung|délai|tiempo de espera";

/* Only with a 5xx code, and where nothing of the above was said. */
static const char somebody[] =
    "recipient rejected|recipient address rejected|address rejected|"
    "recipient refused|recipient denied|recipient * rejected|"
    "in reply to rcpt|rcpt to|recipient unavailable|user unavailable|"
    "user rejected";
static const char refused[] =
    "end of data|in reply to data|reject|denied|refused|block|policy|"
    "not accepted|not allowed|not permitted|forbidden|filter|"
    "transaction failed|prohibit|security|unacceptable|permission|"
    "content|disallowed|administrative|not acceptable|declined|"
    "unable to accept|not welcome";

static bool is_unwanted(const char *text)
{
	return fold_has(text, unwanted) || fold_has(text, also_unwanted);
}

static bool is_gone(const char *text)
{
	return fold_has(text, gone) || fold_has(text, also_gone) ||
	       fold_has(text, gone_abroad);
}

/* --- codes in a text */

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* "5.1.1": no part of an IP address, a version or a longer number */
static size_t status_size(const char *text, const char *at)
{
	size_t size = 1;

	if (!strchr("245", *at) || !*at ||
	    (at > text && (is_digit(at[-1]) || at[-1] == '.')))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (at[size] != '.')
			return 0;
		size++;
		while (digits < 3 && is_digit(at[size + digits]))
			digits++;
		if (digits == 0 || is_digit(at[size + digits]))
			return 0;
		size += digits;
	}
	if (at[size] == '.' && is_digit(at[size + 1]))
		return 0;
	return size;
}

/* what may stand in front of a reply code */
static bool introduces(const char *text, const char *at)
{
	static const char *const words[] = {
	    "smtp",      "said",     "error",   "code",    "status",
	    "reply",     "response", "with",    "reason",  "failed",
	    "fault",     "returned", "message", "replied", "rejected",
	    "responded", "esmtp",    "dsn",     "fehler",  "server",
	    "host",
	};

	while (at > text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (at == text || strchr("\n:;(<#'\"[,=>|-", at[-1]))
		return true;
	for (size_t i = 0; i < COUNT(words); i++) {
		size_t size = strlen(words[i]);

		if ((size_t)(at - text) >= size &&
		    strncasecmp(at - size, words[i], size) == 0)
			return true;
	}
	return false;
}

static int reply_code(const char *text, const char *at)
{
	static const int known[] = {
	    421, 422, 431, 432, 441, 442, 446, 447, 449, 450, 451, 452,
	    454, 455, 471, 500, 501, 502, 503, 504, 510, 511, 512, 513,
	    521, 523, 530, 534, 535, 538, 541, 550, 551, 552, 553, 554,
	    555, 556, 557, 570, 571, 572, 573, 574, 577, 579};
	int code = 0;

	if (at > text && (is_digit(at[-1]) || at[-1] == '.' || at[-1] == '@'))
		return 0;
	for (int i = 0; i < 3; i++) {
		if (!is_digit(at[i]))
			return 0;
		code = code * 10 + at[i] - '0';
	}
	if (!strchr(" -\t\n:;,.#<)_'\"", at[3]))
		return 0;
	if (at[3] == '.' && is_digit(at[4]))
		return 0;
	bool is_known = false;
	for (size_t i = 0; i < COUNT(known); i++)
		is_known |= known[i] == code;
	const char *next = at + 3 + strspn(at + 3, " -#\t_(");
	return is_known && (status_size(at, next) > 0 || introduces(text, at))
		   ? code
		   : 0;
}

void bounce_find_codes(const char *text, char status[BOUNCE_STATUS_SIZE],
		       int *code)
{
	bool has_status = false, has_code = false;

	for (const char *at = text; *at && !(has_status && has_code); at++) {
		if (!is_digit(*at))
			continue;
		size_t size = has_status ? 0 : status_size(text, at);
		int found = has_code ? 0 : reply_code(text, at);

		if (size > 0 && size < BOUNCE_STATUS_SIZE && *at != '2') {
			memcpy(status, at, size);
			status[size] = '\0';
			has_status = true;
		}
		if (found) {
			*code = found;
			has_code = true;
		}
	}
}

bool bounce_is_vague(const char *status)
{
	return !status[0] || strcmp(status + 1, ".0.0") == 0;
}

/* --- what they mean */

static enum bounce_class class_of_status(const char *status)
{
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const char *known = statuses[i].status;

		if (text_ends(known, ".") ? text_starts(status + 2, known)
					  : strcmp(status + 2, known) == 0)
			return statuses[i].cls;
	}
	return BOUNCE_SOFT;
}

static enum bounce_class class_of_code(int code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].code == code)
			return codes[i].cls;
	return BOUNCE_SOFT;
}

/* Given up after a temporary failure: the mailbox may well be there. */
static bool is_temporary(const char *status, int code)
{
	return code ? code < 500 : status[0] == '4';
}

/* some say much with a number that says nothing, or the wrong thing */
static bool is_telling(const char *status)
{
	static const char *const misused[] = {"5.5.0", "5.3.0", "5.5.4",
					      "5.2.0", "5.5.1", "5.5.2"};

	for (size_t i = 0; i < COUNT(misused); i++)
		if (strcmp(status, misused[i]) == 0)
			return false;
	return !bounce_is_vague(status);
}

/* RFC 3463: there is no such mailbox, or no mail for it any more. */
static bool is_of_mailbox(const char *enhanced)
{
	static const char *const mailbox[] = {"5.1.1", "5.1.2",  "5.1.3",
					      "5.1.6", "5.1.10", "5.2.1"};

	for (size_t i = 0; i < COUNT(mailbox); i++)
		if (strcmp(enhanced, mailbox[i]) == 0)
			return true;
	return false;
}

/* RFC 3463: a rule of somebody's, not that of a mailbox with another owner. */
static bool is_of_policy(const char *status)
{
	return text_starts(status, "5.7.") &&
	       class_of_status(status) == BOUNCE_BLOCK;
}

/* Addresses stand in a folded diagnosis as "@": whose, only the code says. */
static bool may_be_of_us(const char *status, const char *text)
{
	if (is_of_mailbox(status) || !fold_has(text, of_anyone) ||
	    fold_has(text, of_a_mailbox))
		return false;
	return is_of_policy(status) || !strchr(text, '@');
}

enum bounce_class bounce_classify(const char *status, int code,
				  const char *text)
{
	if (is_temporary(status, code)) {
		if (is_unwanted(text) && !fold_has(text, full))
			return BOUNCE_BLOCK;
		return text_starts(status, "4.7.") && !fold_has(text, passing)
			   ? BOUNCE_BLOCK
			   : BOUNCE_SOFT;
	}
	if (fold_has(text, nobody))
		return BOUNCE_HARD;
	if (fold_has(text, too_large))
		return BOUNCE_SOFT;
	if (is_unwanted(text))
		return BOUNCE_BLOCK;
	if (fold_has(text, full))
		return BOUNCE_SOFT;
	if (is_of_policy(status) && may_be_of_us(status, text))
		return BOUNCE_BLOCK;
	if (is_gone(text))
		return BOUNCE_HARD;
	if (is_telling(status))
		return class_of_status(status);
	if (fold_has(text, passing))
		return BOUNCE_SOFT;
	if (status[0] != '5' && code < 500)
		return BOUNCE_SOFT;
	if (fold_has(text, somebody))
		return BOUNCE_HARD;
	if (fold_has(text, refused))
		return BOUNCE_BLOCK;
	if (!bounce_is_vague(status))
		return class_of_status(status);
	return class_of_code(code);
}

bool bounce_tells_failure(const char *text)
{
	return fold_has(text, nobody) || fold_has(text, too_large) ||
	       is_unwanted(text) || fold_has(text, full) || is_gone(text) ||
	       fold_has(text, passing);
}

/* --- what is read of it */

/* a page on the web that is a reason itself */
static bool is_of_list(const char *word, size_t size)
{
	static const char *const lists[] = {"spamhaus", "spamcop", "rbl",
					    "dnsbl",    "sorbs",   "block",
					    "ipcheck",  "listed",  "barracuda"};

	for (size_t i = 0; i < COUNT(lists); i++)
		if (memmem(word, size, lists[i], strlen(lists[i])))
			return true;
	return false;
}

/* Names of hosts and people are no reasons: spamgate.example is a host, and
 * so is what stands behind "host" or "from". An address becomes "@". */
static void add_word(struct buf *out, const char *word, size_t size,
		     bool is_host)
{
	if (memchr(word, '@', size))
		buf_adds(out, "@");
	else if (strncmp(word, "http", 4) == 0 && !is_of_list(word, size))
		buf_adds(out, "http");
	else if (!is_host || !memchr(word, '.', size))
		buf_add(out, word, size);
}

static bool names_host(const char *word, size_t size)
{
	static const char *const before[] = {"host",   "from",   "dns;",
					     "mta",    "server", "by",
					     "remote", "to",     "mta:"};

	for (size_t i = 0; i < COUNT(before); i++)
		if (size == strlen(before[i]) &&
		    memcmp(word, before[i], size) == 0)
			return true;
	return false;
}

const char *bounce_fold_diagnosis(const char *text, struct arena *arena)
{
	struct buf folded, words;
	bool is_host = false;

	buf_init(&folded, DIAGNOSIS_MAX);
	buf_init(&words, DIAGNOSIS_MAX);
	fold_text(&folded, text,
		  text_cut(text, strlen(text), DIAGNOSIS_MAX / 2));
	for (const char *word = folded.data; *word;) {
		size_t size = strcspn(word, " ");

		add_word(&words, word, size, is_host);
		is_host = names_host(word, size);
		word += size;
		if (*word)
			buf_addc(&words, *word++);
	}
	const char *copy = arena_strndup(arena, words.data, words.size);
	buf_done(&folded);
	buf_done(&words);
	return copy;
}

/* --- what is told in the dialogue */

/* What the server that takes all our mail says of us and not of whom one is to:
 * it says it to everyone. */
static const char of_us[] =
    "your account|sending account|sender|your domain|your ip|your server|"
    "your message|your mail|your daily|sending quota|sending limit|"
    "daily sending|sending domain|not verified|you have exceeded|"
    "you are sending|too many messages|no valid recipient|authenticat";

static enum bounce_class classify_reply(int code, const char *enhanced,
					const char *text)
{
	enum bounce_class cls = bounce_classify(enhanced, code, text);
	bool is_of_them = is_of_mailbox(enhanced) || is_gone(text) ||
			  fold_has(text, nobody) || fold_has(text, somebody);

	if (cls == BOUNCE_HARD && may_be_of_us(enhanced, text))
		return BOUNCE_BLOCK;

	/* no way there: it may be the server's own names that fail */
	if (fold_has(text, of_us) || text_starts(enhanced, "5.4.") ||
	    (cls == BOUNCE_HARD && !is_of_them))
		return BOUNCE_BLOCK;
	return cls;
}

enum bounce_class bounce_classify_reply(int code, const char *enhanced,
					const char *text)
{
	struct arena *arena;
	enum bounce_class cls;

	if (code < 400 || code > 599)
		return BOUNCE_NO_CLASS;
	arena = arena_new();
	cls =
	    classify_reply(code, enhanced, bounce_fold_diagnosis(text, arena));
	arena_free(arena);
	return cls;
}
