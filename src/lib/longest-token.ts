/**
 * 24 h: no access token is issued for longer, whatever the settings were when it was; what must
 * outlast every token (keys that verify it, records that revoke it) lasts so long. ID tokens live for
 * an hour; JARM responses and logout tokens for two minutes; signed answers of introspection and
 * userinfo are used when they arrive.
 */
export const LONGEST_TOKEN_SECONDS = 86_400;
