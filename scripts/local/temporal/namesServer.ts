/** Whether the user names a server to the Temporal CLI, by environment or flag: it comes before the session's. */
export const namesServer = (args: readonly string[], env: NodeJS.ProcessEnv): boolean =>
  Boolean(env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE || env.TEMPORAL_CONFIG_FILE) ||
  args.some((arg) => /^--(address|profile|config-file|env|env-file)(=|$)/.test(arg));
