const FORM = /^04[0-9A-Za-z+/]+={0,2}$/;
/** Expiry, length of the initialization vector, the vector, length of the ciphertext, the ciphertext. */
const EXPIRY_BYTES = 8;
const LENGTH_BYTES = 2;
const VECTOR_LENGTHS: readonly number[] = [12, 16];

function bigEndian(bytes: string, offset: number, count: number): number {
  let value = 0;
  for (let index = offset; index < offset + count; index += 1) value = value * 256 + bytes.charCodeAt(index);
  return value;
}

/** When a token ends, as it says in clear text; null if it does not have a token's form. Only the server can check it. */
export function tokenExpiresAtUnixS(token: unknown): number | null {
  if (typeof token !== "string" || !FORM.test(token)) return null;
  let bytes: string;
  try {
    bytes = atob(token.slice(2));
  } catch {
    return null;
  }
  const vectorBytes = bigEndian(bytes, EXPIRY_BYTES, LENGTH_BYTES);
  const head = EXPIRY_BYTES + 2 * LENGTH_BYTES + vectorBytes;
  const left = bytes.length - head - bigEndian(bytes, head - LENGTH_BYTES, LENGTH_BYTES);
  // The mode's byte may be absent.
  if (!VECTOR_LENGTHS.includes(vectorBytes) || (left !== 0 && left !== 1)) return null;
  const expiresAt = bigEndian(bytes, 0, EXPIRY_BYTES);
  return Number.isSafeInteger(expiresAt) && expiresAt > 0 ? expiresAt : null;
}
