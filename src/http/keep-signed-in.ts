/** What the box "Keep me signed in" posts as `keep`; nothing comes when it is empty. */
export const KEEP_VALUE = "yes";
