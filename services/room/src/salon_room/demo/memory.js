// What the page knows of a visitor's last visit.

export function recall(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    // Storage may be switched off; the page works without.
    return "";
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See `recall`.
  }
}
