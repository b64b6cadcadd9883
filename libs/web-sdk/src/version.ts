/** Existing pages compare versions as strings with "2.17.0", so the first character has to stay a 3. */
export const VERSION = "3.12.0-salon.1";
