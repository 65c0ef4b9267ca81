/**
 * A text from Azure or a proxy, without what opens something: errors repeat requests, with tokens, keys and signatures in
 * them, and a workflow's history is read by more people than may use those.
 */
export const withoutSecrets = (text: string): string =>
  kinds.reduce((rest, kind) => rest.replace(kind, (_, name: string) => `${name}[redacted]`), text);

/** Each has what names the secret, which stays, in its first group. Bounded or of one class, so that they are linear. */
const kinds: readonly RegExp[] = [
  // Headers: any scheme that carries the secret itself.
  /\b((?:Bearer|Basic|SharedAccessSignature)\s{1,4})[-\w.~+/=%&]{20,}/gi,
  // A function's key.
  /([?&]code=)[^\s"'&]{4,}/gi,
  // A JSON Web Token, wherever it stands.
  /()\beyJ[-\w]{8,}\.[-\w]{4,}\.[-\w]*/g,
  // Queries, connection strings, JSON and command lines.
  /\b((?:sig|api-?key|(?:account|shared-?access|primary|secondary|storage|subscription)-?key|password|passwd|pwd|client_?secret|secret|(?:access|refresh|id|cluster)_?token|client_?assertion)\\?["']?\s{0,4}[=:]\s{0,4}\\?["']?)[^\s"'\\&;,<>)}\]]{4,}/gi,
  // User and password in an address.
  /(:\/\/)[^\s:/@]{1,200}:[^\s/@]{1,200}(?=@)/g,
];
