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
  // Queries.
  /([?&][\w-]{0,40}(?:token|signature|code|key)=)[^\s"'&]{4,}/gi,
  // A JSON Web Token, wherever it stands.
  /()\beyJ[-\w]{8,}\.[-\w]{4,}\.[-\w]*/g,
  // Connection strings, variables, JSON, command lines and headers. Bodies of Azure have names such as adminPassword.
  /((?:(?<![a-z\d])(?:sig|pwd|id[-_]?token)|(?:api|functions|account|shared-?access|primary|secondary|storage|subscription)-?key|password|passwd|passphrase|secret|client-key-data|(?:access|refresh|cluster|sas|session)[-_]?token|client_?assertion)\\?["']?\s{0,4}[=:]\s{0,4}\\?["']?)(?!\[redacted\])[^\s"'\\&;,<>)}\]]{4,}/gi,
  // A value that is called `token` and no more; a plain word behind it is no secret.
  /((?<![a-z\d])token\\?["']?\s{0,4}[=:]\s{0,4}\\?["']?)(?!\[redacted\])[^\s"'\\&;,<>)}\]]{16,}/gi,
  /(\b(?:set-)?cookie:\s{0,4})[^\r\n]{4,}/gi,
  // In JSON its lines end in \\n.
  /(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[\w+/=\s\\]+/g,
  // User and password in an address.
  /(:\/\/)[^\s:/@]{1,200}:[^\s/@]{1,200}(?=@)/g,
];
