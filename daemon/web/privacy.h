#ifndef WEB_PRIVACY_H
#define WEB_PRIVACY_H

/*
 * BASE/privacy: what is done with personal data, filled from the settings. It
 * is linked from every page and mail.
 */
struct visit;

void privacy_handle(struct visit *visit, const char *rest);

#endif
