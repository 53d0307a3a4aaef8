import type { OutboxViews } from "../../src/http/development/outbox-views.js";

const mail = {
  subject: "Choose a new password for localhost:8000",
  to: "ada@example.org",
  time: "Nov 28, 2026, 3:33:20 PM UTC",
};

/** The states of the outbox; see `page-samples.ts`. */
export const OUTBOX_STATES: { readonly [V in keyof OutboxViews]: Record<string, OutboxViews[V]> } =
  {
    "development/outbox": {
      none: { mails: [] },
      several: {
        mails: [
          { href: "/development/outbox/1", ...mail },
          {
            href: "/development/outbox/2",
            ...mail,
            subject: "أكِّدوا عنوان بريدكم الإلكتروني لدى localhost:8000",
            to: "a.very.long.name.of.a.person@departments.university.example.org",
          },
        ],
      },
    },
    "development/outbox-mail": {
      first: {
        ...mail,
        outboxUrl: "/development/outbox",
        from: "Example <login@example.com>",
        text: "Choose a new password for localhost:8000\n\nEnter this code where you were asked for it:\n\n    0471 0815\n",
        htmlUrl: "/development/outbox/1/html",
        link: "http://localhost:8000/reset?token=q5wUzV1mJ0sF6xLk2dQe8bTnYh3cRg7aPi4oMu9vEtA",
      },
    },
  };
