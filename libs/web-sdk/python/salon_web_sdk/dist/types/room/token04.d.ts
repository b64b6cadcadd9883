/** When a token ends, as it says in clear text; null if it does not have a token's form. Only the server can check it. */
export declare function tokenExpiresAtUnixS(token: unknown): number | null;
